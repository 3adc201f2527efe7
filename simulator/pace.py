"""How simulated life maps to the clock on the wall.

Events carry the real time, because a live engine refuses events from the future and counts late ones at its
own clock. So compression shortens *waiting* (shopping, thinking, days between orders) and nothing else:
cars keep the speed of cars, and people need a moment before they tap.
"""

from __future__ import annotations

from dataclasses import dataclass

MINUTE = 60.0
HOUR = 3600.0
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Pace:
    """`speed` seconds of waiting pass in one second of wall clock."""

    speed: float = 1.0

    def life(self, seconds: float, *, at_least: float = 0.5, at_most: float | None = None) -> float:
        """A natural duration as wall seconds, never under `at_least` nor over `at_most`."""
        shortened = max(seconds / self.speed, min(at_least, seconds))
        return min(shortened, at_most) if at_most is not None else shortened
