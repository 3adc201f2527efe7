"""The smallest change that would have changed a verdict.

A rule's answer can only change where a value passes the border of a comparison. So of each value that the
deciding rules looked at, the values just at, below and above every such border are tried, the other side of
the comparison being what it was: first one value alone, then two together, and so on. What is found is
verified by the meaning of the rules. A comparison of which both sides would have to move is not looked for.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from tocsin.engine.language.evaluate import value_of
from tocsin.engine.language.nodes import (
    Calculate,
    Compare,
    Get,
    Known,
    Match,
    Node,
    Rule,
    Value,
    gets,
    walk,
)
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.stored import Changed, Stored, concerns, may_fire
from tocsin.engine.vocabulary import VERDICTS

MAX_VALUES: Final = 4  # that change together
MAX_TRIED: Final = 5_000  # combinations, so that a page never waits for long


@dataclass(frozen=True)
class Change:
    """One value that would have been another. `to` is None for "not there", and "" for any other text or
    id."""

    what: Get
    value: Value | None
    to: Value | None


@dataclass(frozen=True)
class Smallest:
    """The fewest values that would have made the verdict milder, and of those the least relative change; by
    name. None at all: there is no such change, or, when the search was not `complete`, none was found in as
    many tries as there may be. `verdict`: what it would have been."""

    changes: tuple[Change, ...]
    verdict: str
    complete: bool


def smallest_change(rules: RuleSet, stored: Stored) -> Smallest:
    """The smallest change of single values after which no rule as bad as the verdict fires."""
    search = _Search(rules, stored)
    tried = 0
    for size in range(1, min(MAX_VALUES, len(search.borders)) + 1):
        found: list[tuple[float, list[str], Changed]] = []
        for changed in search.candidates(size):
            tried += 1
            if tried > MAX_TRIED:
                return search.answer(found, complete=False)
            if search.is_milder(changed):
                cost = sum(_cost(stored.get(what), to) for what, to in changed.items())
                found.append((cost, [f"{what.name} {to}" for what, to in changed.items()], changed))
        if found:
            return search.answer(found, complete=True)
    return search.answer([], complete=len(search.borders) <= MAX_VALUES)


class _Search:
    """What the search is over: the rules that decided, and the borders of what they looked at."""

    def __init__(self, rules: RuleSet, stored: Stored) -> None:
        self._rules = rules
        self._stored = stored
        self._fired = {one.rule for one in stored.explanation.fired}
        self._all = [rule for rule in rules.rules.values() if concerns(rule, stored, rules)]
        self.verdict = max((one.verdict for one in stored.explanation.fired), key=VERDICTS.index)
        worst = VERDICTS.index(self.verdict)
        self._rivals = [rule for rule in self._all if VERDICTS.index(rule.verdict) >= worst]
        self._deciding = [rule for rule in self._rivals if rule.id in self._fired]
        self.borders = self._borders()

    def candidates(self, size: int) -> Iterator[Changed]:
        """Every change of so many values that touches every rule that decided."""
        for chosen in itertools.combinations(self.borders, size):
            if all(set(gets(rule.when)) & set(chosen) for rule in self._deciding):
                for values in itertools.product(*(self.borders[what] for what in chosen)):
                    yield dict(zip(chosen, values, strict=True))

    def is_milder(self, changed: Changed) -> bool:
        """Whether no rule as bad as the verdict fires any more."""
        return not any(self._fires(rule, changed) for rule in self._rivals)

    def answer(self, found: list[tuple[float, list[str], Changed]], *, complete: bool) -> Smallest:
        """The best of what was found."""
        if not found:
            return Smallest((), self.verdict, complete)
        *_, changed = min(found, key=lambda one: one[:2])
        changes = [Change(what, self._stored.get(what), to) for what, to in changed.items()]
        left = [rule.verdict for rule in self._all if self._fires(rule, changed)]
        verdict = max(left, key=VERDICTS.index, default="allow")
        return Smallest(tuple(sorted(changes, key=lambda one: one.what.name)), verdict, complete)

    def _fires(self, rule: Rule, changed: Changed) -> bool:
        """An answer that no changed value can have moved is the one that was given."""
        if not set(gets(rule.when)) & changed.keys():
            return rule.id in self._fired
        return may_fire(rule, replace(self._stored, changed=changed), self._rules)

    def _borders(self) -> dict[Get, list[Value | None]]:
        """The values to try, for everything the deciding rules looked at."""
        looked_at = dict.fromkeys(got for rule in self._deciding for got in gets(rule.when))
        borders: dict[Get, dict[Value | None, None]] = {
            got: {} for got in looked_at if not self._stored.hides(got)
        }
        for rule in self._rivals:
            for what, value in _borders_of(rule.when, self._stored):
                if what in borders:
                    borders[what][value] = None
        return {what: found for what, values in borders.items()
                if (found := [value for value in values if value != self._stored.get(what)])}  # fmt: skip


def _borders_of(condition: Node, stored: Stored) -> Iterator[tuple[Get, Value | None]]:
    for node in walk(condition):
        if isinstance(node, Compare):
            yield from _borders_of_comparison(node, stored)
        elif isinstance(node, Known) and isinstance(node.part, Get):
            yield node.part, None
        elif isinstance(node, Match) and isinstance(node.part, Get):
            yield node.part, ""
        elif isinstance(node, Get) and node.type == "bool":
            yield node, False
            yield node, True


def _borders_of_comparison(node: Compare, stored: Stored) -> Iterator[tuple[Get, Value | None]]:
    for side, other in ((node.a, node.b), (node.b, node.a)):
        border = value_of(other, stored)
        if border is None:
            continue
        for got in gets(side):
            if got.type in ("int", "number"):
                yield from ((got, near) for near in _around(got, _solved(side, got, border, stored)))
            elif got == side:
                yield from ((got, value) for value in _others(border))


def _solved(node: Node, what: Get, target: Value | None, stored: Stored) -> float | None:
    """The value of `what` with which an expression has the value `target`; None when there is no single
    one."""
    if not isinstance(target, int | float) or isinstance(target, bool):
        return None
    if node == what:
        return target
    if not isinstance(node, Calculate):
        return None
    inside, beside = (node.a, node.b) if what in gets(node.a) else (node.b, node.a)
    other = value_of(beside, stored)
    if what in gets(beside) or not isinstance(other, int | float):
        return None
    return _solved(inside, what, _undone(node.op, target, other, first=inside is node.a), stored)


def _undone(op: str, target: float, other: float, *, first: bool) -> float | None:
    """x, where x op other (or, not `first`, other op x) is target."""
    if op == "+":
        return target - other
    if op == "-":
        return target + other if first else other - target
    if op == "*":
        return target / other if other else None
    if first:
        return target * other
    return other / target if target else None


def _around(what: Get, border: float | None) -> Iterable[Value]:
    """The values of its type at a border and next to it."""
    if border is None or not math.isfinite(border):
        return ()
    if what.type == "int":
        return sorted({math.ceil(border) - 1, math.floor(border), math.ceil(border), math.floor(border) + 1})
    return (math.nextafter(border, -math.inf), float(border), math.nextafter(border, math.inf))


def _others(border: Value) -> tuple[Value, ...]:
    return (border, not border) if isinstance(border, bool) else (border, "")


def _cost(before: Value | None, after: Value | None) -> float:
    """How large a change is, relative to the larger of both values; 1 for what has no size."""
    if not _is_number(before) or not _is_number(after):
        return 1.0
    a, b = float(before), float(after)  # type: ignore[arg-type]
    return abs(a - b) / max(abs(a), abs(b), 1.0)


def _is_number(value: Value | None) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
