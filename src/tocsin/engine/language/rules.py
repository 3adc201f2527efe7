"""Reading a rule: `class name(Rule):` and its settings."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence, Set
from typing import Final, Literal, get_args

from tocsin.engine.language.arguments import Arguments
from tocsin.engine.language.expressions import Names, Reader
from tocsin.engine.language.features import NAME, check_types
from tocsin.engine.language.nodes import Action, AllOf, AnyOf, Node, Not, Rule, gets
from tocsin.engine.language.problems import Problems, Spot, nearest
from tocsin.engine.vocabulary import ACTION_TYPES, REASON_CODES, SEVERITIES, VERDICTS, VERIFICATIONS

SENDER: Final = "sender"
PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_CLAUSE: Final = re.compile(r"\A[A-Za-z][A-Za-z0-9_.-]{0,63}\Z")
_REGION: Final = re.compile(r"\A[A-Za-z0-9_+./-]{1,64}\Z")
_LOCALE: Final = re.compile(r"\A[a-z]{2}(-[A-Z]{2})?\Z")
#: Settings that a file may give once for all its rules, with defaults(…).
MAX_TITLE: Final = 200  # characters
MAX_REASON: Final = 1_000
COMMON: Final = ("owner", "purpose", "legal_basis", "jurisdictions", "fail")
REQUIRED: Final = ("on", "when", "verdict", "severity", "code", "clause", "reason")
SETTINGS: Final = (*REQUIRED, "actions", "note", *COMMON)
_FAIL = Literal["open", "closed"]
# What a mere link between accounts may cause.
_LINK_VERDICTS: Final = ("watch", "review")
_LINK_ACTIONS: Final = ("watch",)


class RuleReader:
    """Reads the rules of one file."""

    def __init__(self, file: str, names: Names, problems: Problems, common: Mapping[str, ast.expr]) -> None:
        self._file = file
        self._names = names
        self._problems = problems
        self._common = common
        self._expressions = Reader(file, names, problems)

    def read(self, tree: ast.ClassDef) -> Rule | None:
        """The whole rule; None with problems noted."""
        before = len(self._problems.found)
        written = ast.get_docstring(tree)
        given = self._settings(tree, tree.body if written is None else tree.body[1:])
        title = (written or "").strip()
        if not NAME.match(tree.name):
            given.say("A rule's name has small letters, digits and _, and begins with a letter.")
        if not title:
            given.say("A rule begins with its title: a sentence in quotes.")
        if len(title) > MAX_TITLE:
            given.say(f"A title has at most {MAX_TITLE} characters.")
        when = self._expressions.condition(given.given["when"]) if "when" in given.given else None
        rule = self._make(tree, title, when, given)
        if rule is not None and len(self._problems.found) == before:
            self._check(rule, given)
        return rule if len(self._problems.found) == before else None

    def _settings(self, tree: ast.ClassDef, body: Sequence[ast.stmt]) -> Arguments:
        bases = [getattr(base, "id", "") for base in tree.bases]
        found: dict[str, ast.expr] = {}
        given = Arguments(self._file, tree, found, self._problems)
        if bases != ["Rule"] or tree.keywords or tree.decorator_list:
            given.say(f"Write: class {tree.name}(Rule):")
        for line in body:
            target = line.targets[0] if isinstance(line, ast.Assign) and len(line.targets) == 1 else None
            if not isinstance(line, ast.Assign) or not isinstance(target, ast.Name):
                self._say(line, "Expected a setting: name = value.")
            elif target.id not in SETTINGS:
                self._say(line, f'A rule has no setting "{target.id[:64]}".{nearest(target.id, SETTINGS)}')
            elif target.id in found:
                self._say(line, f'"{target.id}" is given twice.')
            else:
                found[target.id] = line.value
        for key, value in self._common.items():
            found.setdefault(key, value)
        for key in REQUIRED:
            if key not in found:
                given.say(f'"{key}" is missing.')
        return given

    def _make(self, tree: ast.ClassDef, title: str, when: Node | None, given: Arguments) -> Rule | None:
        """The rule; None without a condition. Everything is read first, so that every mistake is told."""
        on = given.texts("on") or ()
        check_types(on, "on", self._names, given)
        verdict = self._one_of("verdict", VERDICTS[1:], given)
        severity = self._one_of("severity", SEVERITIES, given)
        code = self._one_of("code", tuple(REASON_CODES), given)
        fail = self._one_of("fail", get_args(_FAIL), given, default="open")
        reason, actions = self._reason(given), self._actions(given)
        if when is None:
            return None
        return Rule(
            id=tree.name,
            title=title,
            on=on,
            when=when,
            verdict=verdict,
            severity=severity,
            code=code,
            clause=given.text("clause") or "",
            reason=reason,
            actions=actions,
            fail="closed" if fail == "closed" else "open",
            owner=given.text("owner", "") or "",
            purpose=given.text("purpose", "") or "",
            legal_basis=given.text("legal_basis", "") or "",
            jurisdictions=given.texts("jurisdictions", required=False) or (),
            note=given.text("note", "") or "",
            spot=Spot.of(self._file, tree),
        )

    def _say(self, tree: ast.AST, message: str) -> None:
        self._problems.add(Spot.of(self._file, tree), message)

    def _one_of(
        self, key: str, choices: tuple[str, ...], given: Arguments, default: str | None = None
    ) -> str:
        value = given.text(key, default)
        if value is not None and value not in choices:
            hint = nearest(value, choices)
            given.say(f'"{key}" cannot be "{value[:64]}".{hint} Expected one of: {", ".join(choices)}.', key)
        return value or ""

    def _reason(self, given: Arguments) -> dict[str, str]:
        """A sentence in English, or one for each language."""
        tree = given.given.get("reason")
        if tree is None:
            return {}
        found: dict[str, str] = {}
        written = 1
        if isinstance(tree, ast.Dict):
            written = len(tree.keys)
            for key, value in zip(tree.keys, tree.values, strict=True):
                if (locale := _text_of(key)) and _LOCALE.match(locale) and (sentence := _text_of(value)):
                    found[locale] = sentence
        elif sentence := _text_of(tree):
            found["en"] = sentence
        if "en" not in found or len(found) != written:
            given.say('"reason" is a sentence, or one for each language: {"en": "…", "es": "…"}.', "reason")
        if any(len(sentence) > MAX_REASON for sentence in found.values()):
            given.say(f"A reason has at most {MAX_REASON} characters.", "reason")
        return found

    def _actions(self, given: Arguments) -> tuple[Action, ...]:
        made = []
        for tree in given.parts("actions"):
            name = tree.func.id if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) else ""
            if not isinstance(tree, ast.Call) or name not in ACTION_TYPES or tree.keywords or not tree.args:
                hint = nearest(name, ACTION_TYPES)
                expected = f"Expected one of: {', '.join(ACTION_TYPES)}, with who is meant in brackets."
                self._say(tree, f"This is no action.{hint} {expected}")
                continue
            targets = [argument.id if isinstance(argument, ast.Name) else "" for argument in tree.args]
            for target in targets:
                if target != SENDER and target not in self._names.schema.entities:
                    hint = nearest(target, self._names.schema.entities)
                    self._say(tree, f'There is no entity kind "{target}".{hint}')
                elif name in VERIFICATIONS and target != "order":
                    self._say(tree, f"Only an order is verified. Write: {name}(order).")
            made.append(Action(name, tuple(targets)))
        return tuple(made)

    def _check(self, rule: Rule, given: Arguments) -> None:
        """The sentence can be filled in, and a link alone restricts nobody."""
        if not _CLAUSE.match(rule.clause):
            given.say(
                '"clause" is the violation code of a policy clause, such as "FRD-C.stolen_payment".', "clause"
            )
        if wrong := [region for region in rule.jurisdictions if not _REGION.match(region)]:
            given.say(f'"{wrong[0]}" is no region; write for example "US" or "US-CA".', "jurisdictions")
        looked_at = {got.name for got in gets(rule.when)}
        for locale, sentence in rule.reason.items():
            for name in PLACEHOLDER.findall(sentence):
                if name not in looked_at:
                    hint = nearest(name, looked_at)
                    given.say(
                        f'reason "{locale}" uses {{{name}}}, which the rule does not look at.{hint}', "reason"
                    )
        stern = [action.type for action in rule.actions if action.type not in _LINK_ACTIONS]
        if (stern or rule.verdict not in _LINK_VERDICTS) and only_links(rule.when, self._names.links):
            given.say(
                "Every test of this rule is about a link between accounts. A link is a lead: by itself it "
                "may only watch or ask for a review. Add a test of what somebody did.",
                "when",
            )


def only_links(node: Node, links: Set[str]) -> bool:
    """True when the condition can only say that accounts share something. ``links``: features that say so."""
    if isinstance(node, AllOf | AnyOf):
        return all(only_links(part, links) for part in node.parts)
    if isinstance(node, Not):
        return only_links(node.part, links)
    looked_at = gets(node)
    return bool(looked_at) and all(got.kind == "feature" and got.name in links for got in looked_at)


def _text_of(tree: ast.expr | None) -> str:
    """A text in quotes that says something, or nothing."""
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        return tree.value.strip()
    return ""
