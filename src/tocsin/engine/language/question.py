"""A question to history: one condition in the language of rules, over what the rules in force declare.

It is read by the reader of rules and becomes a rule set with a single rule, so that the planner and the
kernel treat it as any other."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tocsin.engine.language.expressions import Names, Reader
from tocsin.engine.language.features import link_features, needs
from tocsin.engine.language.nodes import Constant, Get, Node, Rule, gets
from tocsin.engine.language.problems import Problem, Problems, RuleError, Spot, TooManyProblems
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.language.syntax import parse
from tocsin.engine.spans import WINDOWS

#: The name of the only rule of such a set, and of the text in problems.
QUESTION: Final = "question"


def read_question(rules: RuleSet, on: Sequence[str], when: str) -> RuleSet:
    """The features, lists and models of a rule set with one rule: on events of these types, this condition.
    An empty condition holds for every event. Raises RuleError; lines and columns are those of ``when``."""
    condition: Node = Constant(True, "bool") if not when.strip() else _condition(rules, when)
    asked = Rule(
        id=QUESTION, title="A question to history", on=tuple(on), when=condition, verdict="watch",
        severity="S4", code="M1", clause=QUESTION, reason={"en": QUESTION},
    )  # fmt: skip
    return replace(rules, rules={QUESTION: asked})


def looked_at(question: RuleSet) -> list[Get]:
    """What the condition looks at, each once, in order."""
    return gets(question.rules[QUESTION].when)


def longest_window(question: RuleSet) -> int:
    """How far back the features of the condition reach, in milliseconds; 0 when it looks at none."""
    waiting = [got.name for got in looked_at(question) if got.kind == "feature"]
    longest, seen = 0, set(waiting)
    while waiting:
        feature = question.features[waiting.pop()]
        if feature.window:
            longest = max(longest, WINDOWS[feature.window].length)
        more = set(needs(feature)) - seen
        seen |= more
        waiting += more
    return longest


def _condition(rules: RuleSet, when: str) -> Node:
    # in brackets of its own lines a condition may run over several lines
    text = f"(\n{when}\n)"
    problems = Problems({QUESTION: text})
    names = Names(rules.schema, dict(rules.features), dict(rules.lists))
    names.links = link_features(names)
    try:
        node = _read(text, names, problems)
    except TooManyProblems:
        node = None
    if node is None or problems:
        raise RuleError([_moved(problem, when) for problem in problems.found])
    return node


def _read(text: str, names: Names, problems: Problems) -> Node | None:
    tree = parse(QUESTION, text, problems)
    if tree is None:
        return None
    match tree.body:
        case [ast.Expr(value=written)]:
            return Reader(QUESTION, names, problems).condition(written)
    problems.add(Spot(QUESTION, 2, 1, 1), 'Expected one condition, as after "when =" in a rule.')
    return None


def _moved(problem: Problem, when: str) -> Problem:
    """Where it is in what was written: one line further up, and never outside of it."""
    last = when.count("\n") + 1
    line = min(max(problem.spot.line - 1, 1), last)
    source = when.split("\n")[line - 1]
    return replace(problem, spot=replace(problem.spot, line=line), source=source)
