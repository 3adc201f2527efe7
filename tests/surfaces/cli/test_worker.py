"""The worker's rounds: busy while there is something to do, patient after failures, clean at the end."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.stack import until
from tocsin.surfaces.cli import worker
from tocsin.surfaces.cli.chores import Chore
from tocsin.surfaces.cli.worker import Round, Worker


@contextmanager
def going(chore: Chore) -> Iterator[Round]:
    """The chore's round in a thread, told to stop at the end."""
    stop = threading.Event()
    made = Round(chore, stop)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        yield made
    finally:
        stop.set()
        made.wake.set()
        thread.join(10)
        assert not thread.is_alive()


def test_it_goes_on_at_once_while_there_is_something_to_do() -> None:
    left = [3, 2, 1]
    closed = threading.Event()
    chore = Chore("sweep", 3600.0, lambda: left.pop() if left else 0, close=closed.set)
    with going(chore) as made:
        until(lambda: made.state["done"] == 6, "all of it to be done")
        assert not closed.is_set()
    assert closed.is_set()


def test_a_call_wakes_it_before_its_time() -> None:
    rounds = []
    with going(Chore("sweep", 3600.0, lambda: rounds.append(1) or 0)) as made:
        until(lambda: len(rounds) == 1, "the first round")
        made.wake.set()
        until(lambda: len(rounds) == 2, "the second round")


def test_a_failing_chore_is_noted_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_AFTER_FAILURE_S", (0.01,))
    broken = threading.Event()
    broken.set()

    def sweep() -> int:
        if broken.is_set():
            raise RuntimeError("no broom")
        return 0

    with going(Chore("sweep", 0.01, sweep)) as made:
        until(lambda: made.state["failures"] >= 2, "two failures")
        assert made.state["error"] == "RuntimeError: no broom"
        broken.clear()
        until(lambda: made.state["failures"] == 0, "a success")
        assert made.state["error"] == ""
        assert made.state["finished_at"]


@pytest.mark.django_db(transaction=True)
def test_it_beats_and_is_woken_by_a_commit(tmp_path: Path) -> None:
    from django.db import transaction

    from tocsin.core.outbox.notify import wake_worker

    stop, rounds, beat = threading.Event(), [], tmp_path / "worker.json"
    todo = [Chore("sweep", 3600.0, lambda: rounds.append(1) or 0, on_wake=True)]
    thread = threading.Thread(target=Worker(todo, beat, stop).run)
    thread.start()
    try:
        until(lambda: len(rounds) == 1 and beat.exists(), "the first round")

        def woken() -> bool:
            with transaction.atomic():
                wake_worker()
            return len(rounds) >= 2

        until(woken, "a round after a commit")
        assert list(json.loads(beat.read_text())) == ["sweep"]
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()
