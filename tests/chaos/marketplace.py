"""The simulated marketplace as a process of its own, with a ledger of all that was acknowledged to it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator import ledger
from tests.support.stack import PATIENCE_S, Stack

PACE = (
    "--population", "80", "--rate", "20", "--every", "2", "--report-every", "2", "--seed", "11",
    "--webhook-port", "0",
)  # fmt: skip


class Marketplace:
    """One run of the simulator. It retries whatever is not answered, and forces each answer to its ledger."""

    def __init__(self, stack: Stack, key: str, folder: Path) -> None:
        self.ledger = folder / "ledger.jsonl"
        self._output = folder / "simulator.out"
        self._addresses = ["--url", stack.web, "--decide-url", stack.decide, "--key", key]
        self._environment = stack.environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._output.open("wb") as out:
            self._process = subprocess.Popen(
                [*self._simulator, *PACE, "--ledger", str(self.ledger)],
                stdout=out, stderr=subprocess.STDOUT, env=self._environment,
            )  # fmt: skip

    def stop(self) -> None:
        """End it in the middle of what it does; whatever it has written down was acknowledged."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        assert self._process.wait(PATIENCE_S) == 0, self.said()
        self._process = None

    def kill(self) -> None:
        """Leave nothing behind, however the test ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def recheck(self) -> subprocess.CompletedProcess[str]:
        """Its own audit: everything acknowledged is sent and asked for again."""
        return subprocess.run(
            [*self._simulator, "--recheck", str(self.ledger)],
            capture_output=True, text=True, env=self._environment, check=False,
        )  # fmt: skip

    def entries(self, kind: str) -> Iterator[dict[str, Any]]:
        """What was acknowledged of one kind: ``event``, ``report``, ``delivery`` or ``confirmation``."""
        return (entry for entry in ledger.read(self.ledger) if entry["kind"] == kind)

    def acknowledged(self) -> int:
        """How many acknowledgements so far, of any kind."""
        return self.ledger.read_bytes().count(b"\n") if self.ledger.exists() else 0

    def said(self) -> str:
        return self._output.read_text()

    @property
    def _simulator(self) -> list[str]:
        return [sys.executable, "-m", "simulator", *self._addresses]
