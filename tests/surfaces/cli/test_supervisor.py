"""Children are kept running, stopped politely or by force, and never left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.core.postgres.hands import runs
from tests.support.stack import until
from tocsin.surfaces.cli import ready, supervisor
from tocsin.surfaces.cli.printing import Printer
from tocsin.surfaces.cli.supervisor import Child, NotReady, Supervisor, tethered

#: Starts a grandchild, says both process ids, and sleeps.
PARENT = """
import os, subprocess, sys, time
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("pids", os.getpid(), grandchild.pid, flush=True)
time.sleep(600)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""


class Bench:
    """A supervisor with its state and logs at hand."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.state: Mapping[str, Mapping[str, Any]] = {}
        self.supervisor = Supervisor(logs, Printer(), self._changed)

    def _changed(self, state: Mapping[str, Mapping[str, Any]]) -> None:
        self.state = state

    def add(self, name: str, code: str, is_ready: supervisor.Ready = ready.always) -> None:
        self.supervisor.add(Child(name, [sys.executable, "-u", "-c", code], dict(os.environ), is_ready))

    def said(self, name: str) -> list[str]:
        return (self.logs / f"{name}.log").read_text().splitlines()

    async def until(self, true: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + 20
        while not true():
            assert time.monotonic() < deadline, f"waited in vain for {what}"
            await asyncio.sleep(0.02)


def run(tmp_path: Path, work: Callable[[Bench], Awaitable[None]]) -> Bench:
    """Run ``work`` with a supervisor; whatever happens, nothing is left behind."""

    async def main() -> Bench:
        bench = Bench(tmp_path)
        try:
            await work(bench)
        finally:
            await bench.supervisor.stop()
        return bench

    return asyncio.run(main())


def pids(bench: Bench, name: str, which: int) -> tuple[int, int]:
    """The process ids that ``PARENT`` said the ``which``-th time: its own and the grandchild's."""
    lines = [line for line in bench.said(name) if line.startswith("pids ")]
    _, parent, grandchild = lines[which].split()
    return int(parent), int(grandchild)


def test_a_killed_child_is_started_again_and_what_it_started_is_gone(tmp_path: Path) -> None:
    async def work(bench: Bench) -> None:
        bench.add("one", PARENT)
        await bench.supervisor.until_ready("one", 20)
        await bench.until(lambda: bench.said("one"), "its words")
        parent, grandchild = pids(bench, "one", 0)
        assert bench.state["one"]["pid"] == parent
        os.kill(parent, signal.SIGKILL)
        await bench.until(
            lambda: sum(line.startswith("pids ") for line in bench.said("one")) == 2, "a new start"
        )
        assert not runs(grandchild)
        assert bench.state["one"]["restarts"] == 1
        assert bench.state["one"]["pid"] == pids(bench, "one", 1)[0]

    bench = run(tmp_path, work)
    until(lambda: not any(map(runs, pids(bench, "one", 1))), "the child and what it started to be gone")
    assert "was ended by SIGKILL; starting it again" in bench.said("one")[1]


def test_a_child_that_is_deaf_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_S", 0.5)

    async def work(bench: Bench) -> None:
        bench.add("deaf", STUBBORN)
        await bench.until(lambda: bench.said("deaf") == ["deaf"], "it to be deaf")
        pid = bench.state["deaf"]["pid"]
        await bench.supervisor.stop()
        assert not runs(pid)

    run(tmp_path, work)


def test_a_child_that_cannot_start_is_reported_with_its_last_words(tmp_path: Path) -> None:
    async def never(_started: float) -> bool:
        return False

    async def work(bench: Bench) -> None:
        bench.add("broken", "raise SystemExit('there is no moon')", never)
        with pytest.raises(NotReady, match=r"(?s)broken ended 3 times.*there is no moon"):
            await bench.supervisor.until_ready("broken", 60)

    run(tmp_path, work)


def test_a_child_that_never_gets_ready_is_reported(tmp_path: Path) -> None:
    async def never(_started: float) -> bool:
        return False

    async def work(bench: Bench) -> None:
        bench.add("slow", "import time; time.sleep(600)", never)
        with pytest.raises(NotReady, match="slow is not ready after 0 s"):
            await bench.supervisor.until_ready("slow", 0.2)

    run(tmp_path, work)


def test_long_and_unfinished_lines_are_kept_whole(tmp_path: Path) -> None:
    async def work(bench: Bench) -> None:
        bench.add("wordy", "import sys; sys.stdout.write('x' * 300_000 + '\\nno end'); sys.stdout.flush()")
        await bench.until(lambda: bench.state.get("wordy", {}).get("restarts"), "it to end")

    bench = run(tmp_path, work)
    assert bench.said("wordy")[:2] == ["x" * 300_000, "no end"]


def test_when_the_supervisor_is_killed_its_children_are_too(tmp_path: Path) -> None:
    starter = f"import subprocess, sys; subprocess.run({tethered([sys.executable, '-c', PARENT])!r})"
    # the tie is to the process that starts it, so its id must be the starter's own
    starter = starter.replace(f"'{os.getpid()}'", "str(__import__('os').getpid())")
    process = subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = int(process.stdout.readline().split()[1])
    assert runs(child)
    process.kill()
    process.wait()
    until(lambda: not runs(child), "the child to end")


def test_a_program_whose_starter_is_gone_already_does_not_run() -> None:
    done = subprocess.run(
        [*tethered([sys.executable, "-c", "print('ran')"])[:2], "1", sys.executable, "-c", "print('ran')"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
