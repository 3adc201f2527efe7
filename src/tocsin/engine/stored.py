"""One decided event as it was kept, and which rules fire on it: what explains a decision long afterwards,
without the counters of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tocsin.engine.decisions import Explanation
from tocsin.engine.events import Event
from tocsin.engine.language.evaluate import holds
from tocsin.engine.language.nodes import (
    Compare,
    Get,
    Known,
    Match,
    Node,
    Rule,
    Value,
    children,
    gets,
    rebuilt,
)
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.language.stages import snoozed_list
from tocsin.engine.language.texts import match_text

_REGION: Final = Get("region", "region", "text")
#: Stands for a part of a condition that nobody may look into; no feature can have its name.
_VEIL: Final = Get("feature", "a covered value", "bool")

Changed = Mapping[Get, Value | None]


@dataclass(frozen=True)
class Stored:
    """The values of one event as the engine saw them. `covered`: fields that may have had a value, which is
    not to be looked at or is destroyed. `changed`: values to assume instead."""

    event: Event
    explanation: Explanation
    covered: frozenset[str] = frozenset()
    changed: Changed = field(default_factory=dict)

    @property
    def clock(self) -> int:
        """The engine's clock, ms."""
        return self.explanation.clock

    def get(self, what: Get) -> Value | None:
        """The value, None when it is unknown or covered."""
        if what in self.changed:
            return self.changed[what]
        if what.kind == "entity":
            return getattr(self.event.entities, what.name)  # type: ignore[no-any-return]
        if what.kind == "region":
            return self.event.region
        if what.kind == "field":
            return None if what.name in self.covered else self.event.fields.get(what.name)
        return self.explanation.features.get(what.name)

    def hides(self, node: Node) -> bool:
        """Whether a condition looks at something covered."""
        return any(got.kind == "field" and got.name in self.covered for got in gets(node))


def concerns(rule: Rule, stored: Stored, rules: RuleSet) -> bool:
    """Whether a rule has a say on this event at all: its type, its place, whether it is left alone. A rule in
    canary counts as one that has, whichever accounts it was given."""
    event = stored.event
    if not rule.acts or event.type not in rule.on:
        return False
    region = stored.get(_REGION)
    if rule.jurisdictions and match_text("within", str(region or ""), rule.jurisdictions) is None:
        return False
    return not any(
        holds(Match("in", Get("entity", kind, "id"), snoozed_list(rule.id, kind)), stored, rules.lists)
        for kind in rule.snoozed
    )


def may_fire(rule: Rule, stored: Stored, rules: RuleSet) -> bool:
    """Whether the condition of a rule makes it fire; also true when that depends on a covered value."""
    answer = holds(_veiled(rule.when, stored), stored, rules.lists)
    return answer is True or (answer is None and (rule.fail == "closed" or stored.hides(rule.when)))


def _veiled(node: Node, stored: Stored) -> Node:
    """The condition, with an unknown answer in place of each question about something covered: that a covered
    value is not seen does not mean that it was not there."""
    if not stored.hides(node):
        return node
    if isinstance(node, Compare | Known | Match | Get):
        return _VEIL
    return rebuilt(node, tuple(_veiled(part, stored) for part in children(node)))
