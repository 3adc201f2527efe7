"""Which rule holds for this account and this event.

The packs of the account's home and of the event's place are laid side by side, and the strictest value of
each path wins, unless a pack preempts a section for the places inside it. Every answer says where it came
from and what else was considered.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import msgspec

from tocsin.core.clocks.calendars import CalendarSpec
from tocsin.core.clocks.spec import Citation, ClockSpec
from tocsin.core.packs.compile import basis_of, citation_of, clock_of
from tocsin.core.packs.loader import PackSet
from tocsin.core.packs.rules import Strictest, rule_for
from tocsin.core.packs.schema import Cited, Consent, Flag, Number, Pack, Text, Words, values_of

# For comparing lengths only: a working week has five business days in seven, a month is counted long.
_SECONDS: dict[str, float] = {
    "seconds": 1,
    "minutes": 60,
    "hours": 3600,
    "calendar_days": 86_400,
    "business_days": 86_400 * 7 / 5,
    "months": 86_400 * 30.5,
}


class Candidate(msgspec.Struct, frozen=True):
    """One pack's word on a path. ``near`` tells whether the pack came from the home or the place."""

    pack: str
    near: Literal["home", "place"]
    value: Cited


class ResolvedValue(msgspec.Struct, frozen=True):
    """The value that holds, who says so, and every value that was compared, the winner included."""

    path: str
    value: Any
    cited: Cited
    authority: Citation
    considered: tuple[Candidate, ...]

    @property
    def verify_with_counsel(self) -> bool:
        return self.cited.verify_with_counsel


class Resolved(msgspec.Struct, frozen=True):
    """The rules for one account home, event place and day."""

    home: str
    place: str
    on: date
    packs: tuple[str, ...]
    preempted: tuple[str, ...]
    calendar: CalendarSpec
    values: dict[str, ResolvedValue]

    def find(self, path: str) -> ResolvedValue | None:
        """The value of a path, or None when no pack speaks about it."""
        return self.values.get(path)

    def flag(self, path: str) -> bool:
        """Whether a duty applies; no word means it does not."""
        found = self.values.get(path)
        return found is not None and found.value is True

    def words(self, path: str) -> tuple[str, ...]:
        """A list of codes or names; empty when no pack gives one."""
        found = self.values.get(path)
        return tuple(found.value) if found else ()

    def clock(self, path: str) -> ClockSpec | None:
        """The strictest clock of this name on the calendar of the account's home, or None."""
        found = self.values.get(path)
        if found is None or not isinstance(found.cited, Number):
            return None
        return clock_of(path, found.cited, found.authority.pack, self.calendar)

    def law(self, path: str) -> ClockSpec | None:
        """The strictest clock of this name that law sets, also where our own promise is stricter still."""
        found = self.values.get(path)
        said = [one for one in found.considered if one.value.mark != "D"] if found else []
        if not said or not isinstance(said[0].value, Number):
            return None
        winner = _winner(rule_for(path).strictest, said)
        assert isinstance(winner.value, Number)  # noqa: S101 - one path has one type in every pack
        return clock_of(path, winner.value, winner.pack, self.calendar)

    def clocks(self) -> list[ClockSpec]:
        """Every clock that applies."""
        paths = [path for path, one in self.values.items() if isinstance(one.cited, Number)]
        return [spec for path in paths if rule_for(path).clock and (spec := self.clock(path))]


def resolve(packs: PackSet, *, home: str, on: date, place: str = "") -> Resolved:
    """The rules for an account at home in one region and an event in another (the same when not given).

    Values that take effect after ``on`` are left out.
    """
    place = place or home
    chains: list[tuple[Literal["home", "place"], list[Pack]]] = [("home", packs.chain(home))]
    if place != home:
        chains.append(("place", packs.chain(place)))
    everybody = {pack.id: pack for _, chain in chains for pack in chain}
    blocked = _preempted(list(everybody.values()), on)
    by_path: dict[str, list[Candidate]] = {}
    for near, chain in chains:
        for pack in chain:
            for path, value in _speaking(pack, home if near == "home" else place, on):
                if (pack.id, path.partition(".")[0]) not in blocked:
                    by_path.setdefault(path, []).append(Candidate(pack.id, near, value))
    return Resolved(
        home=home,
        place=place,
        on=on,
        packs=tuple(everybody),
        preempted=tuple(sorted(f"{pack}:{section}" for pack, section in blocked)),
        calendar=packs.calendar_for(home),
        values={path: _strictest(path, candidates) for path, candidates in by_path.items()},
    )


def _speaking(pack: Pack, region: str, on: date) -> list[tuple[str, Cited]]:
    if pack.effective > on:
        return []
    values = dict(values_of(pack))
    for member in pack.members:
        if member.id == region.split("-")[0]:
            source = f"Official languages of {member.name}"
            values["languages"] = Words(value=member.languages, source=source, mark="R")
    return [(path, one) for path, one in values.items() if one.effective is None or one.effective <= on]


def _preempted(packs: list[Pack], on: date) -> set[tuple[str, str]]:
    return {
        (inner.id, rule.section)
        for outer in packs
        for rule in outer.preempts
        if rule.effective is None or rule.effective <= on
        for inner in packs
        if inner.id.startswith(outer.id + "-")
    }


def _strictest(path: str, candidates: list[Candidate]) -> ResolvedValue:
    rule = rule_for(path).strictest
    winner = _winner(rule, candidates)
    value = _merged(rule, candidates) if rule in ("union", "intersection") else _plain(winner.value)
    return ResolvedValue(
        path=path,
        value=value,
        cited=winner.value,
        authority=citation_of(path, winner.value, winner.pack),
        considered=tuple(candidates),
    )


def _winner(rule: Strictest, candidates: list[Candidate]) -> Candidate:
    """The candidate that decides; among equals law before default, then the nearest pack of the home."""
    if rule == "place":
        return next((one for one in candidates if one.near == "place"), candidates[0])
    ranked = sorted(candidates, key=lambda one: (_rank(rule, one.value), one.value.mark == "D"))
    return ranked[0]


def _rank(rule: Strictest, value: Cited) -> float:
    """Smaller is stricter."""
    if isinstance(value, Number):
        size = value.value if value.unit == "count" else _seconds(value)
        return size if rule == "lowest" else -size
    if isinstance(value, Flag):
        return 0 if value.value is (rule == "true") else 1
    if isinstance(value, Consent):
        return 0 if value.value == "all_party" else 1
    return 0


def _seconds(number: Number) -> float:
    basis, factor = basis_of(number)
    return number.value * factor * _SECONDS[basis]


def _plain(value: Cited) -> Any:
    return value.value if isinstance(value, Number | Flag | Consent | Words | Text) else value


def _merged(rule: Strictest, candidates: list[Candidate]) -> Any:
    lists = [one.value.value for one in candidates if isinstance(one.value, Words)]
    if not lists:
        return _plain(candidates[0].value)
    kept = [word for word in lists[0] if all(word in other for other in lists)]
    return tuple(kept if rule == "intersection" else dict.fromkeys(word for words in lists for word in words))
