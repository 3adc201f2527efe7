"""Distance on the ground and the speed it takes."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import Final

EARTH_RADIUS_M: Final = 6_371_008.8  # mean radius, IUGG


def distance_m(lat1: float, lon1: float, lat2: float, lon2: float) -> int:
    """Great-circle distance in whole metres."""
    half_lat, half_lon = radians(lat2 - lat1) / 2, radians(lon2 - lon1) / 2
    h = sin(half_lat) ** 2 + cos(radians(lat1)) * cos(radians(lat2)) * sin(half_lon) ** 2
    return round(2 * EARTH_RADIUS_M * asin(sqrt(min(1.0, max(0.0, h)))))


def speed_kmh(metres: int, milliseconds: int) -> int | None:
    """Whole km/h, rounded down; None when no time has passed, as any answer would be a guess."""
    return metres * 3_600 // milliseconds if milliseconds > 0 else None
