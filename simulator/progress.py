"""One line every few seconds that says how the run is going."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from simulator.events import VERDICTS

if TYPE_CHECKING:
    from simulator.live import Live


class Progress:
    """Prints to standard output; the first line comes when something has happened."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._began = time.monotonic()
        self._last_at = self._began
        self._last_events = 0

    async def run(self) -> None:
        """Print until cancelled."""
        while True:
            await asyncio.sleep(self._live.settings.progress_every_s)
            print(self.line(), flush=True)

    def line(self) -> str:
        """The present state in one line."""
        live, now = self._live, time.monotonic()
        events = live.scheduler.counts["events"]
        rate = (events - self._last_events) / max(now - self._last_at, 1e-6)
        self._last_at, self._last_events = now, events
        parts = [
            _clock(now - self._began),
            f"{rate:5.1f} ev/s",
            f"{live.lanes.counts['acknowledged']} acknowledged",
            " ".join(f"{v} {live.truth.verdicts[v]}" for v in VERDICTS if live.truth.verdicts[v]),
            f"{live.scheduler.running} stories",
            f"{sum(p.first_bad_at is not None for p in live.truth.plants)} planted",
            f"{live.office.counts['reports']} reports",
            *self._worries(),
        ]
        return "  ".join(part for part in parts if part)

    def _worries(self) -> list[str]:
        """Only what is not as it should be, or is worth knowing because it is not zero."""
        live = self._live
        actions = sum(
            n for name, n in live.obedience.counts.items() if name.startswith(("action ", "verdict "))
        )
        numbers = {
            "actions": actions,
            "reversed": live.obedience.counts["reversed"],
            "deeds refused": live.scheduler.counts["refused"],
            "waiting": live.lanes.buffered if live.lanes.buffered > 50 else 0,
            "entities to tell": live.office.entities_waiting,
            "undecided": live.scheduler.counts["undecided"],
            "not taken": live.lanes.counts["refused"],
            "dropped": live.lanes.counts["dropped"],
        }
        words = [f"{n} {name}" for name, n in numbers.items() if n]
        down = [name for name, door in (("decide", live.hot), ("web", live.web)) if door.down]
        return words + [f"{name} does not answer" for name in down]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest:02d}"
