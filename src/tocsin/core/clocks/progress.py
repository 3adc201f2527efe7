"""How a running clock stands now, and when an office is next open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from tocsin.core.clocks.arithmetic import due_at
from tocsin.core.clocks.calendars import CalendarSpec, is_business_day, next_business_day
from tocsin.core.clocks.intervals import Interval
from tocsin.core.clocks.spec import ClockSpec, Extension


class Remaining(msgspec.Struct, frozen=True):
    """``left`` is negative once the clock is late. ``due`` is what it would be if a pause ended now."""

    due: datetime
    left: timedelta
    paused: bool

    @property
    def late(self) -> bool:
        return self.left < timedelta(0)


class OfficeHours(msgspec.Struct, frozen=True):
    """Local opening hours on business days; ``closes`` is not included."""

    opens: time
    closes: time

    def __post_init__(self) -> None:
        if self.closes <= self.opens:
            raise ValueError("an office closes after it opens")


def remaining(
    now_utc: datetime,
    start_utc: datetime,
    spec: ClockSpec,
    zone: str,
    *,
    pauses: Sequence[Interval] = (),
    paused_since: datetime | None = None,
    extended: Extension | None = None,
) -> Remaining:
    """How much time is left. ``paused_since`` is the start of a pause that has not ended."""
    stops = list(pauses)
    if paused_since is not None:
        stops.append(Interval(paused_since, max(paused_since, now_utc)))
    due = due_at(start_utc, spec, zone, pauses=stops, extended=extended)
    return Remaining(due=due, left=due - now_utc.astimezone(UTC), paused=paused_since is not None)


def next_business_moment(
    moment_utc: datetime, calendar: CalendarSpec, zone: str, hours: OfficeHours
) -> datetime:
    """The moment itself when the office is open, otherwise the next opening, in UTC."""
    home = ZoneInfo(zone)
    local = moment_utc.astimezone(home)
    day = local.date()
    open_today = is_business_day(day, calendar)
    if open_today and hours.opens <= local.time() < hours.closes:
        return moment_utc.astimezone(UTC)
    if not (open_today and local.time() < hours.opens):
        day = next_business_day(day, calendar)
    return datetime.combine(day, hours.opens, tzinfo=home).astimezone(UTC)
