"""Why a decision was what it was, worked out long afterwards from what was kept: what fired with every value
and threshold, what nearly fired, and the smallest change that would have changed the verdict.

A pure function of the rules, the event and the explanation: the same again at any time, on any machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tocsin.engine.counterfactual import Smallest, smallest_change
from tocsin.engine.decisions import Explanation
from tocsin.engine.events import Event, Scalar
from tocsin.engine.language.evaluate import holds, matches, value_of
from tocsin.engine.language.nodes import (
    AnyOf,
    Compare,
    Constant,
    Get,
    Known,
    Match,
    Node,
    Not,
    Rule,
    Value,
    children,
    gets,
    rebuilt,
)
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.language.sentences import fill, looked_at
from tocsin.engine.language.stages import SHARES
from tocsin.engine.language.written import written
from tocsin.engine.scores.raised import Scored, scored
from tocsin.engine.stored import Stored, concerns, may_fire
from tocsin.engine.vocabulary import SEVERITIES, VERDICTS

#: A value is near its threshold from this share of the larger of both, or within one unit of a whole number.
#: Nothing at all is near to nothing: with none of three, or of one, a rule has not nearly fired.
NEAR: Final = 0.8
_OPPOSITE: Final = {">": "<=", "<=": ">", "<": ">=", ">=": "<", "==": "!=", "!=": "=="}


@dataclass(frozen=True)
class Check:
    """One question of a condition and its answer.

    `name`: what was looked at, as the rule writes it. `op`: > >= < <= == !=, "is" (yes or no), "known",
    "unknown", "matches" or "matches not". `threshold`: what it was compared with; of a match, the name of the
    list or pattern. `held`: None when the value is unknown or covered. `alternative`: one of several
    questions of which one is enough.
    """

    name: str
    value: Value | None
    op: str
    threshold: Value | None
    held: bool | None
    alternative: bool
    covered: bool


@dataclass(frozen=True)
class Because:
    """A rule that fired: every question of its condition, and its reason in words fit for a letter, by
    language: values that were looked at, but no threshold that would teach how to stay below it. `scores`:
    what raised the scores that made it fire."""

    rule: Rule
    checks: tuple[Check, ...]
    texts: dict[str, str]
    scores: tuple[Scored, ...]


@dataclass(frozen=True)
class Near:
    """A rule that one comparison kept from firing. `needed`: the nearest value with which it would have
    fired. `nearness`: the smaller of both over the larger, 1 for the same."""

    rule: Rule
    check: Check
    needed: Value
    nearness: float


@dataclass(frozen=True)
class Why:
    """The whole explanation. `hidden`: rules that may have nearly fired, but look at something covered.
    `reproduced`: whether exactly the rules that fired then fire on what was kept, and models give the same
    scores."""

    rules_version: str
    verdict: str
    fired: tuple[Because, ...]
    near: tuple[Near, ...]
    hidden: int
    smallest: Smallest
    reproduced: bool


def why(rules: RuleSet, event: Event, explanation: Explanation, covered: frozenset[str] = frozenset()) -> Why:
    """Explain a decision in which a rule fired, by the rules of that time. `covered`: fields that may have
    had a value which is not to be looked at. Rules come worst first, near ones nearest first."""
    stored = Stored(event, explanation, covered)
    names = {one.rule for one in explanation.fired}
    concerned = sorted(
        (rule for rule in rules.rules.values() if concerns(rule, stored, rules)), key=_worst_first
    )
    fired = [rule for rule in concerned if rule.id in names]
    because = tuple(_because(rule, stored, rules) for rule in fired)
    others = [rule for rule in concerned if rule.id not in names and rule.share == SHARES]
    hidden = [rule for rule in others if stored.hides(rule.when)]
    near = [found for rule in others if rule not in hidden and (found := _near(rule, stored, rules))]
    smallest = smallest_change(rules, stored)
    return Why(
        rules_version=rules.version,
        verdict=max((one.verdict for one in explanation.fired), key=VERDICTS.index),
        fired=because,
        near=tuple(sorted(near, key=lambda one: -one.nearness)),
        hidden=len(hidden),
        smallest=smallest,
        reproduced=names == {rule.id for rule in fired if may_fire(rule, stored, rules)}
        and not any(may_fire(rule, stored, rules) for rule in others if rule not in hidden)
        and all(score.reproduced for one in because for score in one.scores),
    )


def _worst_first(rule: Rule) -> tuple[int, int, str]:
    return -VERDICTS.index(rule.verdict), SEVERITIES.index(rule.severity), rule.id


def _because(rule: Rule, stored: Stored, rules: RuleSet) -> Because:
    values: dict[str, Scalar] = dict(looked_at(rule, stored, rules.lists))
    asked = [name for name in values if name in rules.features and rules.features[name].kind == "score"]
    scores = tuple(found for name in asked if (found := scored(name, rules, stored)) is not None)
    values |= dict.fromkeys(sorted(stored.covered & {got.name for got in gets(rule.when)}), "…")
    texts = {language: fill(text, values) for language, text in rule.reason.items()}
    return Because(rule, tuple(check for check, _ in _checks(rule.when, stored, rules)), texts, scores)


def _checks(
    node: Node, stored: Stored, rules: RuleSet, *, negated: bool = False, alternative: bool = False
) -> Iterator[tuple[Check, Node]]:
    """Every question of a condition as it has to be answered for the whole to hold, and its node."""
    if isinstance(node, Not):
        yield from _checks(node.part, stored, rules, negated=not negated, alternative=alternative)
    elif isinstance(node, Compare | Known | Match | Get | Constant):
        yield _check(node, stored, rules, negated=negated, alternative=alternative), node
    else:
        either = alternative or isinstance(node, AnyOf) != negated
        for part in children(node):
            yield from _checks(part, stored, rules, negated=negated, alternative=either)


def _check(node: Node, stored: Stored, rules: RuleSet, *, negated: bool, alternative: bool) -> Check:
    covered = stored.hides(node)
    answer = None if covered else holds(node, stored, rules.lists)
    asked = node.a if isinstance(node, Compare) else children(node)[0] if children(node) else node
    value = None if covered else value_of(asked, stored)
    op: str
    threshold: Value | None
    if isinstance(node, Compare):
        op = _OPPOSITE[node.op] if negated else node.op
        threshold = None if covered else value_of(node.b, stored)
    elif isinstance(node, Known):
        op, threshold = "unknown" if negated else "known", None
    elif isinstance(node, Match):
        op, threshold = "matches not" if negated else "matches", node.list or node.how
        if node.how == "says" and isinstance(value, str):
            value = matches("says", value, rules.lists.get(node.list), stored.clock)
    else:
        op, threshold = "is", not negated
    held = None if answer is None else answer != negated
    return Check(written(asked), value, op, threshold, held, alternative, covered)


def _near(rule: Rule, stored: Stored, rules: RuleSet) -> Near | None:
    """The comparison that alone kept a rule from firing, when its value is near enough."""
    found = [
        near
        for check, node in _checks(rule.when, stored, rules)
        if isinstance(node, Compare) and check.held is False
        if (near := _nearly(rule, check, node)) is not None
        if holds(_turned(rule.when, node, stored, rules), stored, rules.lists)
    ]
    return max(found, key=lambda one: one.nearness, default=None)


def _nearly(rule: Rule, check: Check, node: Compare) -> Near | None:
    value, threshold = check.value, check.threshold
    if isinstance(value, bool | str | None) or isinstance(threshold, bool | str | None):
        return None
    whole = node.a.type == "int"
    needed = _needed(check.op, value, threshold) if whole else threshold
    if needed is None:
        return None
    low, high = sorted((abs(value), abs(needed)))
    nearness = low / high if high and value * needed >= 0 else 0.0
    if not nearness or (nearness < NEAR and not (whole and abs(needed - value) <= 1)):
        return None
    return Near(rule, check, needed, nearness)


def _needed(op: str, value: float, threshold: float) -> int | None:
    """The nearest whole number for which the comparison holds, when it does not hold for `value`."""
    if op == "!=":
        return int(value) + 1
    if op == "==":
        return int(threshold) if float(threshold).is_integer() else None
    if op in (">", ">="):
        return math.floor(threshold) + 1 if op == ">" else math.ceil(threshold)
    return math.ceil(threshold) - 1 if op == "<" else math.floor(threshold)


def _turned(condition: Node, turned: Node, stored: Stored, rules: RuleSet) -> Node:
    """The condition with the other answer to one question."""
    if condition is turned:
        return Constant(not holds(turned, stored, rules.lists), "bool")
    return rebuilt(condition, tuple(_turned(part, turned, stored, rules) for part in children(condition)))
