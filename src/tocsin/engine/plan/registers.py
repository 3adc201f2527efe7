"""Registers: what every value is called inside the kernel, and how it gets there from an event."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tocsin.engine.kernel.groups import SCRATCH
from tocsin.engine.language.nodes import Get, ListOf

#: The first whole-number registers are always the same.
CLOCK: Final = 0  # the engine's clock
FIXED: Final = SCRATCH + 1


@dataclass(frozen=True)
class Matched:
    """Something worked out from an event's text before the kernel runs: 1, 0, or unknown without a text."""

    how: str  # says, link, phone, domains, networks, within
    source: Get
    words: tuple[str, ...] = ()


@dataclass
class Registers:
    """Numbers of registers by what they hold. Inputs are given out first, then features, then temporaries."""

    ints: dict[object, int] = field(default_factory=dict)
    numbers: dict[object, int] = field(default_factory=dict)
    _next_int: int = FIXED
    _next_number: int = 2  # latitude and longitude of the event come first

    def whole(self, what: object) -> int:
        """The whole-number register of something, a new one when it has none."""
        if what not in self.ints:
            self.ints[what] = self._next_int
            self._next_int += 1
        return self.ints[what]

    def number(self, what: object) -> int:
        """The number register of something."""
        if isinstance(what, Get) and what.name in ("lat", "lon"):
            return 0 if what.name == "lat" else 1
        if what not in self.numbers:
            self.numbers[what] = self._next_number
            self._next_number += 1
        return self.numbers[what]

    @property
    def counts(self) -> tuple[int, int]:
        """How many registers of each type there are."""
        return self._next_int, self._next_number


def matched(how: str, source: Get, list_: ListOf, until: str) -> Matched:
    """A match against those entries of a list that hold until the same day."""
    return Matched(how, source, tuple(entry.value for entry in list_.entries if entry.until == until))
