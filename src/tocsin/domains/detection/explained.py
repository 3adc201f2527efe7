"""Why an alert was raised, in full: worked out again from the event, what the engine looked at, and the rules
of that time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import msgspec

from tocsin.core.access.check import Scope, allows, require
from tocsin.core.actor import Actor
from tocsin.domains.detection.models import Alert, Event, KeptExplanation, KeptRules
from tocsin.domains.detection.queries import personal_fields
from tocsin.engine.decisions import Explanation
from tocsin.engine.events import Entities
from tocsin.engine.events import Event as EngineEvent
from tocsin.engine.language.nodes import gets
from tocsin.engine.language.problems import RuleError
from tocsin.engine.language.ruleset import RuleSet, load
from tocsin.engine.why import Why, why

#: What is not kept any more, so that nothing can be worked out: nothing, what was looked at, the rules.
Missing = Literal["", "explanation", "rules"]


@dataclass(frozen=True, slots=True)
class Explained:
    """Why an alert was raised, by the first event that did. ``why`` is None when something is ``missing``."""

    rules_version: str
    engine_version: str
    why: Why | None
    missing: Missing


def why_raised(actor: Actor, alert: Alert, scope: Scope) -> Explained:
    """Explain the decision that raised an alert. Without sight of P3 on this row, and where its day was
    shredded, personal values are covered, and rules that look at them are counted and not shown as near.

    Raises:
        AccessDenied: without ``alerts.view``.
    """
    require(actor, "alerts.view")
    kept = KeptExplanation.objects.filter(seq=alert.first_seq).first()
    event = Event.objects.filter(seq=alert.first_seq, received_at=alert.opened_at).first()
    if kept is None or event is None:
        return Explained(alert.rules_version, "", None, "explanation")
    rules = _rules(kept.rules_version)
    if rules is None:
        return Explained(kept.rules_version, kept.engine_version, None, "rules")
    personal = personal_fields(actor, event, scope) if allows(actor, "entities.view", scope) else {}
    told = _told(event, personal)
    covered = _covered(rules, told) if event.sealed and not personal else frozenset()
    found = why(rules, told, msgspec.convert(kept.explanation, Explanation), covered)
    return Explained(kept.rules_version, kept.engine_version, found, "")


def _rules(version: str) -> RuleSet | None:
    """The rules of a version; None when their text is not kept, or is in an older language."""
    try:
        return _loaded(version)
    except (KeptRules.DoesNotExist, RuleError, _OtherVersion):
        return None


class _OtherVersion(Exception):
    """What was kept means something else in the language of today."""


@lru_cache(maxsize=4)
def _loaded(version: str) -> RuleSet:
    """The rules of a version. Only what was found is remembered."""
    rules = load(KeptRules.objects.get(version=version).sources)
    if rules.version != version:
        raise _OtherVersion
    return rules


def _told(event: Event, personal: dict[str, Any]) -> EngineEvent:
    return EngineEvent(
        id=event.event_id,
        type=event.type,
        ts=round(event.ts.timestamp() * 1000),
        entities=msgspec.convert(event.entities, Entities),
        fields={**event.fields, **personal},
        region=event.region or None,
    )


def _covered(rules: RuleSet, event: EngineEvent) -> frozenset[str]:
    """Every field that a rule for such events looks at and that is not there: it may be among the sealed."""
    return frozenset(
        got.name
        for rule in rules.rules.values()
        if event.type in rule.on
        for got in gets(rule.when)
        if got.kind == "field" and got.name not in event.fields
    )
