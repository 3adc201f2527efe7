"""From the numbers of a pack to clocks that can run."""

from __future__ import annotations

from typing import cast

from tocsin.core.clocks.calendars import CalendarSpec
from tocsin.core.clocks.spec import Basis, Citation, ClockSpec, Extension
from tocsin.core.packs.rules import rule_for
from tocsin.core.packs.schema import Cited, Number, Pack, values_of

_MONTHS_A_YEAR = 12


def compile_clocks(pack: Pack, calendar: CalendarSpec | None = None) -> list[ClockSpec]:
    """Every deadline of one pack, in the order of the pack.

    ``calendar`` is the recipient's; by default the pack's first. Numbers that are not deadlines (a look-
    back, a threshold) are left out.
    """
    days = calendar or pack.calendars[0]
    return [
        clock_of(path, value, pack.id, days)
        for path, value in values_of(pack).items()
        if isinstance(value, Number) and rule_for(path).clock is not None
    ]


def clock_of(path: str, number: Number, pack_id: str, calendar: CalendarSpec) -> ClockSpec:
    """The clock of one number. ValueError when the number is not a deadline."""
    rule = rule_for(path).clock
    if rule is None:
        raise ValueError(f"{path} is not a deadline")
    basis, factor = basis_of(number)
    authority = citation_of(path, number, pack_id)
    ours = number.mark == "D"
    return ClockSpec(
        name=path,
        basis=basis,
        amount=number.value * factor,
        calendar=calendar if basis == "business_days" else None,
        authority=authority,
        starts=number.starts or rule.starts,
        pause=rule.pause if ours and number.pause == "never" else number.pause,
        kind=rule.kind if ours else "legal",
        on_breach=rule.on_breach,
        extension=None
        if number.extension is None
        else Extension(basis=basis, amount=number.extension * factor, authority=authority),
    )


def citation_of(path: str, value: Cited, pack_id: str) -> Citation:
    """Where a value of a pack comes from, for a clock, a notice or a page."""
    return Citation(pack=pack_id, path=path, source=value.source, mark=value.mark, note=value.note)


def basis_of(number: Number) -> tuple[Basis, int]:
    """The clock's basis, and what the value is multiplied with (years are counted as months)."""
    if number.unit == "day":
        return ("business_days" if number.basis == "business" else "calendar_days"), 1
    if number.unit == "year":
        return "months", _MONTHS_A_YEAR
    if number.unit == "count":
        raise ValueError("a count is not a length of time")
    return cast(Basis, number.unit + "s"), 1
