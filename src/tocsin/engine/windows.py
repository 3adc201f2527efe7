"""Tiled windows: the written meaning of "in the last hour", and the counters that keep it cheaply.

A window of length W is cut into N tiles. At time t it covers the tile that contains t, as far as it has
run, and the N whole tiles before it. Its span therefore lies between W and W plus one tile. Because tiles
begin at fixed moments (multiples of the tile since 1970 UTC), a batch over the log computes exactly the
same windows: the definition is the contract, not an approximation of another one.

Every counter follows one protocol. `read(key, now)` answers from what was recorded before; `update(…)`
records. Rows that nothing was recorded in for longer than their window are dropped by `Rows`; as such a row
reads the same as a row that never was, nobody can tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tocsin.engine.events import INT64_MAX

DISTINCT_KEPT: Final = 32
_SECOND: Final = 1_000
_HOUR: Final = 3_600 * _SECOND


@dataclass(frozen=True, slots=True)
class Window:
    """`tiles` whole tiles of `tile` milliseconds, and the partial one."""

    name: str
    tile: int
    tiles: int

    @property
    def length(self) -> int:
        return self.tile * self.tiles

    def first(self, now: int) -> int:
        """Index of the oldest tile that the window at `now` covers."""
        return now // self.tile - self.tiles


WINDOWS: Final = {
    window.name: window
    for window in (
        Window("5m", 10 * _SECOND, 30),
        Window("1h", 60 * _SECOND, 60),
        Window("24h", 30 * 60 * _SECOND, 48),
        Window("7d", 6 * _HOUR, 28),
        Window("30d", 24 * _HOUR, 30),
    )
}


class Rows:
    """State by key in two generations, each longer than the window; a row idle for a whole one is dropped."""

    __slots__ = ("generation", "length", "old", "young")

    def __init__(self, window: Window) -> None:
        self.length = window.length + window.tile
        self.generation = 0
        self.young: dict[str, Any] = {}
        self.old: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        row = self.young.get(key)
        return self.old.get(key) if row is None else row

    def touch(self, key: str, now: int) -> Any:
        """The row that is about to be written, moved to the young generation; None if there is none."""
        generation = now // self.length
        if generation != self.generation:
            self.old = self.young if generation == self.generation + 1 else {}
            self.young = {}
            self.generation = generation
        row = self.young.get(key)
        if row is None and (row := self.old.pop(key, None)) is not None:
            self.young[key] = row
        return row

    def __len__(self) -> int:
        return len(self.young) + len(self.old)

    def dump(self) -> Any:
        return [self.generation, self.young, self.old]

    def load(self, state: Any) -> None:
        self.generation, self.young, self.old = state


class Total:
    """Sum of int64 amounts in a window; a count is a sum of ones. Row: [total, tile, amount, tile, …]."""

    __slots__ = ("rows", "window")

    def __init__(self, window: Window) -> None:
        self.window = window
        self.rows = Rows(window)

    def read(self, key: str, now: int) -> int:
        row = self.rows.get(key)
        if row is None:
            return 0
        first = self.window.first(now)
        while len(row) > 1 and row[1] < first:
            row[0] -= row[2]
            del row[1:3]
        return max(-INT64_MAX, min(INT64_MAX, int(row[0])))

    def update(self, key: str, now: int, amount: int) -> None:
        tile = now // self.window.tile
        row = self.rows.touch(key, now)
        if row is None:
            self.rows.young[key] = [amount, tile, amount]
            return
        row[0] += amount
        if len(row) > 1 and row[-2] == tile:
            row[-1] += amount
        else:
            row += (tile, amount)
        if len(row) > 2 * self.window.tiles + 4:
            self.read(key, now)  # a row that is written but never read must not grow


class Distinct:
    """How many different values, of the 32 seen last, lie in the window: exact to 32. Row: value -> tile."""

    __slots__ = ("rows", "window")

    def __init__(self, window: Window) -> None:
        self.window = window
        self.rows = Rows(window)

    def read(self, key: str, now: int, but: str | None = None) -> int:
        """`but` leaves one value out of the count: "other accounts on this device"."""
        row = self.rows.get(key)
        if row is None:
            return 0
        first = self.window.first(now)
        return sum(tile >= first and value != but for value, tile in row.items())

    def update(self, key: str, now: int, value: str) -> None:
        row = self.rows.touch(key, now)
        if row is None:
            row = self.rows.young[key] = {}
        row.pop(value, None)
        row[value] = now // self.window.tile
        if len(row) > DISTINCT_KEPT:
            del row[next(iter(row))]


class Span:
    """First and last time in one unbroken life: it ends when nothing comes for longer than W. No tiles."""

    __slots__ = ("rows", "window")

    def __init__(self, window: Window) -> None:
        self.window = window
        self.rows = Rows(window)

    def _alive(self, key: str, now: int) -> Any:
        row = self.rows.get(key)
        return row if row is not None and now - row[1] <= self.window.length else None

    def since_last(self, key: str, now: int) -> int | None:
        """Whole seconds since the last one; None when there was none within W."""
        row = self._alive(key, now)
        return None if row is None else (now - row[1]) // _SECOND

    def since_first(self, key: str, now: int) -> int | None:
        """Whole seconds since the first one of this life; None when there is no life."""
        row = self._alive(key, now)
        return None if row is None else (now - row[0]) // _SECOND

    def update(self, key: str, now: int) -> None:
        alive = self._alive(key, now)
        row = self.rows.touch(key, now)
        if alive is None:
            self.rows.young[key] = [now, now]
        else:
            row[1] = now


class LastPlace:
    """The last known place and when its sender says it was. Row: [lat, lon, sender's ts, engine's clock]."""

    __slots__ = ("rows", "window")

    def __init__(self, window: Window) -> None:
        self.window = window
        self.rows = Rows(window)

    def read(self, key: str, now: int) -> tuple[float, float, int] | None:
        row = self.rows.get(key)
        if row is None or now - row[3] > self.window.length:
            return None
        return row[0], row[1], row[2]

    def update(self, key: str, now: int, place: tuple[float, float, int]) -> None:
        """A place older than the one held changes nothing: the newest fix stays the newest."""
        held = self.read(key, now)
        if held is not None and held[2] > place[2]:
            return
        self.rows.touch(key, now)
        self.rows.young[key] = [*place, now]


Counter = Total | Distinct | Span | LastPlace


def dump(counters: dict[str, Counter]) -> dict[str, Any]:
    """Plain values for a snapshot, by the fingerprint of what they count."""
    return {name: counter.rows.dump() for name, counter in counters.items()}


def load(counters: dict[str, Counter], state: dict[str, Any]) -> Iterator[str]:
    """Fill the counters that the snapshot knows; yields the names of those that start empty."""
    for name, counter in counters.items():
        if name in state:
            counter.rows.load(state[name])
        else:
            yield name
