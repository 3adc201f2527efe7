"""Why an event raised an alert, in full: worked out again from the event, what the engine looked at, and the
rules of that time."""

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
from tocsin.engine.language.rules import SENDER
from tocsin.engine.language.ruleset import RuleSet, load
from tocsin.engine.why import Why, why

#: What is not kept any more, so that nothing can be worked out: nothing, what was looked at, the rules.
Missing = Literal["", "explanation", "rules"]


@dataclass(frozen=True, slots=True)
class Explained:
    """Why an event raised an alert. ``seq``: its place in the log. ``why`` is None when something is
    ``missing``."""

    seq: int
    rules_version: str
    engine_version: str
    why: Why | None
    missing: Missing


def why_raised(actor: Actor, alert: Alert, scope: Scope, *, newest: bool = False) -> Explained:
    """Explain the decision that raised an alert, or the ``newest`` that added to it. Without sight of P3 on
    this row, and where its day was shredded, personal values are covered, and rules that look at them are
    counted and not shown as near.

    Raises:
        AccessDenied: without ``alerts.view``.
    """
    require(actor, "alerts.view")
    seq, at = (alert.last_seq, alert.last_at) if newest else (alert.first_seq, alert.opened_at)
    kept = KeptExplanation.objects.filter(seq=seq).first()
    event = Event.objects.filter(seq=seq, received_at=at).first()
    if kept is None or event is None:
        return Explained(seq, alert.rules_version, "", None, "explanation")
    rules = _rules(kept.rules_version)
    if rules is None:
        return Explained(seq, kept.rules_version, kept.engine_version, None, "rules")
    personal = personal_fields(actor, event, scope) if allows(actor, "entities.view", scope) else {}
    told = _told(event, personal)
    covered = _covered(rules, told) if event.sealed and not personal else frozenset()
    found = why(rules, told, msgspec.convert(kept.explanation, Explanation), covered)
    return Explained(seq, kept.rules_version, kept.engine_version, found, "")


def asks(rule: str, rules_version: str, action: str, target_kind: str) -> bool:
    """For our own processes: whether a rule of that version itself asks for such an action, and not another
    one that fired on the same event. When its text is not kept, it may have."""
    rules = _rules(rules_version)
    if rules is None or rule not in rules.rules:
        return True
    return any(
        one.type == action and {target_kind, SENDER} & set(one.targets) for one in rules.rules[rule].actions
    )


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
