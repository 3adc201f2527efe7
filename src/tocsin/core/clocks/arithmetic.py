"""When a clock is due. Pure functions; no clock is read here, and nothing is stored.

What each basis means:

* seconds, minutes, hours: time that really passes. Seventy-two hours across a change to summer time
  are still seventy-two hours.
* calendar days: the day of the start is not counted, and the clock is due at the *end of the last day*,
  23:59:59 in the zone of the person it protects. Zero calendar days means the end of the same day.
* business days: likewise, counting only business days of the calendar. A start on a holiday or a weekend
  counts from the next business day. Zero business days means the end of the same day, or of the next
  business day.
* months: the same day of the month that many months later, or its last day when it is shorter; due at the
  end of that day.

A deadline that falls on a weekend is *not* moved to the Monday for calendar days and months. Some rules
allow it; being a day early is never wrong.

Pauses (only where the specification allows them) push elapsed time forward by the paused time. For days, a
day counts only when the clock was running at its end.
"""

from __future__ import annotations

import calendar as months
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tocsin.core.clocks.calendars import CalendarSpec, is_business_day
from tocsin.core.clocks.intervals import Interval, in_order, running_until
from tocsin.core.clocks.spec import UNIT_OF, Basis, ClockSpec, Extension

# Nobody waits longer than this many days; it stops a pause without an end from searching for ever.
_HORIZON_DAYS = 366 * 60


def due_at(
    start_utc: datetime,
    spec: ClockSpec,
    zone: str,
    *,
    pauses: Sequence[Interval] = (),
    extended: Extension | None = None,
) -> datetime:
    """The moment, in UTC, after which the clock is late.

    Args:
        start_utc: aware, the event that started the clock.
        spec: the length and its calendar.
        zone: IANA name of the zone of the recipient: the person whom the deadline protects.
        pauses: closed stretches of time in which the clock stood still.
        extended: extra time that was granted.

    Raises:
        ValueError: a naive start, an unknown zone, or pauses on a clock that never pauses.
    """
    start = _aware_utc(start_utc)
    home = _zone(zone)
    if pauses and spec.pause == "never":
        raise ValueError(f"clock {spec.name} never pauses")
    stops = in_order(pauses)
    if extended is None:
        return _due(start, spec.basis, spec.amount, spec.calendar, home, stops)
    if extended.basis == spec.basis:
        return _due(start, spec.basis, spec.amount + extended.amount, spec.calendar, home, stops)
    first = _due(start, spec.basis, spec.amount, spec.calendar, home, stops)
    later = [stop for stop in stops if stop.end > first]
    return _due(first, extended.basis, extended.amount, spec.calendar, home, later)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The last second of a local date, in UTC. Days of 23 or 25 hours, too, end where the next one begins."""
    tomorrow = day + timedelta(days=1)
    midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone)
    return midnight.astimezone(UTC) - timedelta(seconds=1)


def add_months(day: date, count: int) -> date:
    """The same day of the month ``count`` months later; its last day when there is no such day."""
    years, month = divmod(day.month - 1 + count, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, months.monthrange(year, month + 1)[1]))


def _due(
    start: datetime,
    basis: Basis,
    amount: int,
    calendar: CalendarSpec | None,
    zone: ZoneInfo,
    stops: Sequence[Interval],
) -> datetime:
    if basis in UNIT_OF:
        return running_until(start, amount * UNIT_OF[basis], stops)
    today = start.astimezone(zone).date()
    if basis == "months":
        target = add_months(today, amount)
        return _last_counted_day(today, (target - today).days, None, zone, stops)
    return _last_counted_day(today, amount, calendar if basis == "business_days" else None, zone, stops)


def _last_counted_day(
    today: date, amount: int, calendar: CalendarSpec | None, zone: ZoneInfo, stops: Sequence[Interval]
) -> datetime:
    """The end of the ``amount``-th counted day after ``today``; with zero, of today or the next one."""
    if calendar is None and not stops:
        return end_of_day(today + timedelta(days=amount), zone)
    day, left = today, amount
    for _ in range(_HORIZON_DAYS):
        finish = end_of_day(day, zone)
        counts = (calendar is None or is_business_day(day, calendar)) and not any(
            stop.start <= finish < stop.end for stop in stops
        )
        if counts and day > today and left > 0:
            left -= 1
        if counts and left == 0:
            return finish
        day += timedelta(days=1)
    raise ValueError("this clock would be due more than sixty years from now")


def _aware_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a clock starts at an aware moment; this one has no zone")
    return moment.astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not an IANA time zone") from error
