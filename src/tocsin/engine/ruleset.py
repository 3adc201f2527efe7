"""Loading a folder of rule files: everything wrong with it in one go, or a rule set ready to run."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import structs

from tocsin.engine.checks import Known, Problem, check_feature, check_list, check_rule, explain_shape
from tocsin.engine.conditions import Lists
from tocsin.engine.rules import Rule
from tocsin.engine.spec import FeatureSpec, ListSpec, RuleFile, RuleSpec

TESTS_SUFFIX: Final = ".tests.toml"


class RuleSetError(ValueError):
    """A rule set that cannot be used. `problems` names every mistake; nothing of the set is in force."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True)
class RuleSet:
    """A checked set of rules. `version` is a hash of what it means: comments and layout do not change it."""

    version: str
    lists: Mapping[str, list[str]]
    features: Mapping[str, FeatureSpec]
    rules: Mapping[str, RuleSpec]
    sources: Mapping[str, str]

    def compiled(self) -> dict[str, list[Rule]]:
        """Rules by the event type they listen to."""
        lists = Lists(self.lists)
        by_type: dict[str, list[Rule]] = {}
        for spec in self.rules.values():
            rule = Rule(spec, lists)
            for event_type in dict.fromkeys(spec.on):
                by_type.setdefault(event_type, []).append(rule)
        return by_type


NO_RULES: Final = RuleSet("none", {}, {}, {}, {})


def load_folder(folder: Path) -> RuleSet:
    """Every *.toml of the folder, without the *.tests.toml. Raises RuleSetError."""
    try:
        paths = sorted(p for p in folder.glob("*.toml") if not p.name.endswith(TESTS_SUFFIX))
        sources = {path.name: path.read_text(encoding="utf-8") for path in paths}
    except (OSError, UnicodeDecodeError) as error:
        raise RuleSetError([Problem(str(folder), "", f"The rules could not be read: {error}.")]) from None
    if not sources:
        raise RuleSetError([Problem(str(folder), "", "There is no rule file (*.toml) in this folder.")])
    return load(sources)


def load(sources: Mapping[str, str]) -> RuleSet:
    """File name -> TOML text. Raises RuleSetError with every problem found."""
    problems: list[Problem] = []
    draft = _Draft()
    for name, text in sorted(sources.items()):
        draft.take(name, text, problems)
    for name, items in draft.lists.items():
        check_list(draft.where["list", name], items, problems)
    named = frozenset(name for kind, name in draft.where if kind == "feature")
    known = Known(draft.features, draft.lists, named)
    for name, feature in draft.features.items():
        check_feature(draft.where["feature", name], name, feature, known, problems)
    for rule in draft.rules.values():
        check_rule(draft.where["rule", rule.id], rule, known, problems)
    if problems:
        raise RuleSetError(problems)
    return RuleSet(draft.version(), draft.lists, draft.features, draft.rules, dict(sources))


class _Draft:
    """What was read so far, and from which file and key."""

    def __init__(self) -> None:
        self.lists: dict[str, list[str]] = {}
        self.features: dict[str, FeatureSpec] = {}
        self.rules: dict[str, RuleSpec] = {}
        self.where: dict[tuple[str, str], tuple[str, str]] = {}

    def take(self, file: str, text: str, problems: list[Problem]) -> None:
        try:
            content = msgspec.convert(tomllib.loads(text), RuleFile)
        except tomllib.TOMLDecodeError as error:
            problems.append(Problem(file, "", f"This is not TOML: {error}."))
            return
        except msgspec.ValidationError as error:
            problems.append(explain_shape(file, "", error, RuleFile))
            return
        for name, plain in content.lists.items():
            if found := self._read(file, "list", name, f"list.{name}", plain, ListSpec, problems):
                self.lists[name] = found.items
        for name, plain in content.features.items():
            if found := self._read(file, "feature", name, f"feature.{name}", plain, FeatureSpec, problems):
                self.features[name] = found
        for number, plain in enumerate(content.rules, 1):
            name = str(plain.get("id", ""))
            key = f"rule {number} ({name or 'without id'})"
            if found := self._read(file, "rule", name, key, plain, RuleSpec, problems):
                self.rules[found.id] = found

    def _read(
        self, file: str, kind: str, name: str, key: str, plain: dict, shape: Any, problems: list[Problem]
    ) -> Any:
        if (kind, name) in self.where:
            first = self.where[kind, name][0]
            problems.append(
                Problem(file, key, f"This {kind} is already defined in {first}; names are unique.")
            )
            return None
        self.where[kind, name] = (file, key)
        try:
            return msgspec.convert(plain, shape)
        except msgspec.ValidationError as error:
            problems.append(explain_shape(file, key, error, shape, plain))
            return None

    def version(self) -> str:
        """Hash of the meaning: what is counted, listed and ruled, in the order of names."""
        features = {name: structs.replace(spec, note="") for name, spec in self.features.items()}
        plain = {
            "features": {name: msgspec.to_builtins(features[name]) for name in sorted(features)},
            "lists": {name: self.lists[name] for name in sorted(self.lists)},
            "rules": [msgspec.to_builtins(self.rules[name]) for name in sorted(self.rules)],
        }
        return "r-" + hashlib.sha256(msgspec.json.encode(plain, order="sorted")).hexdigest()[:16]
