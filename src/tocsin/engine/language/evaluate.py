"""The meaning of an expression, in the plainest code there is.

Three answers: True, False, and None for "unknown". The kernel's programs are compared with this in the tests;
it explains decisions afterwards and finds the smallest change that would have changed them.
"""

from __future__ import annotations

import datetime as dt
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from tocsin.engine.geo import distance_m
from tocsin.engine.language.nodes import (
    AllOf,
    AnyOf,
    Calculate,
    Compare,
    Constant,
    Far,
    Get,
    Known,
    ListOf,
    Match,
    Node,
    Not,
    Value,
)
from tocsin.engine.language.texts import match_text

Answer = bool | None
_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
    "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


class Values(Protocol):
    """Where values come from."""

    @property
    def clock(self) -> int:
        """The engine's clock, ms."""

    def get(self, what: Get) -> Value | None:
        """The value, None when it is not there."""


def holds(node: Node, values: Values, lists: Mapping[str, ListOf]) -> Answer:
    """Whether a condition holds."""
    match node:
        case AllOf(parts):
            return _all(holds(part, values, lists) for part in parts)
        case AnyOf(parts):
            found = _all(_not(holds(part, values, lists)) for part in parts)
            return _not(found)
        case Not(part):
            return _not(holds(part, values, lists))
        case Known(part):
            return value_of(part, values) is not None
        case Compare(op, a, b):
            left, right = value_of(a, values), value_of(b, values)
            if left is None or right is None:
                return None
            if a.type != b.type and "number" in (a.type, b.type):  # as the kernel: a whole number becomes one
                left, right = float(left), float(right)
            return _OPERATORS[op](left, right)
        case Match(how, part, name):
            value = value_of(part, values)
            if not isinstance(value, str):
                return None
            return matches(how, value, lists.get(name), values.clock) is not None
        case Get() | Constant():
            value = value_of(node, values)
            return None if value is None else value is True or value == 1
    raise TypeError(f"{node} is no condition")


def value_of(node: Node, values: Values) -> Value | None:
    """The value of an expression, None when it is unknown."""
    match node:
        case Constant(value):
            return value
        case Get():
            return values.get(node)
        case Calculate(op, a, b):
            left, right = value_of(a, values), value_of(b, values)
            if not isinstance(left, int | float) or not isinstance(right, int | float):
                return None
            return _calculate(op, left, right, whole=node.type == "int")
        case Far(parts):
            places = [value_of(part, values) for part in parts]
            if any(not isinstance(place, int | float) for place in places):
                return None
            return distance_m(*(float(place) for place in places if place is not None))
    raise TypeError(f"{node} has no value")


def matches(how: str, text: str, list_: ListOf | None, clock: int) -> str | None:
    """What of the list the text matches, or "" for a pattern; None when nothing."""
    if list_ is None:
        return match_text(how, text, ())
    today = dt.datetime.fromtimestamp(clock / 1000, dt.UTC).date().isoformat()
    entries = tuple(entry.value for entry in list_.entries if not entry.until or today < entry.until)
    return match_text("says" if list_.kind == "phrases" else list_.kind, text, entries)


def _all(answers: Any) -> Answer:
    found = list(answers)
    return False if False in found else None if None in found else True


def _not(answer: Answer) -> Answer:
    return None if answer is None else not answer


def _calculate(op: str, left: float, right: float, *, whole: bool) -> Value | None:
    if whole:
        return left + right if op == "+" else left - right
    a, b = float(left), float(right)
    if op == "/":
        found = math.nan if b == 0 else a / b
    else:
        found = a + b if op == "+" else a - b if op == "-" else a * b
    return None if math.isnan(found) else found
