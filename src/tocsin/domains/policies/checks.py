"""What must be true of policies before they are published. Each check returns sentences; none means sound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import combinations

from tocsin.domains.policies.forms import (
    EVERYWHERE,
    LANGUAGES,
    SOURCE_LANGUAGE,
    ActionTable,
    Clause,
    Localised,
    Policy,
    Step,
)

_RUNGS = ("first", "second", "third")


def problems(
    table: ActionTable,
    policies: Sequence[Policy],
    *,
    known_codes: frozenset[str],
    publish_lead: Mapping[str, int],
) -> list[str]:
    """Everything that is wrong, in the order of the files."""
    found: list[str] = []
    for policy in policies:
        found += _dates(policy, publish_lead)
        found += _texts(policy)
        for clause in policy.clauses:
            found += _clause(table, clause, known_codes)
    clauses = [clause for policy in policies for clause in policy.clauses]
    return found + _twice(policies) + _overlaps(clauses)


def _dates(policy: Policy, publish_lead: Mapping[str, int]) -> list[str]:
    """Nothing binds before it was published, nor before a state has published it long enough."""
    header, found = policy.header, []
    if EVERYWHERE not in header.enforceable_from:
        found.append(f"{header.id}: it does not say from when it is enforceable in general")
    if header.effective < header.published:
        found.append(f"{header.id}: it takes effect before it is published")
    for place, day in header.enforceable_from.items():
        if day < header.effective:
            found.append(f"{header.id}: in {place or 'general'} it would bind before it takes effect")
    for place, lead in publish_lead.items():
        published = header.published_by_state.get(place)
        if published is None:
            found.append(f"{header.id}: {place} must publish it first, and no day of publication is given")
        elif EVERYWHERE in header.enforceable_from and policy.enforceable_on(place) <= published + timedelta(
            lead
        ):
            found.append(
                f"{header.id}: in {place} it must have been published for {lead} days before it binds"
            )
    return found


def _texts(policy: Policy) -> list[str]:
    """Every text is there in every language, and no translation is older than its source."""
    texts: dict[str, Localised] = {
        f"{policy.header.id} title": policy.header.title,
        f"{policy.header.id} summary": policy.header.summary,
    }
    for provision in policy.header.provisions:
        texts |= {f"{provision.id} title": provision.title, f"{provision.id} text": provision.text}
    for clause in policy.clauses:
        texts |= {f"{clause.id} title": clause.title, f"{clause.id} text": clause.text}
    found = [
        f"{place}: it must be there in {' and '.join(LANGUAGES)}"
        for place, text in texts.items()
        if set(text) != set(LANGUAGES) or not all(words.strip() for words in text.values())
    ]
    for clause in policy.clauses:
        source = clause.revised.get(SOURCE_LANGUAGE)
        for language in LANGUAGES:
            day = clause.revised.get(language)
            if source is None or day is None:
                found.append(f"{clause.id}: it does not say when its text in {language} was written")
            elif day < source:
                found.append(f"{clause.id}: the text in {language} is older than its source")
    return found


def _clause(table: ActionTable, clause: Clause, known_codes: frozenset[str]) -> list[str]:
    found = []
    if clause.violation_code not in known_codes:
        found.append(f"{clause.id}: there is no violation code {clause.violation_code!r}")
    if not clause.applies_to:
        found.append(f"{clause.id}: it applies to nobody")
    if clause.ladder.window_days <= 0:
        found.append(f"{clause.id}: breaches never count, because the window is empty")
    for word in set(clause.aggravators) - set(table.aggravators):
        found.append(f"{clause.id}: {word!r} is not an aggravator")
    for word in set(clause.mitigators) - set(table.mitigators):
        found.append(f"{clause.id}: {word!r} is not a mitigator")
    steps = dict(zip(_RUNGS, clause.ladder.rungs(), strict=True))
    if clause.interim is not None:
        steps["interim"] = clause.interim
    for name, step in steps.items():
        found += [f"{clause.id}, {name} step: {said}" for said in _step(table, clause, step)]
    if not found and not _rises(table, clause):
        found.append(f"{clause.id}: a later sanction is milder than an earlier one")
    return found


def _rises(table: ActionTable, clause: Clause) -> bool:
    """Sanctions grow from rung to rung; checks and blocks, which protect, may stand anywhere."""
    sanctions = [
        (kind.level, step.days or 0)
        for step in clause.ladder.rungs()
        if (kind := table.kind(step.action)).strike or kind.second_reader or kind.level == 0
    ]
    return sanctions == sorted(sanctions)


def _step(table: ActionTable, clause: Clause, step: Step) -> list[str]:
    """A step names a known action, has a sensible length, and takes no more automation than allowed."""
    try:
        kind = table.kind(step.action)
    except KeyError:
        return [f"there is no action {step.action!r}"]
    found = []
    if kind.min_days is not None and kind.max_days is not None:
        if step.days is None or not kind.min_days <= step.days <= kind.max_days:
            found.append(f"{step.action} lasts {kind.min_days} to {kind.max_days} days")
    elif step.days is not None and step.action != "restrict_feature":
        found.append(f"{step.action} has no length of its own")
    if (step.action == "restrict_feature") != bool(step.feature):
        found.append("a feature is named for restrict_feature, and only then")
    if step.automatic and kind.level > clause.auto_allowed:
        found.append(f"{step.action} is above level {clause.auto_allowed}, the most a machine may take here")
    if step.automatic and (
        kind.automatic == "never" or (kind.automatic == "severe" and clause.severity not in ("S0", "S1"))
    ):
        found.append(f"a machine may not take {step.action} alone for {clause.severity}")
    return found


def _twice(policies: Iterable[Policy]) -> list[str]:
    seen: set[str] = set()
    found = []
    for policy in policies:
        ids = [clause.id for clause in policy.clauses] + [one.id for one in policy.header.provisions]
        for one in ids:
            if one in seen:
                found.append(f"{one}: two clauses have this id")
            seen.add(one)
    return found


def _overlaps(clauses: Sequence[Clause]) -> list[str]:
    """No two ladders for the same code, the same kind of account and the same place."""
    return [
        f"{one.id} and {two.id} are two ladders for {one.violation_code}"
        for one, two in combinations(clauses, 2)
        if one.violation_code == two.violation_code
        and set(one.applies_to) & set(two.applies_to)
        and _places_meet(one.jurisdictions, two.jurisdictions)
    ]


def _places_meet(one: tuple[str, ...], two: tuple[str, ...]) -> bool:
    if not one or not two:
        return True
    return any(a == b or a.startswith(b + "-") or b.startswith(a + "-") for a in one for b in two)
