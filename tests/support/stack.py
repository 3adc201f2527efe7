"""A whole running Tocsin: ``tocsin up`` on free ports, in a home and on a database of its own.

    def test_something(stack):
        httpx.get(stack.web + "/healthz")
        stack.kill("decide")
        stack.until_ready("decide")

``stack`` is shared by the whole session: make the data you need, and break nothing. ``own_stack`` belongs to
one test module, to kill and to fill as it likes.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.support.database import FreshDatabase
from tocsin.core.postgres import Urls
from tocsin.surfaces.cli.runfiles import RunFiles
from tocsin.surfaces.cli.supervisor import tethered

START_S = 300.0
PATIENCE_S = 40.0


def until(true: Callable[[], object], what: str, timeout_s: float = PATIENCE_S) -> None:
    """Wait for a condition; fail with words when it does not come."""
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


class Stack:
    """One running Tocsin."""

    def __init__(self, home: Path, database: Urls, settings: dict[str, str] | None = None) -> None:
        self.home = home
        self.database = database
        self.files = RunFiles(home)
        self.settings = settings or {}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What its processes are told; good for running ``tocsin`` commands beside it."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
        return ours | {
            "TOCSIN_HOME": str(self.home),
            "TOCSIN_DATABASE_URL": self.database.app,
            "TOCSIN_OWNER_DATABASE_URL": self.database.owner,
            "TOCSIN_WEB_PORT": "0",
            "TOCSIN_LIVE_PORT": "0",
            "TOCSIN_DECIDE_PORT": "0",
            "TOCSIN_LINE_PORT": "0",
            "TOCSIN_OUTBOUND_ALLOW": "127.0.0.1",
            **self.settings,
        }

    def start(self, *arguments: str) -> None:
        """Start it and wait until everything is ready."""
        with (self.home.parent / f"{self.home.name}.out").open("ab") as out:
            self.process = subprocess.Popen(
                tethered([sys.executable, "-m", "tocsin.config.main", "up", *arguments]),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self.environment,
                start_new_session=True,
            )
        until(lambda: self.files.ports() or self._ended(), "Tocsin to come up", START_S)
        assert not self._ended(), self.said()

    def stop(self) -> int:
        """Stop it as Ctrl-C does; returns its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(PATIENCE_S)
        self.process = None
        return code

    def _ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def address(self, name: str) -> str:
        """``http://127.0.0.1:PORT`` of a process."""
        return f"http://127.0.0.1:{self.files.ports()[name]}"

    @property
    def web(self) -> str:
        return self.address("web")

    @property
    def live(self) -> str:
        return self.address("live")

    @property
    def decide(self) -> str:
        return self.address("decide")

    def pid(self, name: str) -> int:
        """The process id of ``web``, ``live``, ``decide`` or ``worker``."""
        return int(self.files.processes()[name]["pid"])

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Kill a process; returns the process id it had."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def until_ready(self, name: str, *, after: int | None = None) -> None:
        """Wait until a process is ready; ``after`` is the id of the one that was killed before it."""

        def is_ready() -> bool:
            state = self.files.processes().get(name)
            return bool(state and state["ready"] and state["pid"] != after)

        until(is_ready, f"{name} to be ready")

    def log(self, name: str) -> str:
        """What a process has said so far."""
        return (self.home / "logs" / f"{name}.log").read_text()

    def said(self) -> str:
        """What ``tocsin up`` has shown so far."""
        return (self.home.parent / f"{self.home.name}.out").read_text()

    def tocsin(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a ``tocsin`` command beside it."""
        ports = {f"TOCSIN_{name.upper()}_PORT": str(port) for name, port in self.files.ports().items()}
        return subprocess.run(
            [sys.executable, "-m", "tocsin.config.main", *arguments],
            env=self.environment | ports,
            capture_output=True,
            text=True,
            check=False,
        )

    def connect(self) -> psycopg.Connection:
        """A connection as the owner, to look at rows or to prepare them."""
        return psycopg.connect(self.database.owner, autocommit=True)


@contextmanager
def running(database: Urls, **settings: str) -> Iterator[Stack]:
    """A running Tocsin on ``database``; stopped and swept away afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-stack-"))
    stack = Stack(folder / "home", database, settings)
    try:
        stack.start()
        yield stack
    finally:
        if stack.process is not None:
            stack.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def stack(fresh_database: FreshDatabase) -> Iterator[Stack]:
    """A running Tocsin for the whole session."""
    with running(fresh_database()) as made:
        yield made


@pytest.fixture(scope="module")
def own_stack(fresh_database: FreshDatabase) -> Iterator[Stack]:
    """A running Tocsin for one test module."""
    with running(fresh_database()) as made:
        yield made
