"""``tocsin worker``: clocks, the outbox, log shipping, audit anchors.

Each chore has a thread and a database connection of its own, so that a slow one holds up nobody. Any number
of workers may run; rows are claimed in the database.
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from tocsin.surfaces.cli.chores import Chore, chores
from tocsin.surfaces.cli.environment import Environment
from tocsin.surfaces.cli.runfiles import heartbeat_file, write_whole

HELP = "run the worker: deadlines, deliveries, log shipping, audit anchors"
T = TypeVar("T")
log = logging.getLogger(__name__)

_BEAT_EVERY_S = 1.0
#: Pauses after a chore failed, the first time and on.
_AFTER_FAILURE_S = (1.0, 2.0, 5.0, 15.0, 30.0)
#: How long a chore may take to finish what it has begun when the worker stops.
_FINISH_S = 8.0


def arguments(_parser: argparse.ArgumentParser) -> None:
    return None


def run(env: Environment, _args: argparse.Namespace) -> int:
    env.make_folders()
    stop = threading.Event()

    def asked(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, asked)
    signal.signal(signal.SIGINT, asked)
    Worker(chores(env), heartbeat_file(env.home, "worker"), stop).run()
    return 0


class Worker:
    """Runs chores until told to stop, then lets each finish what it has begun."""

    def __init__(self, todo: list[Chore], beat: Path, stop: threading.Event) -> None:
        self._beat = beat
        self._stop = stop
        self._rounds = [Round(chore, stop) for chore in todo]

    def run(self) -> None:
        threads = [
            threading.Thread(target=each.run, name=each.chore.name, daemon=True) for each in self._rounds
        ]
        wakers = [each.wake for each in self._rounds if each.chore.on_wake]
        threading.Thread(target=listen, args=(wakers, self._stop), name="listener", daemon=True).start()
        for thread in threads:
            thread.start()
        self._write_beat()
        log.info("working: %s", ", ".join(each.chore.name for each in self._rounds))
        while not self._stop.wait(_BEAT_EVERY_S):
            self._write_beat()
        for each in self._rounds:
            each.wake.set()
        deadline = time.monotonic() + _FINISH_S
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        log.info("stopped")

    def _write_beat(self) -> None:
        write_whole(self._beat, json.dumps({each.chore.name: each.state for each in self._rounds}))


class Round:
    """One chore, over and over, in a thread of its own."""

    def __init__(self, chore: Chore, stop: threading.Event) -> None:
        self.chore = chore
        self.wake = threading.Event()
        self.state: dict[str, Any] = {"done": 0, "failures": 0, "finished_at": None, "error": ""}
        self._stop = stop

    def run(self) -> None:
        while not self._stop.is_set():
            self.wake.clear()
            did = self._once()
            if did == 0 and not self._stop.is_set():
                self.wake.wait(self._pause())
        self._try(self.chore.close)

    def _pause(self) -> float:
        failures = self.state["failures"]
        if not failures:
            return self.chore.every_s
        return _AFTER_FAILURE_S[min(failures, len(_AFTER_FAILURE_S)) - 1]

    def _once(self) -> int:
        did = self._try(self.chore.work)
        if did is None:
            return 0
        self.state |= {
            "done": self.state["done"] + did,
            "failures": 0,
            "error": "",
            "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        return did

    def _try(self, work: Callable[[], T]) -> T | None:
        """Do it on a connection that works; None when it failed, which is noted and never fatal.

        The work stays in its row and is tried again; a worker that ended would help nobody.
        """
        from django.db import close_old_connections

        close_old_connections()
        try:
            return work()
        except Exception as error:
            log.exception("chore %s failed; it is tried again", self.chore.name)
            self.state |= {
                "failures": self.state["failures"] + 1,
                "error": f"{type(error).__name__}: {error}",
            }
            return None
        finally:
            close_old_connections()


def listen(wakers: list[threading.Event], stop: threading.Event) -> None:
    """Wake the chores when a transaction says that there is something to do. Losing a call costs a second, no
    more.
    """
    import psycopg

    from tocsin.core.outbox.notify import WORK, listening_parameters

    while not stop.is_set():
        try:
            with psycopg.connect(**listening_parameters(), autocommit=True) as connection:
                connection.execute(f"LISTEN {WORK}")
                while not stop.is_set():
                    for _ in connection.notifies(timeout=5.0, stop_after=1):
                        for waker in wakers:
                            waker.set()
        except psycopg.OperationalError:
            stop.wait(1.0)
