"""What can be asked, and what is wrong with a question. Loads no kernel, so that a page may ask while
somebody types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from tocsin.core.access.check import Scope, allows
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied
from tocsin.domains.detection.plain import CODES, FLAGS, NUMBERS
from tocsin.domains.rules.in_force import in_force
from tocsin.domains.rules.mistakes import plain
from tocsin.engine.language.problems import RuleError
from tocsin.engine.language.question import fields_read, fields_under, read_question
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.schema import Schema

#: Fields of events that are stored as they are; all others are sealed.
_OPEN: Final = NUMBERS | FLAGS | CODES
_PERSONAL: Final = Scope(data_class="P3")


def read(actor: Actor, rules: RuleSet, on: Sequence[str], when: str) -> RuleSet:
    """The question, ready to be planned.

    Raises:
        RuleError: what is wrong with the condition. AccessDenied: it looks at sealed fields, itself or
        through a feature, and the actor may not see them whoever's they are: whether it holds would tell what
        is in them.
    """
    asked = read_question(rules, on or sorted(rules.schema.events), when)
    refuse_sealed(actor, fields_read(asked))
    return asked


def refuse_sealed(actor: Actor, fields: Iterable[str]) -> None:
    """Raises AccessDenied when one of the fields is sealed and the actor may not see what is sealed."""
    sealed = sorted(set(fields) - _OPEN)
    if sealed and not _sees_sealed(actor):
        raise AccessDenied(
            f"This question looks at what is sealed: {', '.join(sealed)}.",
            "Ask without it, or have somebody ask who may see personal values of everybody.",
            permission="entities.view",
            reason="class",
        )


def for_sheets(actor: Actor, rules: RuleSet) -> RuleSet:
    """The rules without the features that would tell this actor what is in sealed fields."""
    if _sees_sealed(actor):
        return rules
    open_ = {
        name: feature for name, feature in rules.features.items() if fields_under(rules, [name]) <= _OPEN
    }
    return replace(rules, features=open_)


def _sees_sealed(actor: Actor) -> bool:
    return allows(actor, "entities.view", _PERSONAL)


def problems(actor: Actor, on: Sequence[str], when: str) -> list[dict[str, Any]]:
    """What is wrong with a condition: file, line, column, end, message, and the line with carets below."""
    try:
        read(actor, in_force().read(), on, when)
    except RuleError as error:
        return [plain(problem) for problem in error.problems]
    return []


def can_add_up(schema: Schema) -> list[str]:
    """Whole-number fields that are stored as they are."""
    return sorted(
        name for name, field in schema.fields.items() if field.type in ("int", "money") and name in _OPEN
    )


def can_count_by(schema: Schema) -> list[str]:
    """What a list of the most frequent may be of: entity kinds, the region, and words stored as they are."""
    return [*schema.entities, "region", *sorted(schema.fields.keys() & CODES)]
