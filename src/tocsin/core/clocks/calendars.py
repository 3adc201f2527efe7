"""Which days are business days in a place.

A calendar is data: a country and subdivision of the ``holidays`` library (or one of its financial markets),
days the pack adds, days it takes out by name, and the weekend. Where it is doubtful whether a day is a
holiday, the packs leave it out: a deadline then falls earlier, never later than the law allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache

import holidays
import msgspec

MONDAY_TO_SUNDAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class ExtraDay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One day off that the library does not know."""

    date: date
    name: str


class CalendarSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A calendar as written in a pack.

    ``market`` names a financial calendar instead of a country; with neither, only the weekend is off.
    """

    id: str
    source: str
    country: str | None = None
    subdivision: str | None = None
    market: str | None = None
    weekend: tuple[str, ...] = ("sat", "sun")
    add: tuple[ExtraDay, ...] = ()
    remove: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.country is not None and self.market is not None:
            raise ValueError(f"calendar {self.id}: name a country or a market, not both")
        unknown = set(self.weekend) - set(MONDAY_TO_SUNDAY)
        if unknown or len(set(self.weekend)) == len(MONDAY_TO_SUNDAY):
            raise ValueError(
                f"calendar {self.id}: the weekend {self.weekend} is not made of some days of a week"
            )


def is_business_day(day: date, calendar: CalendarSpec) -> bool:
    """Whether offices work on this local date."""
    return MONDAY_TO_SUNDAY[day.weekday()] not in calendar.weekend and day not in days_off(calendar, day.year)


def next_business_day(day: date, calendar: CalendarSpec) -> date:
    """The first business day after this date."""
    while True:
        day += timedelta(days=1)
        if is_business_day(day, calendar):
            return day


@lru_cache(maxsize=512)
def days_off(calendar: CalendarSpec, year: int) -> frozenset[date]:
    """The holidays of one year, weekends not counted."""
    added = {extra.date for extra in calendar.add if extra.date.year == year}
    removed = set(calendar.remove)
    kept = {
        day for day, name in _library_days(calendar, year).items() if not set(name.split("; ")) <= removed
    }
    return frozenset(kept | added)


def _library_days(calendar: CalendarSpec, year: int) -> dict[date, str]:
    found: Mapping[date, str] = {}
    if calendar.country is not None:
        found = holidays.country_holidays(calendar.country, subdiv=calendar.subdivision, years=year)
    elif calendar.market is not None:
        found = holidays.financial_holidays(calendar.market, years=year)
    return {day: name for day, name in found.items() if day.year == year}
