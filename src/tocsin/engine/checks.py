"""What may be wrong with a rule file, said so that its author can put it right: file, key, what was expected,
and the nearest name that exists."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from tocsin.engine.conditions import NUMERIC, features_of, field_names, names_of, questions_of
from tocsin.engine.events import nearest
from tocsin.engine.features import uses_of
from tocsin.engine.moment import FIELD_PREFIX
from tocsin.engine.rules import PLACEHOLDER, SENDER
from tocsin.engine.spec import ActionSpec, DistinctOf, FeatureSpec, Others, Ratio, RuleSpec, Scaled, Sum, Test
from tocsin.engine.vocabulary import ACCOUNT_KINDS, ENTITY_KINDS, EVENT_TYPES, OWN_TYPE_PREFIX, REASON_CODES

_NAME: Final = re.compile(r"\A[a-z][a-z0-9_]{0,63}\Z")
_CLAUSE: Final = re.compile(r"\A[A-Za-z][A-Za-z0-9_.-]{0,63}\Z")
_AT: Final = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_UNKNOWN: Final = re.compile(r"unknown field `(?P<name>.*)`")
_VALUE: Final = re.compile(r"Invalid (?:enum )?value '(?P<value>.*)'")
# Verdicts and actions that a mere link between accounts may cause.
_LINK_VERDICTS: Final = ("watch", "review")
_LINK_ACTIONS: Final = ("watch",)
Where = tuple[str, str]


@dataclass(frozen=True)
class Problem:
    """One mistake."""

    file: str
    key: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.key, self.message) if part)


def explain_shape(
    file: str, key: str, error: msgspec.ValidationError, shape: Any, plain: Mapping[str, Any] | None = None
) -> Problem:
    """A value of the wrong shape, or a key that does not exist."""
    found = _AT.match(str(error))
    what, path = (found["what"], found["path"] or "") if found else (str(error), "")
    if unknown := _UNKNOWN.search(what):
        name = unknown["name"]
        what = f'There is no setting "{name}".{nearest(name, _settings(shape, path, plain))}'
    elif path == "kind" and (tag := _VALUE.search(what)):
        what = _not_one_of(tag["value"], [member.__struct_config__.tag for member in _members(shape)])
    elif choice := _VALUE.search(what):
        what = _not_one_of(choice["value"], _choices(shape, path, plain))
    where = " > ".join(part for part in (key, path) if part)
    return Problem(file, where, what if what.endswith(("?", ".")) else what + ".")


@dataclass(frozen=True)
class Known:
    """What a rule set defines. `names`: every feature that is named, also those that could not be read."""

    features: Mapping[str, FeatureSpec]
    lists: Mapping[str, list[str]]
    names: frozenset[str]


def check_list(where: Where, items: Iterable[str], problems: list[Problem]) -> None:
    if not all(items):
        problems.append(Problem(*where, "An entry of the list is empty."))


def check_feature(where: Where, name: str, spec: FeatureSpec, known: Known, problems: list[Problem]) -> None:
    """Names exist, keys make sense, and nothing goes round in a circle."""
    say = _Say(where, problems)
    features = known.features
    say.name(name)
    for used in sorted(uses_of(spec)):
        say.known("feature", used, known.names)
    if _circular(name, features, ()):
        say("This feature needs itself, directly or through others.")
        return
    if isinstance(spec, Ratio):
        if spec.scale < 1 or spec.prior_bottom < 0:
            say("scale must be at least 1 and prior_bottom at least 0.")
        return
    say.types("of", spec.of)
    say.parts("per", spec.per)
    if not spec.per:
        say('"per" needs at least one entity kind: whose number is it?')
    if isinstance(spec, DistinctOf | Others):
        say.parts("values", [spec.values])
    if isinstance(spec, Sum) and not all(field_names(spec.field)):
        say('"field" needs the name of the field to add up.')
    for number, test in enumerate(spec.where, 1):
        _check_test(say.at(f"where {number}"), test, known)
    for used in sorted(uses_of(spec) & features.keys()):
        if not _keys(used, features) <= set(spec.per):
            owner = " and ".join(sorted(_keys(used, features)))
            say(f'"{used}" belongs to {owner}; a feature may only use features of its own key.')


def check_rule(where: Where, rule: RuleSpec, known: Known, problems: list[Problem]) -> None:
    """Names exist, the sentence can be filled in, and a link alone restricts nobody."""
    say = _Say(where, problems)
    say.name(rule.id)
    say.types("on", rule.on)
    say.known("reason code", rule.code, REASON_CODES)
    if not _CLAUSE.match(rule.clause):
        say('"clause" is the violation code of a policy clause, such as "FRD-C.stolen_payment".')
    if not rule.when:
        say('"when" needs at least one test.')
    for number, test in enumerate(rule.when, 1):
        _check_test(say.at(f"when {number}"), test, known)
    names = set().union(*map(names_of, rule.when))
    if not rule.reason.get("en"):
        say('"reason" needs an English sentence: reason = { en = "…" }.')
    for locale, sentence in rule.reason.items():
        for placeholder in PLACEHOLDER.findall(sentence):
            if placeholder not in names:
                hint = nearest(placeholder, names)
                say(f"reason.{locale} uses {{{placeholder}}}, which no test looks at.{hint}")
    for action in rule.actions:
        for kind in action.target:
            say.known("entity kind", kind, (*ENTITY_KINDS, SENDER))
    if all(_only_links(test, known.features) for test in rule.when):
        stern = [a.type for a in rule.actions if a.type not in _LINK_ACTIONS]
        if stern or rule.verdict not in _LINK_VERDICTS:
            say(
                "Every test of this rule is about a link between accounts. A link is a lead: by itself "
                "it may only watch or ask for a review. Add a test of what somebody did."
            )


def _check_test(say: _Say, test: Test, known: Known) -> None:
    subjects = [s for s in ("feature", "field", "entity", "any") if getattr(test, s)]
    if len(subjects) != 1:
        say("A test has exactly one of feature, field, entity or any.")
        return
    questions = questions_of(test)
    if test.any:
        if questions:
            say('"any" only holds other tests; ask the questions there.')
        for number, inner in enumerate(test.any, 1):
            _check_test(say.at(f"any {number}"), inner, known)
        return
    if len(questions) != 1:
        say(f"A test asks exactly one question; this one asks {len(questions)}.")
        return
    question = questions[0]
    for name in sorted(features_of(test)):
        say.known("feature", name, known.names)
    if test.entity:
        say.known("entity kind", test.entity, ENTITY_KINDS)
    if question in ("in_list", "not_in_list", "says"):
        say.known("list", str(getattr(test, question)), known.lists)
    if question in ("says", "shows") and not test.field:
        say(f'"{question}" is about text, so it needs a field.')
    if question in NUMERIC:
        if test.entity:
            say("An entity is an id; it cannot be compared with a number.")
        limit = getattr(test, question)
        if isinstance(limit, Scaled) and bool(limit.feature) is bool(limit.field):
            say(f'"{question}" needs a number, or {{ times = 3, feature = "…" }} (or field = "…").')


class _Say:
    """Collects problems at one place."""

    def __init__(self, where: Where, problems: list[Problem]) -> None:
        self.where = where
        self.problems = problems

    def __call__(self, message: str) -> None:
        self.problems.append(Problem(*self.where, message))

    def at(self, key: str) -> _Say:
        return _Say((self.where[0], f"{self.where[1]} > {key}"), self.problems)

    def known(self, what: str, name: str, names: Iterable[str]) -> None:
        if name not in names:
            self(f'There is no {what} "{name}".{nearest(name, names)}')

    def name(self, name: str) -> None:
        if not _NAME.match(name):
            self("A name has small letters, digits and _, and begins with a letter.")

    def types(self, key: str, names: list[str]) -> None:
        if not names:
            self(f'"{key}" needs at least one event type.')
        for name in names:
            if not name.startswith(OWN_TYPE_PREFIX):
                self.known("event type", name, EVENT_TYPES)

    def parts(self, key: str, names: list[str]) -> None:
        for name in names:
            if not name.startswith(FIELD_PREFIX) and name not in ENTITY_KINDS:
                hint = nearest(name, ENTITY_KINDS)
                self(f'"{key}": there is no entity kind "{name}".{hint} A field is written "field:NAME".')


def _circular(name: str, features: Mapping[str, FeatureSpec], seen: tuple[str, ...]) -> bool:
    if name in seen:
        return True
    if name not in features:
        return False
    return any(_circular(used, features, (*seen, name)) for used in uses_of(features[name]))


def _keys(name: str, features: Mapping[str, FeatureSpec]) -> set[str]:
    """The parts of the keys a feature rests on."""
    spec = features[name]
    if isinstance(spec, Ratio):
        return set().union(*(_keys(used, features) for used in uses_of(spec) & features.keys()))
    return set(spec.per)


def _only_links(test: Test, features: Mapping[str, FeatureSpec]) -> bool:
    """True when the test can only say that accounts share something."""
    if test.any:
        return all(_only_links(inner, features) for inner in test.any)
    spec = features.get(test.feature)
    return isinstance(spec, DistinctOf | Others) and (
        spec.values in ACCOUNT_KINDS and not set(spec.per) & set(ACCOUNT_KINDS)
    )


def _members(shape: Any) -> tuple[Any, ...]:
    union = isinstance(shape, types.UnionType) or typing.get_origin(shape) is typing.Union
    return typing.get_args(shape) if union else (shape,)


def _struct_at(shape: Any, path: str, plain: Mapping[str, Any] | None) -> list[Any]:
    """The structs that describe the place `path` points into: the item, a test, a limit or an action."""
    if path.startswith("actions"):
        return [ActionSpec]
    if path.startswith(("when", "where")):
        return [Scaled] if re.search(r"\.(at|more|less)_\w+(\.\w+)?$", path) else [Test]
    kind = (plain or {}).get("kind")
    return [m for m in _members(shape) if kind is None or m.__struct_config__.tag in (None, kind)]


def _settings(shape: Any, path: str, plain: Mapping[str, Any] | None) -> list[str]:
    """The settings that exist where an unknown one was found."""
    structs = _struct_at(shape, path, plain)
    return sorted({name for struct in structs for name in struct.__struct_encode_fields__})


def _choices(shape: Any, path: str, plain: Mapping[str, Any] | None) -> list[str]:
    """The words that the setting at `path` may have."""
    name = path.rpartition(".")[2]
    for struct in _struct_at(shape, path, plain):
        hint = typing.get_type_hints(struct).get(name)
        for member in _members(hint):
            if typing.get_origin(member) is typing.Literal:
                return list(typing.get_args(member))
    return []


def _not_one_of(value: str, choices: list[str]) -> str:
    return f'There is no "{value}" here.{nearest(value, choices)} Expected one of: {", ".join(choices)}.'
