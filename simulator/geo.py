"""Points on the ground: how far apart they are, and where somebody is on the way between two of them."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

METRES_PER_DEGREE = 111_320.0
EARTH_RADIUS_M = 6_371_000.0


@dataclass(frozen=True, slots=True)
class Point:
    """A place in WGS 84 degrees."""

    lat: float
    lon: float


def metres(a: Point, b: Point) -> float:
    """The great-circle distance between two points, in metres."""
    d_lat = math.radians(b.lat - a.lat)
    d_lon = math.radians(b.lon - a.lon)
    h = (
        math.sin(d_lat / 2) ** 2
        + math.cos(math.radians(a.lat)) * math.cos(math.radians(b.lat)) * math.sin(d_lon / 2) ** 2
    )
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(h))


def along(a: Point, b: Point, share: float) -> Point:
    """The point `share` (0 to 1) of the way from `a` to `b`; straight enough inside a city."""
    return Point(a.lat + (b.lat - a.lat) * share, a.lon + (b.lon - a.lon) * share)


def moved(start: Point, north_m: float, east_m: float) -> Point:
    """The point that lies so many metres north and east of `start`."""
    lat = start.lat + north_m / METRES_PER_DEGREE
    lon = start.lon + east_m / (METRES_PER_DEGREE * math.cos(math.radians(start.lat)))
    return Point(round(lat, 6), round(lon, 6))


def near(rng: random.Random, centre: Point, least_m: float, most_m: float) -> Point:
    """A random point between `least_m` and `most_m` metres from `centre`."""
    angle = rng.uniform(0, 2 * math.pi)
    distance = rng.uniform(least_m, most_m)
    return moved(centre, distance * math.sin(angle), distance * math.cos(angle))
