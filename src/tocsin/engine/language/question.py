"""A question to history: one condition in the language of rules, over what the rules in force declare.

It is read by the reader of rules and becomes a rule set with a single rule, so that the planner and the
kernel treat it as any other."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from tocsin.engine.language.expressions import Names, Reader
from tocsin.engine.language.features import link_features, needs
from tocsin.engine.language.nodes import Constant, Feature, Get, Node, Rule, gets
from tocsin.engine.language.problems import Problem, Problems, RuleError, Spot, TooManyProblems
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.language.syntax import parse
from tocsin.engine.scores.model import read_input
from tocsin.engine.spans import WINDOWS

#: The name of the only rule of such a set, and of the text in problems.
QUESTION: Final = "question"
#: What features that measure ways read without naming it.
_PLACE: Final = {"lat", "lon"}


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
    return window_under(question, [got.name for got in looked_at(question) if got.kind == "feature"])


def window_under(rules: RuleSet, names: Iterable[str]) -> int:
    """How far back these features, and all that they rest on, reach, in milliseconds."""
    windows = [feature.window for feature in resting_on(rules, names) if feature.window]
    return max((WINDOWS[window].length for window in windows), default=0)


def fields_read(question: RuleSet) -> set[str]:
    """The fields that the condition looks at, itself and through features."""
    looked = looked_at(question)
    named = [got.name for got in looked if got.kind == "feature"]
    return {got.name for got in looked if got.kind == "field"} | fields_under(question, named)


def fields_under(rules: RuleSet, names: Iterable[str]) -> set[str]:
    """The fields that these features are made of, and those they rest on."""
    return {field for feature in resting_on(rules, names) for field in _fields_of(rules, feature)}


def resting_on(rules: RuleSet, names: Iterable[str]) -> list[Feature]:
    """These features and all that they rest on, each once."""
    waiting, found = list(names), dict[str, Feature]()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = rules.features[name]
            waiting += [*needs(found[name]), *(_inputs(rules, found[name]) & rules.features.keys())]
    return list(found.values())


def _fields_of(rules: RuleSet, feature: Feature) -> set[str]:
    looked = [*feature.per, *([feature.value] if feature.value else [])]
    looked += gets(feature.where) if feature.where else []
    place = _PLACE if feature.kind in ("speed", "distance") else set()
    inputs = _inputs(rules, feature) & rules.schema.fields.keys()
    return {got.name for got in looked if got.kind == "field"} | place | inputs


def _inputs(rules: RuleSet, feature: Feature) -> set[str]:
    """What the model of a score reads."""
    model = rules.models.get(feature.word) if feature.kind == "score" else None
    return {name for text in model.inputs for name in read_input(text).names} if model else set()


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
