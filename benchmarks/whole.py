"""A whole Tocsin for a benchmark, started as anybody starts it: ``tocsin up``, on ports of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tocsin.core import postgres
from tocsin.engine.log.marks import read_mark
from tocsin.surfaces.cli.supervisor import tethered

START_SECONDS = 180
STOP_SECONDS = 60
#: Nothing shipped and nothing handled for so long means that it hangs.
STUCK_SECONDS = 180
_LOOK_EVERY = 0.2
_TELL_EVERY = 5.0

_MAKE_KEY = """
from tocsin.core.access import api_keys
from tocsin.core.actor import system
print("KEY " + api_keys.issue(system("benchmark"), "benchmark", ["cases:read", "decide", "replay"])[1])
"""


@dataclass(frozen=True)
class Queue:
    """What the run has left to do for people. ``hits``: how often a rule that asks for a person fired."""

    hits: int
    alerts: int
    cases: int
    desks: dict[str, int]

    def plain(self) -> dict[str, Any]:
        return {"hits": self.hits, "alerts": self.alerts, "cases": self.cases, "desks": self.desks}

    def lines(self) -> list[str]:
        desks = ", ".join(f"desk {desk}: {number:,}" for desk, number in self.desks.items())
        return [
            f"rules asked for a person {self.hits:,} times, which made {self.alerts:,} alerts",
            f"cases in the queue: {self.cases:,} ({desks or 'none'})",
        ]


class Whole:
    """One running Tocsin."""

    def __init__(self, home: Path, rules: Path) -> None:
        self.home = home
        self._rules = rules
        self._process: subprocess.Popen[bytes] | None = None
        self.key = ""

    @property
    def decide(self) -> str:
        """The address decisions are asked at."""
        return f"http://127.0.0.1:{self._ports()['decide']}"

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self._ports()['web']}"

    def start(self) -> None:
        """Returns when every process is ready. Raises RuntimeError with what it said when it is not."""
        self.home.mkdir(parents=True, exist_ok=True)
        with self._output.open("wb") as out:
            # in a session of its own: Ctrl-C is for us, and we pass it on once
            self._process = subprocess.Popen(
                tethered(self._command("up")), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=self._environment(), start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not self._ports():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Tocsin did not start:\n{self._output.read_text()}")
            time.sleep(_LOOK_EVERY)
        said = self.tocsin("manage", "shell", "-c", _MAKE_KEY)
        self.key = next(line for line in said.splitlines() if line.startswith("KEY ")).removeprefix("KEY ")

    def stop(self) -> None:
        """As Ctrl-C does. Everything stays in the home."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(STOP_SECONDS)

    def tocsin(self, *arguments: str) -> str:
        """Run a command beside it; what it said. Raises RuntimeError when it failed."""
        done = subprocess.run(
            self._command(*arguments), capture_output=True, text=True, env=self._environment(), check=False
        )
        if done.returncode:
            raise RuntimeError(f"tocsin {' '.join(arguments[:2])} failed: {done.stdout}{done.stderr}")
        return done.stdout

    def settle(self, say: Callable[[str], None]) -> Queue:
        """Wait until the worker has shipped the log and opened the cases; then what is in the queue.

        Raises RuntimeError when nothing moves any more.
        """
        with psycopg.connect(postgres.urls(self.home / "postgres").owner, autocommit=True) as database:
            moved, told, before = time.monotonic(), 0.0, (-1, -1)
            while (left := (self._unshipped(database), _number(database, _UNHANDLED))) != (0, 0):
                now = time.monotonic()
                moved, before = (moved, before) if left == before else (now, left)
                if now - moved > STUCK_SECONDS:
                    raise RuntimeError(f"The worker stands still. Its log is in {self.home / 'logs'}.")
                if now - told > _TELL_EVERY:
                    say(f"{left[0]:,} records to ship, {left[1]:,} messages to handle")
                    told = now
                time.sleep(_LOOK_EVERY)
            hits = _number(database, "SELECT coalesce(sum(hits), 0) FROM detection_alert")
            alerts = _number(database, "SELECT count(*) FROM detection_alert")
        desks = self._desks()
        return Queue(hits, alerts, sum(desks.values()), desks)

    def _unshipped(self, database: psycopg.Connection) -> int:
        return read_mark(self.home / "decide") - _number(database, _SHIPPED)

    def _desks(self) -> dict[str, int]:
        """Open cases by desk, counted at the door anybody has: the queue of the API."""
        counted: dict[str, int] = {}
        headers = {"Authorization": f"Bearer {self.key}"}
        with httpx.Client(base_url=self.web, headers=headers, timeout=60) as client:
            cursor = ""
            while True:
                page = client.get("/v1/cases", params={"tab": "all", "limit": 200, "cursor": cursor})
                page.raise_for_status()
                for case in page.json()["items"]:
                    counted[case["desk"]] = counted.get(case["desk"], 0) + 1
                cursor = page.json()["next_cursor"]
                if not cursor:
                    return counted

    def _ports(self) -> dict[str, int]:
        try:
            return dict(json.loads((self.home / "run" / "ports.json").read_text()))
        except FileNotFoundError:
            return {}

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
        ports = {f"TOCSIN_{name}_PORT": "0" for name in ("WEB", "LIVE", "DECIDE")}
        return inherited | ports | {"TOCSIN_HOME": str(self.home), "TOCSIN_RULES_DIR": str(self._rules)}

    @property
    def _output(self) -> Path:
        return self.home / "up.log"

    @staticmethod
    def _command(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "tocsin.config.main", *arguments]


_SHIPPED = "SELECT coalesce(max(nullif(position, '')::bigint), 0) FROM detection_ship_position"
_UNHANDLED = "SELECT count(*) FROM core_outbox_message WHERE kind = 'handler' AND state = 'pending'"


def _number(database: psycopg.Connection, query: str) -> int:
    row = database.execute(query).fetchone()
    return int(row[0]) if row else 0


@contextmanager
def whole_tocsin(rules: Path, home: Path | None = None) -> Iterator[Whole]:
    """A running Tocsin that decides by ``rules``; stopped at the end, and thrown away without a ``home``."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as scratch:
        whole = Whole((home or Path(scratch) / "home").resolve(), rules.resolve())
        try:
            whole.start()
            yield whole
        finally:
            whole.stop()
