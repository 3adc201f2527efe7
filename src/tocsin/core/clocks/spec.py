"""What a clock is, before it runs: a name, a length, who says so, and what happens when it is missed."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import msgspec

from tocsin.core.clocks.calendars import CalendarSpec

Basis = Literal["seconds", "minutes", "hours", "calendar_days", "business_days", "months"]
Pause = Literal["never", "awaiting_reporter"]
Kind = Literal["legal", "internal", "promise"]
Mark = Literal["V", "S", "R", "D"]
BreachVerb = Literal[
    "page_supervisor",
    "page_next_tier",
    "escalate",
    "release_hold",
    "review_interim",
    "tell_reporter",
    "tell_privacy_officer",
    "tell_legal",
    "close_window",
    "allow_action",
    "purge",
    "record",
]

# The bases that are time passing, and not days of somebody's calendar.
UNIT_OF: dict[str, timedelta] = {
    "seconds": timedelta(seconds=1),
    "minutes": timedelta(minutes=1),
    "hours": timedelta(hours=1),
}


class Citation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a number comes from.

    ``mark`` is V (read in an official text), S (read second-hand), R (recalled, not read again) or D (a
    default this project chose). Numbers marked R are shown with a request to check them with counsel.
    """

    pack: str
    path: str
    source: str
    mark: Mark
    note: str = ""

    @property
    def verify_with_counsel(self) -> bool:
        return self.mark == "R"


class Extension(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """More time that a rule allows once, added to the clock's own length when the basis is the same."""

    basis: Basis
    amount: int
    authority: Citation | None = None


class ClockSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One kind of deadline.

    Attributes:
        name: dotted and stable, such as ``privacy.answer``.
        basis, amount: the length; see :mod:`tocsin.core.clocks.arithmetic` for what each basis means.
        calendar: which days are business days; needed when the basis is business days.
        authority: the citation of the number.
        starts: the event that starts the clock, in words.
        pause: when the clock stands still. A legal clock never does, unless its pack says so.
        kind: legal (a rule of law), promise (told to somebody) or internal (our own objective).
        on_breach: what the worker does when the moment passes and the clock still runs.
        extension: the extra time the rule allows, if any.
    """

    name: str
    basis: Basis
    amount: int
    authority: Citation
    calendar: CalendarSpec | None = None
    starts: str = ""
    pause: Pause = "never"
    kind: Kind = "internal"
    on_breach: BreachVerb = "record"
    extension: Extension | None = None

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError(f"clock {self.name}: the amount is negative")
        if self.basis == "business_days" and self.calendar is None:
            raise ValueError(f"clock {self.name}: business days need a calendar")
