"""The written contract of the features, in the plainest code there is: look at every event, every time.

Shares nothing with the engine but the sentences it implements. Slow on purpose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

SECOND = 1000
TILES = {  # tile length in ms, whole tiles
    "5m": (10 * SECOND, 30),
    "1h": (60 * SECOND, 60),
    "24h": (1800 * SECOND, 48),
    "7d": (21600 * SECOND, 28),
    "30d": (86400 * SECOND, 30),
    "60d": (86400 * SECOND, 60),
    "90d": (86400 * SECOND, 90),
}


@dataclass
class Seen:
    """A counted event: what was sent, and the engine clock it was counted at."""

    wire: dict[str, Any]
    clock: int


@dataclass
class Spec:
    """What a feature counts. `field` or `values` names what is looked at."""

    kind: str
    of: list[str]
    per: list[str]
    window: str
    field: str = ""
    values: str = ""
    least: int | None = None  # only events whose `field` is at least this count


class Oracle:
    """Answers every feature by reading the whole past."""

    def __init__(self) -> None:
        self.past: list[Seen] = []
        self.clock = 0
        self.ids: dict[str, int] = {}  # event id -> day (UTC, of engine time) of its first answer

    def take(self, wire: dict[str, Any], features: dict[str, Spec]) -> dict[str, Any] | None:
        """The features before this event, then count it. None for a duplicate, which counts nowhere.

        An id is known for the day of its first answer and the 31 days after it.
        """
        today = self.clock // 86_400_000
        if today - self.ids.get(wire["id"], -100) <= 31:
            return None
        self.clock = max(self.clock, wire["ts"])
        self.ids[wire["id"]] = self.clock // 86_400_000
        answers = {name: self.answer(spec, wire) for name, spec in features.items()}
        self.past.append(Seen(wire, self.clock))
        return answers

    def answer(self, spec: Spec, wire: dict[str, Any]) -> Any:
        key = key_of(spec, wire)
        if key is None:
            return None
        alike = [s for s in self.past if counts(spec, s.wire) and key_of(spec, s.wire) == key]
        tile, whole = TILES[spec.window]
        oldest = self.clock // tile - whole
        inside = [s for s in alike if s.clock // tile >= oldest]
        kind = spec.kind
        if kind == "count":
            return len(inside)
        numbers = [n for s in inside if (n := s.wire["fields"].get(spec.field)) is not None]
        if kind == "sum":
            return sum(numbers)
        if kind == "mean":
            return sum(numbers) / len(numbers) if numbers else None
        if kind in ("min", "max"):
            return (min if kind == "min" else max)(numbers) if numbers else None
        if kind == "distinct":
            return len(latest_values(spec, inside))
        if kind == "others":
            return len(latest_values(spec, inside) - {wire["entities"].get(spec.values)})
        if kind in ("since", "age"):
            return self.life(kind, alike, tile * whole)
        if kind in ("first", "last"):
            return self.held(kind, [s for s in alike if s.wire["fields"].get(spec.field) is not None], spec)
        return self.motion(kind, alike, wire, tile * whole)

    def life(self, kind: str, alike: list[Seen], longest: int) -> int | None:
        first = beginning(alike, self.clock, longest)
        if first is None:
            return None
        start = alike[-1] if kind == "since" else first
        return (self.clock - start.clock) // SECOND

    def held(self, kind: str, alike: list[Seen], spec: Spec) -> Any:
        tile, whole = TILES[spec.window]
        first = beginning(alike, self.clock, tile * whole)
        if first is None:
            return None
        return (alike[-1] if kind == "last" else first).wire["fields"][spec.field]

    def motion(self, kind: str, alike: list[Seen], wire: dict[str, Any], longest: int) -> int | None:
        held: Seen | None = None
        for seen in alike:
            if "lat" not in seen.wire["fields"]:
                continue
            forgotten = held is not None and seen.clock - held.clock > longest
            if held is None or forgotten or seen.wire["ts"] >= held.wire["ts"]:
                held = seen
        if held is None or self.clock - held.clock > longest or "lat" not in wire["fields"]:
            return None
        a, b = held.wire["fields"], wire["fields"]
        metres = round(haversine(a["lat"], a["lon"], b["lat"], b["lon"]))
        if kind == "distance":
            return metres
        elapsed = wire["ts"] - held.wire["ts"]
        return math.floor(metres * 3600 / elapsed) if elapsed > 0 else None


def counts(spec: Spec, wire: dict[str, Any]) -> bool:
    if wire["type"] not in spec.of:
        return False
    return spec.least is None or wire["fields"].get("amount_minor", -math.inf) >= spec.least


def beginning(alike: list[Seen], clock: int, longest: int) -> Seen | None:
    """The first of the unbroken life that lasts until now: no gap longer than the window."""
    if not alike or clock - alike[-1].clock > longest:
        return None
    first = alike[-1]
    for earlier in reversed(alike):
        if first.clock - earlier.clock > longest:
            break
        first = earlier
    return first


def latest_values(spec: Spec, inside: list[Seen]) -> set[str]:
    found: list[str] = []
    for seen in reversed(inside):
        value = seen.wire["entities"].get(spec.values)
        if value is not None and value not in found:
            found.append(value)
    return set(found[:32])


def key_of(spec: Spec, wire: dict[str, Any]) -> tuple[Any, ...] | None:
    parts = tuple(wire["entities"].get(kind) for kind in spec.per)
    if spec.field.endswith("_minor"):
        parts += (wire["fields"].get("currency"),)
    return None if None in parts else parts


def haversine(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    p1, p2 = math.radians(lat1), math.radians(lat2)
    d1, d2 = (p2 - p1) / 2, math.radians(lon2 - lon1) / 2
    return (
        2
        * 6_371_008.8
        * math.asin(math.sqrt(math.sin(d1) ** 2 + math.cos(p1) * math.cos(p2) * math.sin(d2) ** 2))
    )
