"""Time left on a running clock, and the next moment an office answers."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from tests.core.clocks.test_arithmetic import CALIFORNIA, LA, at, shown, spec
from tocsin.core.clocks.intervals import Interval, in_order
from tocsin.core.clocks.progress import OfficeHours, next_business_moment, remaining

NINE_TO_FIVE = OfficeHours(opens=time(9), closes=time(17))


def test_time_left_and_late() -> None:
    start = at("2026-05-01T09:00:00", LA)
    clock = spec(4, "hours")
    early = remaining(at("2026-05-01T10:30:00", LA), start, clock, LA)
    assert (early.left, early.late, early.paused) == (timedelta(hours=2, minutes=30), False, False)
    assert remaining(at("2026-05-01T13:00:00", LA), start, clock, LA).late is False
    assert remaining(at("2026-05-01T13:00:01", LA), start, clock, LA).late is True


def test_time_left_does_not_shrink_while_paused() -> None:
    start = at("2026-05-01T09:00:00", LA)
    clock = spec(4, "hours", pause="awaiting_reporter")
    since = at("2026-05-01T10:00:00", LA)
    for now in ("2026-05-01T10:00:00", "2026-05-01T18:00:00", "2026-05-09T18:00:00"):
        stand = remaining(at(now, LA), start, clock, LA, paused_since=since)
        assert (stand.left, stand.paused) == (timedelta(hours=3), True)


@pytest.mark.parametrize(
    ("now", "answer"),
    [
        ("2026-05-01T08:00:00", "2026-05-01T09:00:00"),
        ("2026-05-01T09:00:00", "2026-05-01T09:00:00"),
        ("2026-05-01T16:59:59", "2026-05-01T16:59:59"),
        ("2026-05-01T17:00:00", "2026-05-04T09:00:00"),
        ("2026-05-02T10:00:00", "2026-05-04T09:00:00"),
        ("2026-07-02T18:00:00", "2026-07-06T09:00:00"),
        ("2026-03-06T18:00:00", "2026-03-09T09:00:00"),
    ],
)
def test_next_business_moment(now: str, answer: str) -> None:
    assert shown(next_business_moment(at(now, LA), CALIFORNIA, LA, NINE_TO_FIVE), LA) == answer


def test_office_hours_must_open_before_they_close() -> None:
    with pytest.raises(ValueError):
        OfficeHours(opens=time(17), closes=time(9))


def test_overlapping_and_empty_pauses_are_joined() -> None:
    base = datetime(2026, 5, 1, tzinfo=UTC)

    def stretch(begin: int, end: int) -> Interval:
        return Interval(base + timedelta(hours=begin), base + timedelta(hours=end))

    assert in_order([stretch(5, 6), stretch(1, 3), stretch(2, 4), stretch(4, 5), stretch(8, 8)]) == [
        stretch(1, 6)
    ]
