"""How severe a report is, and why. Pure: the same answers give the same severity.

Every rule here can only raise. A person may raise further at any time; only a supervisor may lower, with a
reason. Machine triage never closes S0 to S2.

The order of the rules: the worst default of the codes; answers that a code waits for; danger right now;
injuries; aggravators (one step for all of them together, so that two mild facts do not wake a supervisor at
night); words that may mean danger.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, cast

import msgspec

from tocsin.domains.reports.answers import UNKNOWN, injured, picked
from tocsin.domains.reports.danger_words import find_danger
from tocsin.domains.reports.taxonomy import UNCLASSIFIED, Entry, Taxonomy, current
from tocsin.domains.reports.taxonomy_form import Localised, Severity

Aggravator = Literal["minor", "weapon", "live_delivery", "same_offender", "fears_retaliation"]

AGGRAVATORS: dict[Aggravator, Localised] = {
    "minor": {"en": "A minor is involved.", "es": "Hay un menor de edad."},
    "weapon": {"en": "A weapon is involved.", "es": "Hay un arma."},
    "live_delivery": {"en": "The delivery is still going on.", "es": "La entrega sigue en curso."},
    "same_offender": {
        "en": "The same person was reported before.",
        "es": "Ya hubo un informe sobre la misma persona.",
    },
    "fears_retaliation": {
        "en": "The reporter fears that somebody will take revenge.",
        "es": "Quien informa teme represalias.",
    },
}
_NOT_SAFE = {
    "en": "The reporter says that they are not safe now.",
    "es": "Quien informa dice que no está a salvo.",
}
_NOT_SURE = {
    "en": "It is about safety, and it is not known whether the reporter is safe now.",
    "es": "Se trata de seguridad y no se sabe si quien informa está a salvo.",
}
_HURT = {"en": "Somebody is hurt.", "es": "Hay alguien herido."}
_UNCLEAR = {
    "en": "It is not clear yet what this is about. A person will classify it.",
    "es": "Todavía no está claro de qué se trata. Una persona lo clasificará.",
}


class Reason(msgspec.Struct, frozen=True):
    """One step of the reasoning: which rule, the severity it asks for, and why in words."""

    rule: str
    severity: Severity
    text: Localised
    detail: tuple[str, ...] = ()


class Triage(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome.

    ``codes`` are those that are known, or ``OTH.unclassified``. ``routed`` names another team only when every
    code goes there and nothing raised the report. ``data_class`` and ``restricted`` are the strictest of the
    codes.
    """

    severity: Severity
    codes: tuple[str, ...]
    reasons: tuple[Reason, ...]
    unclassified: bool
    routed: str
    restricted: bool
    data_class: str
    desk: str
    protect: tuple[str, ...]


def triage(
    codes: Sequence[str],
    facts: Mapping[str, object] | None = None,
    aggravators: Collection[Aggravator] = (),
    narrative: str = "",
    *,
    taxonomy: Taxonomy | None = None,
) -> Triage:
    """Give a report its first severity.

    Args:
        codes: what is alleged; unknown ones make the report unclassified.
        facts: answers by fact key, such as ``{"safe_now": "no", "injuries": "a cut hand"}``. Leave out what
            was not asked: "unknown" is an answer, and for safety it raises.
        aggravators: what makes the same act worse.
        narrative: the reporter's words in any language.
        taxonomy: by default the one in force.
    """
    using = taxonomy or current()
    given = dict(facts or {})
    entries = [entry for code in dict.fromkeys(codes) if (entry := using.find(code))]
    unclassified = not entries or len(entries) < len(set(codes))
    if unclassified:
        entries.append(using.entries[UNCLASSIFIED])
    reasons = [_default(entry) for entry in entries]
    if unclassified:
        reasons.append(Reason("unclear", using.entries[UNCLASSIFIED].severity, _UNCLEAR))
    reasons += _answers(entries, given)
    reasons += _aggravated(min(one.severity for one in reasons), entries, aggravators)
    reasons += [Reason(f"words:{one.id}", one.to, one.because, one.phrases) for one in find_danger(narrative)]
    severity = min(one.severity for one in reasons)
    routes = {entry.routed for entry in entries}
    worst = min(entries, key=lambda entry: entry.severity)
    return Triage(
        severity=severity,
        codes=tuple(entry.code for entry in entries),
        reasons=tuple(reasons),
        unclassified=unclassified,
        routed=routes.pop() if len(routes) == 1 and severity == "S4" else "",
        restricted=any(entry.restricted for entry in entries),
        data_class=max(entry.data_class for entry in entries),
        desk=worst.desk,
        protect=tuple(dict.fromkeys(action for entry in entries for action in entry.protect)),
    )


def _default(entry: Entry) -> Reason:
    return Reason(f"code:{entry.code}", entry.severity, entry.title)


def _answers(entries: Sequence[Entry], given: Mapping[str, object]) -> list[Reason]:
    reasons = [
        Reason(f"answer:{rule.fact}", rule.to, rule.because)
        for entry in entries
        for rule in entry.raises
        if picked(given.get(rule.fact)) in rule.values or (rule.hurt and injured(given.get(rule.fact)))
    ]
    about_safety = any(entry.desk == "safety" for entry in entries)
    safe = picked(given.get("safe_now"))
    if safe == "no":
        reasons.append(Reason("not_safe", "S0", _NOT_SAFE))
    elif safe == UNKNOWN and about_safety and min(entry.severity for entry in entries) <= "S2":
        reasons.append(Reason("safety_not_known", "S1", _NOT_SURE))
    if injured(given.get("injuries")):
        reasons.append(Reason("injuries", "S2", _HURT))
    return reasons


def _aggravated(
    so_far: Severity, entries: Sequence[Entry], aggravators: Collection[Aggravator]
) -> list[Reason]:
    """One step up, said once for each aggravator that counts. Routine delivery trouble is always live."""
    counting = [
        one
        for one in AGGRAVATORS
        if one in aggravators and not (one == "live_delivery" and all(entry.routed for entry in entries))
    ]
    raised = cast(Severity, f"S{max(0, int(so_far[1]) - 1)}")
    return [Reason(f"aggravator:{one}", raised, AGGRAVATORS[one]) for one in counting]
