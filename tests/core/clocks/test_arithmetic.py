"""Deadlines worked out by hand, over weekends, holidays, year ends, zones and changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.clocks.arithmetic import add_months, due_at, end_of_day
from tocsin.core.clocks.calendars import CalendarSpec, ExtraDay, is_business_day
from tocsin.core.clocks.intervals import Interval
from tocsin.core.clocks.spec import Citation, ClockSpec, Extension

CITED = Citation(pack="test", path="test", source="made up for this test", mark="D")
CALIFORNIA = CalendarSpec(
    id="US-CA", source="test", country="US", subdivision="CA", remove=("Susan B. Anthony Day", "Diwali")
)
GERMANY = CalendarSpec(id="DE", source="test", country="DE")
LA, NEW_YORK, BERLIN = "America/Los_Angeles", "America/New_York", "Europe/Berlin"
ZONES = [
    LA,
    NEW_YORK,
    BERLIN,
    "America/Denver",
    "America/Santiago",
    "America/Havana",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Asia/Kathmandu",
    "Africa/Cairo",
    "UTC",
]


def spec(amount: int, basis: Any, **more: Any) -> ClockSpec:
    calendar = more.pop("calendar", CALIFORNIA if basis == "business_days" else None)
    return ClockSpec(name="test", basis=basis, amount=amount, authority=CITED, calendar=calendar, **more)


def at(local: str, zone: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def shown(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.mark.parametrize(
    ("start", "zone", "amount", "basis", "calendar", "due"),
    [
        # Spring forward in California, 8 March 2026: the night has one hour less, 72 hours stay 72 hours.
        ("2026-03-07T12:00:00", LA, 72, "hours", None, "2026-03-10T13:00:00"),
        ("2026-03-07T12:00:00", LA, 1, "calendar_days", None, "2026-03-08T23:59:59"),
        # Fall back, 1 November 2026.
        ("2026-10-31T12:00:00", LA, 24, "hours", None, "2026-11-01T11:00:00"),
        ("2026-10-31T12:00:00", LA, 1, "calendar_days", None, "2026-11-01T23:59:59"),
        # The hour that happens twice: thirty minutes after 01:45 summer time is 01:15 winter time.
        ("2026-11-01T01:45:00", LA, 30, "minutes", None, "2026-11-01T01:15:00"),
        ("2026-05-01T10:00:00", LA, 60, "seconds", None, "2026-05-01T10:01:00"),
        # Ten business days over Independence Day, observed on Friday 3 July 2026.
        ("2026-06-26T16:00:00", LA, 10, "business_days", CALIFORNIA, "2026-07-13T23:59:59"),
        # A request on a Saturday, and one late on Friday evening, both count from Monday.
        ("2026-05-02T09:00:00", LA, 1, "business_days", CALIFORNIA, "2026-05-04T23:59:59"),
        ("2026-05-01T23:30:00", LA, 1, "business_days", CALIFORNIA, "2026-05-04T23:59:59"),
        # Over the year end: Christmas, the New Year, and two weekends.
        ("2026-12-23T12:00:00", LA, 5, "business_days", CALIFORNIA, "2026-12-31T23:59:59"),
        ("2026-12-24T12:00:00", BERLIN, 5, "business_days", GERMANY, "2027-01-04T23:59:59"),
        # Same day, and its business form on a holiday.
        ("2026-05-01T10:00:00", LA, 0, "calendar_days", None, "2026-05-01T23:59:59"),
        ("2026-05-01T10:00:00", LA, 0, "business_days", CALIFORNIA, "2026-05-01T23:59:59"),
        ("2026-07-04T10:00:00", LA, 0, "business_days", CALIFORNIA, "2026-07-06T23:59:59"),
        # Forty-five days from receipt do not move from a Sunday to a Monday.
        ("2026-01-08T09:00:00", LA, 45, "calendar_days", None, "2026-02-22T23:59:59"),
        # One month from the last of January ends with February, also in a leap year.
        ("2026-01-31T09:00:00", BERLIN, 1, "months", None, "2026-02-28T23:59:59"),
        ("2028-01-31T09:00:00", BERLIN, 1, "months", None, "2028-02-29T23:59:59"),
        ("2026-10-31T09:00:00", BERLIN, 6, "months", None, "2027-04-30T23:59:59"),
        ("2026-12-15T09:00:00", BERLIN, 12, "months", None, "2027-12-15T23:59:59"),
        # A week with twenty-three hours in one of its days, in Berlin.
        ("2026-03-25T09:00:00", BERLIN, 7, "calendar_days", None, "2026-04-01T23:59:59"),
    ],
)
def test_worked_examples(
    start: str, zone: str, amount: int, basis: str, calendar: CalendarSpec | None, due: str
) -> None:
    found = due_at(at(start, zone), spec(amount, basis, calendar=calendar), zone)
    assert shown(found, zone) == due
    assert found.tzinfo is UTC


def test_days_are_counted_where_the_recipient_lives() -> None:
    start = datetime(2026, 5, 2, 3, 0, tzinfo=UTC)  # still 1 May in California, already 2 May in Berlin
    one_day = spec(1, "calendar_days")
    assert due_at(start, one_day, LA) == datetime(2026, 5, 3, 6, 59, 59, tzinfo=UTC)
    assert due_at(start, one_day, BERLIN) == datetime(2026, 5, 3, 21, 59, 59, tzinfo=UTC)


def test_a_day_added_by_the_pack_is_a_day_off() -> None:
    closed = CalendarSpec(
        id="X", source="test", country="US", add=(ExtraDay(date=date(2026, 5, 4), name="State of emergency"),)
    )
    start = at("2026-05-01T12:00:00", LA)
    assert shown(due_at(start, spec(1, "business_days", calendar=closed), LA), LA) == "2026-05-05T23:59:59"


def test_a_day_taken_out_by_the_pack_is_a_business_day() -> None:
    assert is_business_day(date(2026, 11, 26), CALIFORNIA) is False
    without = CalendarSpec(
        id="X", source="test", country="US", subdivision="CA", remove=("Thanksgiving Day", "No Such Day")
    )
    assert is_business_day(date(2026, 11, 26), without) is True
    assert is_business_day(date(2026, 11, 27), without) is False


def test_extra_time_on_the_same_basis_counts_from_the_start() -> None:
    start = at("2026-01-31T09:00:00", BERLIN)
    granted = Extension(basis="months", amount=2)
    assert shown(due_at(start, spec(1, "months"), BERLIN, extended=granted), BERLIN) == "2026-04-30T23:59:59"


def test_extra_time_on_another_basis_counts_from_the_first_deadline() -> None:
    start = at("2026-05-01T09:00:00", LA)
    granted = Extension(basis="calendar_days", amount=3)
    assert shown(due_at(start, spec(24, "hours"), LA, extended=granted), LA) == "2026-05-05T23:59:59"


def test_pauses_push_hours_forward() -> None:
    clock = spec(4, "hours", pause="awaiting_reporter")
    start = at("2026-05-01T09:00:00", LA)
    pauses = [
        Interval(at("2026-05-01T12:00:00", LA), at("2026-05-01T15:00:00", LA)),
        Interval(at("2026-05-01T10:00:00", LA), at("2026-05-01T11:00:00", LA)),
        Interval(at("2026-05-01T10:30:00", LA), at("2026-05-01T11:00:00", LA)),
        Interval(at("2026-05-02T10:00:00", LA), at("2026-05-02T11:00:00", LA)),
    ]
    assert shown(due_at(start, clock, LA, pauses=pauses), LA) == "2026-05-01T17:00:00"


def test_a_pause_that_begins_at_the_deadline_changes_nothing() -> None:
    clock = spec(1, "hours", pause="awaiting_reporter")
    start = at("2026-05-01T09:00:00", LA)
    pause = Interval(at("2026-05-01T10:00:00", LA), at("2026-05-01T12:00:00", LA))
    assert shown(due_at(start, clock, LA, pauses=[pause]), LA) == "2026-05-01T10:00:00"


def test_a_paused_day_does_not_count_when_the_clock_stood_still_at_its_end() -> None:
    clock = spec(2, "business_days", pause="awaiting_reporter")
    start = at("2026-05-04T09:00:00", LA)
    overnight = Interval(at("2026-05-05T20:00:00", LA), at("2026-05-07T08:00:00", LA))
    at_lunch = Interval(at("2026-05-05T12:00:00", LA), at("2026-05-05T13:00:00", LA))
    assert shown(due_at(start, clock, LA, pauses=[overnight]), LA) == "2026-05-08T23:59:59"
    assert shown(due_at(start, clock, LA, pauses=[at_lunch]), LA) == "2026-05-06T23:59:59"


def test_refusals() -> None:
    start = at("2026-05-01T09:00:00", LA)
    pause = Interval(start, start + timedelta(hours=1))
    with pytest.raises(ValueError, match="never pauses"):
        due_at(start, spec(1, "hours"), LA, pauses=[pause])
    with pytest.raises(ValueError, match="no zone"):
        due_at(datetime(2026, 5, 1), spec(1, "hours"), LA)
    for zone in ("Mars/Olympus", "", "../etc/passwd", "PST8"):
        with pytest.raises(ValueError, match="not an IANA time zone"):
            due_at(start, spec(1, "hours"), zone)
    with pytest.raises(ValueError, match="need a calendar"):
        spec(1, "business_days", calendar=None)
    with pytest.raises(ValueError, match="negative"):
        spec(-1, "hours")
    with pytest.raises(ValueError, match="ends before it starts"):
        Interval(start, start - timedelta(seconds=1))


moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
zones = st.sampled_from(ZONES)


@given(moments, zones, st.integers(0, 5_000))
def test_elapsed_time_does_not_depend_on_the_zone(start: datetime, zone: str, amount: int) -> None:
    assert due_at(start, spec(amount, "minutes"), zone) == start + timedelta(minutes=amount)


@given(moments, zones, st.integers(0, 400))
def test_calendar_days_end_with_the_local_day(start: datetime, zone: str, amount: int) -> None:
    due = due_at(start, spec(amount, "calendar_days"), zone)
    home = ZoneInfo(zone)
    assert due >= start.replace(microsecond=0)
    assert due.astimezone(home).date() == start.astimezone(home).date() + timedelta(days=amount)
    after = due + timedelta(seconds=1)
    assert after.astimezone(home).date() > due.astimezone(home).date()


@given(moments, zones, st.integers(0, 60))
def test_business_days_count_exactly(start: datetime, zone: str, amount: int) -> None:
    home = ZoneInfo(zone)
    first, last = start.astimezone(home).date(), due_at(start, spec(amount, "business_days"), zone)
    end = last.astimezone(home).date()
    assert is_business_day(end, CALIFORNIA)
    between = [first + timedelta(days=n) for n in range(1, (end - first).days + 1)]
    counted = sum(is_business_day(day, CALIFORNIA) for day in between)
    assert counted == (amount or (0 if end == first else 1))


@given(moments, moments, zones, st.sampled_from(["hours", "calendar_days", "business_days", "months"]))
def test_a_later_start_is_never_due_earlier(one: datetime, other: datetime, zone: str, basis: str) -> None:
    early, late = sorted((one, other))
    assert due_at(early, spec(3, basis), zone) <= due_at(late, spec(3, basis), zone)


@given(
    moments,
    zones,
    st.sampled_from(["hours", "calendar_days", "business_days", "months"]),
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 20_000)), max_size=4),
)
def test_pauses_only_ever_push_later(
    start: datetime, zone: str, basis: str, stretches: list[tuple[int, int]]
) -> None:
    clock = spec(5, basis, pause="awaiting_reporter")
    pauses = [
        Interval(start + timedelta(minutes=begin), start + timedelta(minutes=begin + length))
        for begin, length in stretches
    ]
    assert due_at(start, clock, zone, pauses=pauses) >= due_at(start, clock, zone)
    total = sum((pause.end - pause.start for pause in pauses), timedelta(0))
    if basis == "hours":
        assert due_at(start, clock, zone, pauses=pauses) <= start + timedelta(hours=5) + total


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(0, 100))
def test_months_keep_the_day_or_take_the_last(day: date, count: int) -> None:
    later = add_months(day, count)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == count
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)), zones)
def test_days_follow_each_other_without_gap_or_overlap(day: date, zone: str) -> None:
    home = ZoneInfo(zone)
    length = end_of_day(day + timedelta(days=1), home) - end_of_day(day, home)
    # Apia left out 30 December 2011: that day is over the moment it begins.
    assert timedelta(0) <= length <= timedelta(hours=25)
