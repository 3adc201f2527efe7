"""Stretches of time in which a clock stands still, and time that passes between them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec


class Interval(msgspec.Struct, frozen=True):
    """From ``start`` (included) to ``end`` (not included); both aware."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a pause needs moments with a zone")
        if self.end < self.start:
            raise ValueError("a pause ends before it starts")


def in_order(pauses: Sequence[Interval]) -> list[Interval]:
    """The same stretches in UTC, sorted, touching and overlapping ones joined."""
    joined: list[Interval] = []
    for pause in sorted(pauses, key=lambda one: one.start):
        start, end = pause.start.astimezone(UTC), pause.end.astimezone(UTC)
        if joined and start <= joined[-1].end:
            joined[-1] = Interval(joined[-1].start, max(joined[-1].end, end))
        elif end > start:
            joined.append(Interval(start, end))
    return joined


def running_until(start: datetime, length: timedelta, pauses: Sequence[Interval]) -> datetime:
    """When ``length`` of running time has passed since ``start``. ``pauses`` as from :func:`in_order`."""
    at, left = start, length
    for pause in pauses:
        if pause.end <= at:
            continue
        running = max(pause.start - at, timedelta(0))
        if left <= running:
            break
        left -= running
        at = pause.end
    return at + left
