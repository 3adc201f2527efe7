"""Reading policy: which clause binds where and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.actor import Actor
from tocsin.core.errors import InvalidInput
from tocsin.core.packs.today import rules_for
from tocsin.domains.policies import forms
from tocsin.domains.policies.ladder import PlaceRules, machine_may
from tocsin.domains.policies.models import Clause, PolicyVersion
from tocsin.domains.policies.text import clause_from_body, holds_in

_forms: dict[tuple[str, str], forms.Clause] = {}


def machine_form(clause: Clause) -> forms.Clause:
    """The clause as the ladder reads it. A published clause never changes, so its parsed form is kept."""
    key = (clause.version_id, clause.clause_id)
    if key not in _forms:
        _forms[key] = clause_from_body(clause.body)
    return _forms[key]


def _enforceable_on(clause: Clause, region: str) -> dt.date:
    parts = region.split("-") if region else []
    for count in range(len(parts), 0, -1):
        place = "-".join(parts[:count])
        if place in clause.enforceable_from:
            return dt.date.fromisoformat(clause.enforceable_from[place])
    return dt.date.fromisoformat(clause.enforceable_from[forms.EVERYWHERE])


def _binding(clauses: Iterable[Clause], region: str, at: dt.datetime) -> list[Clause]:
    """Of several versions of a clause the newest that binds at that place and time."""
    newest: dict[str, Clause] = {}
    for clause in clauses:
        if clause.version.effective_from > at or _enforceable_on(clause, region) > at.date():
            continue
        if not holds_in(machine_form(clause), region):
            continue
        held = newest.get(clause.clause_id)
        if held is None or held.version.version < clause.version.version:
            newest[clause.clause_id] = clause
    return list(newest.values())


def clause_in_force(clause_id: str, *, region: str, at: dt.datetime) -> Clause:
    """The version of a clause that binds at that place and time (handbook §6).

    Raises:
        InvalidInput: there is no such clause, or it does not bind there yet.
    """
    rows = Clause.objects.select_related("version").filter(clause_id=clause_id)
    found = _binding(rows, region, at)
    if not found:
        known = rows.exists()
        raise InvalidInput(
            f"Clause {clause_id} does not bind in {region or 'this place'} yet."
            if known
            else f"There is no clause {clause_id!r}.",
            "Choose a clause that was in force there when it happened.",
            fields={"clause": "Choose a clause in force at that place and time."},
        )
    return found[0]


def clauses_for(codes: Sequence[str], *, region: str, at: dt.datetime) -> list[Clause]:
    """All clauses in force at that place and time, those about ``codes`` first, then by id."""
    rows = _binding(Clause.objects.select_related("version"), region, at)
    wanted = set(codes)
    return sorted(rows, key=lambda clause: (clause.violation_code not in wanted, clause.clause_id))


def search(actor: Actor, text: str, *, at: dt.datetime, region: str = "") -> list[Clause]:
    """Clauses in force whose code, id, title or text has all the words of ``text``."""
    require(actor, "policies.view")
    words = text.lower().split()
    return [
        clause
        for clause in clauses_for((), region=region, at=at)
        if all(word in _haystack(clause) for word in words)
    ]


def _haystack(clause: Clause) -> str:
    parts = [clause.clause_id, clause.violation_code, *clause.title.values(), *clause.text.values()]
    return " ".join(parts).lower()


def automation_may(codes: Sequence[str], level: int, region: str) -> bool:
    """Whether policy in force, and the law of the place, let a machine take a step of this level alone."""
    if not machine_may(level, PlaceRules.of(rules_for(region))):
        return False
    rows = Clause.objects.select_related("version").filter(violation_code__in=list(codes))
    return any(
        machine_form(clause).auto_allowed >= level for clause in _binding(rows, region, timezone.now())
    )


def suspends_on_report(codes: Sequence[str], region: str) -> bool:
    """Whether the law of the place wants any report of one of these codes to suspend at once."""
    return not PlaceRules.of(rules_for(region)).zero_tolerance.isdisjoint(codes)


def versions() -> list[PolicyVersion]:
    """Every published version, newest first."""
    return list(PolicyVersion.objects.order_by("policy", "-version"))
