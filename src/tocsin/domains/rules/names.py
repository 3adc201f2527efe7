"""The names that a rule may use, for whoever types one. Loads no kernel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tocsin.domains.rules.in_force import in_force
from tocsin.engine.language.functions import FUNCTIONS
from tocsin.engine.language.rules import SETTINGS
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.vocabulary import ACTION_TYPES, VERDICTS


@dataclass(frozen=True, slots=True)
class Name:
    """A name, what kind of thing bears it, and what is known of it in a few words of the language."""

    name: str
    kind: str
    hint: str = ""


def names() -> list[Name]:
    """Every name, in alphabetical order. Raises RuleError when the rules in force cannot be used."""
    return sorted(_names(in_force().read()), key=lambda one: one.name)


def _names(rules: RuleSet) -> Iterator[Name]:
    schema = rules.schema
    yield from (Name(name, "entity", kind.says) for name, kind in schema.entities.items())
    yield from (Name(name, "field", f"{field.type}: {field.says}") for name, field in schema.fields.items())
    yield from (Name(name, "event type", kind.says) for name, kind in schema.events.items())
    yield from (Name(name, "feature", _told(rules, name)) for name in rules.features)
    yield from (Name(name, "list", held.kind) for name, held in rules.lists.items() if name.isidentifier())
    yield from (Name(name, "function", function.says) for name, function in FUNCTIONS.items())
    yield from (Name(name, "setting") for name in SETTINGS)
    yield from (Name(name, "action") for name in ACTION_TYPES)
    yield from (Name(name, "verdict") for name in VERDICTS[1:])


def _told(rules: RuleSet, name: str) -> str:
    feature = rules.features[name]
    return " ".join(filter(None, (feature.kind, ", ".join(feature.of), feature.window)))
