"""One request, one effect, one answer."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from tocsin.core.access.models import Idempotency, RateBucket
from tocsin.core.errors import Conflict, InvalidInput
from tocsin.core.idempotency import forget_old, once, request_digest

Answer = tuple[int, dict[str, Any]]


class Door:
    """Something that has an effect each time it is opened."""

    def __init__(self) -> None:
        self.opened = 0

    def open(self) -> Answer:
        self.opened += 1
        return 201, {"number": "TSN-1", "pin": "482913", "opened": self.opened}


def ask(door: Callable[[], Answer], key: str = "k1", body: bytes = b"{}", scope: str = "key:shop") -> Any:
    return once(scope, key, request_digest("POST", "/v1/reports", body), door)


@pytest.mark.django_db
def test_a_repeat_gets_the_first_answer() -> None:
    door = Door()
    first = ask(door.open)
    assert first == (201, {"number": "TSN-1", "pin": "482913", "opened": 1}, False)
    assert ask(door.open) == (*first[:2], True)
    assert door.opened == 1


@pytest.mark.django_db
def test_the_key_belongs_to_one_request_and_one_client() -> None:
    door = Door()
    ask(door.open)
    with pytest.raises(Conflict) as refused:
        ask(door.open, body=b'{"other": 1}')
    assert refused.value.code == "idempotency_key_reused"
    assert door.opened == 1
    assert ask(door.open, scope="key:other")[2] is False
    assert ask(door.open, key="k2")[2] is False
    assert door.opened == 3


@pytest.mark.django_db
def test_the_stored_answer_is_sealed() -> None:
    ask(Door().open)
    assert b"482913" not in bytes(Idempotency.objects.get().body_sealed)


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 121, "a\nb", "a\0b"])
def test_keys_that_cannot_be_kept_are_refused(key: str) -> None:
    door = Door()
    with pytest.raises(InvalidInput):
        ask(door.open, key=key)
    assert (door.opened, Idempotency.objects.count()) == (0, 0)


def test_digests_tell_requests_apart() -> None:
    asked = {
        request_digest(method, path, body)
        for method in ("POST", "PUT")
        for path in ("/v1/a", "/v1/a\n")
        for body in (b"", b"\n", b"{}")
    }
    assert len(asked) == 12
    assert request_digest("post", "/v1/a", b"") == request_digest("POST", "/v1/a", b"")


@pytest.mark.django_db
def test_after_a_failure_a_repeat_tries_again() -> None:
    door = Door()

    def broken() -> Answer:
        door.open()
        RateBucket.objects.create(name="effect", tokens=1, updated_at=timezone.now())
        raise RuntimeError("lights out")

    with pytest.raises(RuntimeError):
        ask(broken)
    assert (Idempotency.objects.count(), RateBucket.objects.count()) == (0, 0)
    assert ask(door.open)[1]["opened"] == 2


@pytest.mark.django_db
def test_answers_are_forgotten_after_a_day() -> None:
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    with time_machine.travel(start, tick=False) as clock:
        ask(Door().open)
        clock.shift(dt.timedelta(hours=23))
        ask(Door().open, key="k2")
        assert forget_old() == 0
        clock.shift(dt.timedelta(hours=2))
        assert forget_old() == 1
    assert Idempotency.objects.get().key == "k2"


@pytest.mark.django_db(transaction=True)
def test_two_at_once_have_one_effect_and_the_same_answer() -> None:
    door, inside, go_on = Door(), threading.Event(), threading.Event()

    def slow() -> Answer:
        inside.set()
        assert go_on.wait(30)
        return door.open()

    def in_thread(produce: Callable[[], Answer]) -> Any:
        try:
            return ask(produce)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(in_thread, slow)
        assert inside.wait(30)
        second = pool.submit(in_thread, door.open)
        wait_until_blocked()
        go_on.set()
        answers = [first.result(30), second.result(30)]
    assert answers[0][:2] == answers[1][:2] == (201, {"number": "TSN-1", "pin": "482913", "opened": 1})
    assert [answer[2] for answer in answers] == [False, True]
    assert door.opened == 1


@pytest.mark.django_db(transaction=True)
def test_when_the_first_fails_the_one_who_waited_does_it() -> None:
    door, inside, go_on = Door(), threading.Event(), threading.Event()

    def fails() -> Answer:
        inside.set()
        assert go_on.wait(30)
        raise RuntimeError("lights out")

    def in_thread(produce: Callable[[], Answer]) -> Any:
        try:
            return ask(produce)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(in_thread, fails)
        assert inside.wait(30)
        second = pool.submit(in_thread, door.open)
        wait_until_blocked()
        go_on.set()
        assert second.result(30)[2] is False
        with pytest.raises(RuntimeError):
            first.result(30)
    assert door.opened == 1


def wait_until_blocked() -> None:
    """Until some connection of this database waits for an advisory lock."""
    with connection.cursor() as cursor:
        for _ in range(3000):
            cursor.execute(
                "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                " WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()"
            )
            if cursor.fetchone() != (0,):
                return
            threading.Event().wait(0.01)
    raise AssertionError("nobody waited")
