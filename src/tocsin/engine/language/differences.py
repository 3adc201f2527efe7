"""What changed between two rule sets, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from tocsin.engine.language.nodes import Action, Entry, Feature, ListOf, Rule
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.language.written import declared, written

Thing = TypeVar("Thing")


def differences(old: RuleSet, new: RuleSet) -> list[str]:
    """One line for everything that was added, removed or changed in meaning; none when both mean the same."""
    return [
        *_compare("rule", old.rules, new.rules, _rule),
        *_compare("feature", old.features, new.features, _feature),
        *_compare("list", old.lists, new.lists, _list),
        *_fields(old, new),
    ]


def _compare(
    what: str,
    old: Mapping[str, Thing],
    new: Mapping[str, Thing],
    changed: Callable[[Thing, Thing], Iterator[str]],
) -> Iterator[str]:
    yield from (f"{what} {name}: added" for name in sorted(new.keys() - old.keys()))
    yield from (f"{what} {name}: removed" for name in sorted(old.keys() - new.keys()))
    for name in sorted(old.keys() & new.keys()):
        yield from (f"{what} {name}: {words}" for words in changed(old[name], new[name]))


def _rule(old: Rule, new: Rule) -> Iterator[str]:
    pairs = {
        "title": (old.title, new.title),
        "on": (_names(old.on), _names(new.on)),
        "when": (written(old.when), written(new.when)),
        "verdict": (old.verdict, new.verdict),
        "severity": (old.severity, new.severity),
        "code": (old.code, new.code),
        "clause": (old.clause, new.clause),
        "actions": (_actions(old.actions), _actions(new.actions)),
        "fail": (old.fail, new.fail),
        "owner": (old.owner, new.owner),
        "purpose": (old.purpose, new.purpose),
        "legal_basis": (old.legal_basis, new.legal_basis),
        "jurisdictions": (_names(old.jurisdictions), _names(new.jurisdictions)),
    }
    for key, (before, after) in pairs.items():
        if before != after:
            yield f"{key} was {before or 'nothing'}, is {after or 'nothing'}"
    for locale in sorted(old.reason.keys() | new.reason.keys()):
        if old.reason.get(locale) != new.reason.get(locale):
            yield f"the reason ({locale}) says something else"


def _feature(old: Feature, new: Feature) -> Iterator[str]:
    if replace(old, note="") != replace(new, note=""):
        yield f"was {declared(old)}, is {declared(new)}"


def _list(old: ListOf, new: ListOf) -> Iterator[str]:
    if old.kind != new.kind:
        yield f"held {old.kind}, holds {new.kind}"
    before, after = ({entry.value: entry for entry in one.entries} for one in (old, new))
    yield from _some("added", [value for value in after if value not in before])
    yield from _some("removed", [value for value in before if value not in after])
    for value, entry in after.items():
        if value in before and before[value] != entry:
            yield f'"{value}" was {_entry(before[value])}, is {_entry(entry)}'


def _fields(old: RuleSet, new: RuleSet) -> Iterator[str]:
    for what, before, after in (
        ("field", old.schema.fields, new.schema.fields),
        ("event type", old.schema.events, new.schema.events),
        ("entity kind", old.schema.entities, new.schema.entities),
    ):
        yield from _compare(what, before, after, _declaration)


def _declaration(old: object, new: object) -> Iterator[str]:
    if old != new:
        yield "is declared in another way"


def _some(what: str, values: list[str]) -> Iterator[str]:
    shown = ", ".join(f'"{value}"' for value in values[:5])
    if values:
        yield f"{len(values)} {what}: {shown}{', …' if len(values) > 5 else ''}"


def _entry(entry: Entry) -> str:
    said = [f'{key}="{text}"' for key in ("source", "reason", "until") if (text := getattr(entry, key))]
    return ", ".join(said) or "without source, reason or end"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def _actions(actions: tuple[Action, ...]) -> str:
    return ", ".join(f"{action.type}({', '.join(action.targets)})" for action in actions)
