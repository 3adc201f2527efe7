"""Tiled windows: the written meaning of "in the last hour".

A window of length W is cut into N tiles. At time t it covers the tile that contains t, as far as it has run,
and the N whole tiles before it. Its span therefore lies between W and W plus one tile. Because tiles begin at
fixed moments (multiples of the tile since 1970 UTC), a batch over the log computes exactly the same windows:
the definition is the contract, not an approximation of another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_SECOND: Final = 1_000
_HOUR: Final = 3_600 * _SECOND
_DAY: Final = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class Window:
    """`tiles` whole tiles of `tile` milliseconds, and the partial one."""

    name: str
    tile: int
    tiles: int

    @property
    def length(self) -> int:
        """Milliseconds, without the partial tile."""
        return self.tile * self.tiles


WINDOWS: Final = {
    window.name: window
    for window in (
        Window("5m", 10 * _SECOND, 30),
        Window("1h", 60 * _SECOND, 60),
        Window("24h", 30 * 60 * _SECOND, 48),
        Window("7d", 6 * _HOUR, 28),
        Window("30d", _DAY, 30),
        Window("60d", _DAY, 60),
        Window("90d", _DAY, 90),
    )
}
