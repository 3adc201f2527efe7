"""kill -9, one process after the other and at last all at once, each time in the middle of something."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from tests.core.postgres import hands
from tests.support.stack import Stack, until

PROCESSES = ("worker", "decide", "web", "live")
DATABASE = "database"
ROUNDS = 2


class Killer:
    """``busy`` tells how much the marketplace was acknowledged so far: nothing is killed at rest."""

    def __init__(self, stack: Stack, busy: Callable[[], int]) -> None:
        self._stack = stack
        self._busy = busy
        self.killed: list[str] = []

    def rage(self) -> None:
        """Kill each in turn, in another order each round; then all at the same moment."""
        everything = [*PROCESSES, DATABASE]
        for number in range(ROUNDS):
            for name in everything[number:] + everything[:number]:
                self._under_load()
                self._back([(name, self._kill(name))])
        self._under_load()
        self._back([(name, self._kill(name)) for name in everything])
        self._under_load()

    def _under_load(self, more: int = 20) -> None:
        before = self._busy()
        until(lambda: self._busy() >= before + more, f"{more} more acknowledgements")

    def _kill(self, name: str) -> int:
        self.killed.append(name)
        if name != DATABASE:
            return self._stack.kill(name)
        pid = self._server()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        return pid

    def _server(self) -> int | None:
        return hands.server(self._stack.home / "postgres")

    def _back(self, killed: list[tuple[str, int]]) -> None:
        for name, pid in killed:
            if name == DATABASE:
                until(lambda old=pid: self._server() not in (None, old), "a new server")
            else:
                self._stack.until_ready(name, after=pid)
