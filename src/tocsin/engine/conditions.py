"""From a Test in a rule file to something that can be asked of a moment.

Every question has three answers: True, False, and None for "unknown" (the field, entity or feature is not
there, or is not of the kind the question is about). Unknown is never true by accident: `less_than = 5` does
not hold of a missing number, and `is_not = "x"` does not hold of a missing value. Numbers, texts and
true/false are never taken for each other.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from msgspec import UNSET

from tocsin.engine.events import Scalar
from tocsin.engine.moment import Moment
from tocsin.engine.spec import Limit, Scaled, Test
from tocsin.engine.text import Phrases, shows_link, shows_phone_number

Answer = bool | None
Value = Scalar
QUESTIONS: Final = (
    "is",
    "is_not",
    "one_of",
    "at_least",
    "at_most",
    "more_than",
    "less_than",
    "in_list",
    "not_in_list",
    "says",
    "shows",
    "present",
)
_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "at_least": operator.ge,
    "at_most": operator.le,
    "more_than": operator.gt,
    "less_than": operator.lt,
}
NUMERIC: Final = frozenset(_OPERATORS)


class Lists:
    """The named lists of a rule set, as values and as phrases."""

    def __init__(self, items: Mapping[str, list[str]]) -> None:
        self.values = {name: frozenset(entries) for name, entries in items.items()}
        self.phrases = {name: Phrases(entries) for name, entries in items.items()}


class Condition:
    """A compiled test. `explain` gives the values it looked at, for the reasons of a decision."""

    __slots__ = ("explain", "holds")

    def __init__(self, holds: Callable[[Moment], Answer], explain: Callable[[Moment, dict], None]) -> None:
        self.holds = holds
        self.explain = explain


def compile_test(test: Test, lists: Lists) -> Condition:
    """The test must have passed `ruleset`'s checks."""
    if test.any:
        return _any([compile_test(inner, lists) for inner in test.any])
    name, read = _subject(test)
    question = question_of(test)
    if question == "says":
        return _says(name, read, str(test.says), lists)
    ask = _asker(test, question, lists)

    def explain(moment: Moment, values: dict[str, Scalar]) -> None:
        value = read(moment)
        if value is not None and question != "shows":
            values[name] = value

    return Condition(lambda moment: ask(moment, read(moment)), explain)


def question_of(test: Test) -> str:
    """The name of the one question the test asks, "" if it asks none."""
    return next((q for q in QUESTIONS if getattr(test, _attribute(q)) is not UNSET), "")


def questions_of(test: Test) -> list[str]:
    return [q for q in QUESTIONS if getattr(test, _attribute(q)) is not UNSET]


def names_of(test: Test) -> set[str]:
    """The names under which the test explains itself."""
    if test.any:
        return set().union(*map(names_of, test.any))
    return {_subject(test)[0]}


def features_of(test: Test) -> set[str]:
    """Every feature the test reads, as subject or as limit."""
    found = set().union(*map(features_of, test.any)) if test.any else {test.feature}
    for question in NUMERIC:
        limit = getattr(test, question)
        if isinstance(limit, Scaled):
            found.add(limit.feature)
    return found - {""}


def field_names(field: str | list[str]) -> tuple[str, ...]:
    return (field,) if isinstance(field, str) else tuple(field)


def _attribute(question: str) -> str:
    return "is_" if question == "is" else question


def _subject(test: Test) -> tuple[str, Callable[[Moment], Value]]:
    if test.feature:
        feature = test.feature
        return feature, lambda moment: moment.feature(feature)
    if test.entity:
        kind = test.entity
        return kind, lambda moment: moment.entity(kind)
    names = field_names(test.field)
    return names[0] if names else "", lambda moment: moment.field(names)


def _any(inner: list[Condition]) -> Condition:
    def holds(moment: Moment) -> Answer:
        answers = [condition.holds(moment) for condition in inner]
        return True if True in answers else None if None in answers else False

    def explain(moment: Moment, values: dict[str, Scalar]) -> None:
        for condition in inner:
            if condition.holds(moment):
                condition.explain(moment, values)

    return Condition(holds, explain)


def _says(name: str, read: Callable[[Moment], Value], list_name: str, lists: Lists) -> Condition:
    phrases = lists.phrases[list_name]

    def find(moment: Moment) -> str | None:
        text = read(moment)
        return moment.said(name, text, list_name, phrases) if isinstance(text, str) else None

    def holds(moment: Moment) -> Answer:
        return find(moment) is not None if isinstance(read(moment), str) else None

    def explain(moment: Moment, values: dict[str, Scalar]) -> None:
        values[name] = find(moment)

    return Condition(holds, explain)


def _asker(test: Test, question: str, lists: Lists) -> Callable[[Moment, Value], Answer]:
    if question in NUMERIC:
        return _compare(question, getattr(test, question))
    if question == "is":
        wanted = test.is_
        return lambda _, value: None if value is None else _same(value, wanted)
    if question == "is_not":
        unwanted = test.is_not
        return lambda _, value: None if value is None else not _same(value, unwanted)
    if question == "one_of":
        choices = list(test.one_of)  # type: ignore[arg-type]
        return lambda _, value: None if value is None else any(_same(value, c) for c in choices)
    if question in ("in_list", "not_in_list"):
        entries, inside = lists.values[str(getattr(test, question))], question == "in_list"
        return lambda _, value: None if not isinstance(value, str) else (value in entries) is inside
    if question == "shows":
        look = shows_link if test.shows == "link" else shows_phone_number
        return lambda _, value: look(value) if isinstance(value, str) else None
    wanted = test.present
    return lambda _, value: (value is not None) is wanted


def _same(value: Value, other: object) -> bool:
    """Equal and of one kind: 1 is 1.0, but neither is true."""
    return value == other and isinstance(value, bool) is isinstance(other, bool)


def _compare(question: str, limit: Limit) -> Callable[[Moment, Value], Answer]:
    compare = _OPERATORS[question]
    if isinstance(limit, Scaled):
        return _compare_scaled(compare, limit)

    def ask(_: Moment, value: Value) -> Answer:
        kind = type(value)
        return compare(value, limit) if kind is int or kind is float else None

    return ask


def _compare_scaled(compare: Callable[[Any, Any], bool], limit: Scaled) -> Callable[[Moment, Value], Answer]:
    """value ⋚ times × other, with `times` = n/d exactly: value × d ⋚ n × other. Nothing is rounded."""
    n, d = Fraction(str(limit.times)).as_integer_ratio()
    read = _subject(Test(feature=limit.feature, field=limit.field))[1]

    def ask(moment: Moment, value: Value) -> Answer:
        kind = type(value)
        if kind is not int and kind is not float:
            return None
        other = read(moment)
        if type(other) is not int:
            return None
        exact = value if kind is int else Fraction(value)  # type: ignore[arg-type]
        return compare(exact * d, n * other)  # type: ignore[operator]

    return ask
