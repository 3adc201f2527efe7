"""The sentence of a rule, with the values that were looked at in their places."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.engine.events import Scalar
from tocsin.engine.language.evaluate import Values, holds, matches
from tocsin.engine.language.nodes import AllOf, AnyOf, Get, ListOf, Match, Node, Rule, gets
from tocsin.engine.language.rules import PLACEHOLDER


def looked_at(rule: Rule, values: Values, lists: Mapping[str, ListOf]) -> dict[str, Scalar]:
    """The values that made the condition of a rule hold, by name. Of alternatives, those that hold."""
    found: dict[str, Scalar] = {}
    _look(rule.when, values, lists, found)
    return found


def fill(text: str, values: Mapping[str, Scalar]) -> str:
    """Put values in place of {name}. Names only: a rule file cannot reach anything else from here."""
    return PLACEHOLDER.sub(lambda found: str(values.get(found[1], "?")), text)


def _look(node: Node, values: Values, lists: Mapping[str, ListOf], found: dict[str, Scalar]) -> None:
    if isinstance(node, AllOf):
        for part in node.parts:
            _look(part, values, lists, found)
    elif isinstance(node, AnyOf):
        for part in node.parts:
            if holds(part, values, lists):
                _look(part, values, lists, found)
    elif isinstance(node, Match) and isinstance(node.part, Get) and node.how in ("says", "link", "phone"):
        text = values.get(node.part)
        if node.how == "says" and isinstance(text, str):
            found[node.part.name] = matches("says", text, lists.get(node.list), values.clock)
    else:
        for got in gets(node):
            if (value := values.get(got)) is not None:
                found[got.name] = value
