"""A folder of rule files: everything wrong with it in one go, or a rule set ready to be planned."""

from __future__ import annotations

import ast
import datetime as dt
import hashlib
import ipaddress
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from tocsin.engine.language.arguments import Arguments
from tocsin.engine.language.expressions import CONSTANTS, Names, Reader
from tocsin.engine.language.expressions import FUNCTIONS as TESTS
from tocsin.engine.language.features import NAME, FeatureReader, check_features, link_features
from tocsin.engine.language.functions import FUNCTIONS
from tocsin.engine.language.models import read_models
from tocsin.engine.language.nodes import Entry, Feature, ListOf, Node, Rule
from tocsin.engine.language.problems import Problem, Problems, RuleError, Spot, TooManyProblems, nearest
from tocsin.engine.language.rules import COMMON, RuleReader
from tocsin.engine.language.stages import STAGES_FILE, apply_stages, read_stages
from tocsin.engine.language.syntax import MAX_TEXT, parse
from tocsin.engine.schema import Schema, SchemaError, load_schema, packaged, packaged_text
from tocsin.engine.scores.model import MAX_BYTES, Model
from tocsin.engine.scores.model import SUFFIX as MODEL_SUFFIX
from tocsin.engine.text import GAP, words

SUFFIX: Final = ".rules"
SCHEMA_FILE: Final = "schema.toml"
BESIDE: Final = (SCHEMA_FILE, STAGES_FILE)
LISTS: Final = ("values", "phrases", "domains", "networks")
MAX_FILES: Final = 200
MAX_WORDS: Final = 16  # of a phrase
MAX_GAPS: Final = 4
MAX_ALIKE: Final = 64  # phrases of a list that begin with the same word
RESERVED: Final = (*FUNCTIONS, *TESTS, *LISTS, *CONSTANTS, "entry", "defaults", "Rule", "region")


@dataclass(frozen=True)
class RuleSet:
    """A checked set of rules. `version` is a hash of what it means: comments, notes and layout do not change
    it."""

    version: str
    schema: Schema
    lists: Mapping[str, ListOf]
    features: Mapping[str, Feature]
    rules: Mapping[str, Rule]
    sources: Mapping[str, str] = field(repr=False)
    models: Mapping[str, Model] = field(default_factory=dict, repr=False)


NO_RULES: Final = RuleSet("none", packaged(), {}, {}, {}, {})


def load_folder(folder: Path) -> RuleSet:
    """Every *.rules of the folder, its models, its schema.toml and its stages.toml. Raises RuleError."""
    nowhere = Spot(str(folder), 1, 1, 1)
    try:
        paths = sorted(path for path in folder.iterdir() if _belongs(path.name))
        sources = {path.name: _text(path) for path in paths}
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError([Problem(nowhere, f"The rules could not be read: {error}.")]) from None
    if not any(name.endswith(SUFFIX) for name in sources):
        raise RuleError([Problem(nowhere, f"There is no rule file (*{SUFFIX}) in this folder.")])
    return load(sources)


def _belongs(name: str) -> bool:
    return name.endswith((SUFFIX, MODEL_SUFFIX)) or name in BESIDE


def _text(path: Path) -> str:
    """The text of a file; of one that is too large, enough to see that it is."""
    most = MAX_BYTES if path.name.endswith(MODEL_SUFFIX) else MAX_TEXT
    with path.open("rb") as file:
        return file.read(most + 4).decode("utf-8", "replace" if path.stat().st_size > most else "strict")


def load(sources: Mapping[str, str]) -> RuleSet:
    """File name -> text. Raises RuleError with every problem found, up to a hundred."""
    problems = Problems(sources)
    try:
        if (made := _load(sources, problems)) is not None:
            return made
        more = []
    except TooManyProblems:
        more = [Problem(Spot("", 1, 1, 1), f"There are more mistakes than these {len(problems.found)}.")]
    found = sorted(problems.found, key=lambda one: (one.spot.file, one.spot.line, one.spot.column))
    raise RuleError([*found, *more])


def _load(sources: Mapping[str, str], problems: Problems) -> RuleSet | None:
    """The set, or None with problems noted. Names first, then what they mean, then rules: order matters
    not."""
    names = Names(_schema(sources, problems))
    files = {name: text for name, text in sorted(sources.items()) if name.endswith(SUFFIX)}
    if len(files) > MAX_FILES:
        problems.add(
            Spot(list(files)[MAX_FILES], 1, 1, 1), f"There are more than {MAX_FILES} files in this set."
        )
        return None
    trees = {name: tree for name, text in files.items() if (tree := parse(name, text, problems)) is not None}
    drafts = [_Draft(name, tree, names, problems) for name, tree in trees.items()]
    for draft in drafts:
        draft.collect()
    for draft in drafts:
        draft.read_meanings()
    models = {} if problems else read_models(sources, names, problems)
    if not problems:
        check_features(names, problems)
    if not problems:
        names.links = link_features(names)
    rules: dict[str, Rule] = {}
    for draft in drafts:
        draft.read_rules(rules)
    if not problems and STAGES_FILE in sources:
        stages = read_stages(sources[STAGES_FILE], problems)
        apply_stages(stages, rules, names.lists, names.schema, problems)
    if problems:
        return None
    version = _version(names, rules, models)
    return RuleSet(version, names.schema, names.lists, names.features, rules, dict(sources), models)


def _schema(sources: Mapping[str, str], problems: Problems) -> Schema:
    if SCHEMA_FILE not in sources:
        return packaged()
    try:
        schema = load_schema({"marketplace.toml": packaged_text(), SCHEMA_FILE: sources[SCHEMA_FILE]})
    except SchemaError as error:
        problems.add(Spot(SCHEMA_FILE, 1, 1, 1), str(error))
        return packaged()
    ours = packaged()
    for name in (*schema.entities, *schema.fields):
        if name in RESERVED and name not in ours.fields:
            problems.add(
                Spot(SCHEMA_FILE, 1, 1, 1), f'"{name}" means something else in the language of rules.'
            )
    return schema


class _Draft:
    """One file on its way: first its names, so that order and files do not matter, then what they mean."""

    def __init__(self, file: str, tree: ast.Module, names: Names, problems: Problems) -> None:
        self._file = file
        self._tree = tree
        self._names = names
        self._problems = problems
        self._common: dict[str, ast.expr] | None = None
        self._definitions: dict[str, Node] = {}  # what a file defines for itself ends with it

    def collect(self) -> None:
        """Note the names of features and lists, with the types they will have."""
        for line in self._tree.body:
            name, call = _declaration(line)
            if not name or call is None or not isinstance(call.func, ast.Name):
                continue
            called = call.func.id
            if called not in FUNCTIONS and called not in LISTS:
                continue
            if not self._is_free(name, line):
                continue
            if called in LISTS:
                self._names.lists[name] = ListOf(name, called, ())  # type: ignore[arg-type]
            else:
                function = FUNCTIONS[called]
                window = next((k.value.value for k in call.keywords
                               if k.arg == "within" and isinstance(k.value, ast.Constant)), "")  # fmt: skip
                self._names.features[name] = Feature(name, function.kind, function.type, window=str(window))

    def read_meanings(self) -> None:
        """Read all but the rules, in order."""
        self._names.definitions = self._definitions
        features = FeatureReader(self._file, self._names, self._problems)
        for number, line in enumerate(self._tree.body):
            name, call = _declaration(line)
            called = call.func.id if call is not None and isinstance(call.func, ast.Name) else ""
            if isinstance(line, ast.ClassDef):
                continue
            if name and call is not None and called in FUNCTIONS:
                if (made := features.read(name, call)) is not None:
                    self._names.features[name] = made
            elif name and call is not None and called in LISTS:
                self._list(name, called, call)
            elif name and isinstance(line, ast.Assign):
                self._definition(name, called, line)
            elif isinstance(line, ast.Expr):
                self._expression(line, number)
            else:
                self._say(line, "Expected: name = …, or class name(Rule):")

    def read_rules(self, rules: dict[str, Rule]) -> None:
        """Read the rules, in order."""
        self._names.definitions = self._definitions
        for line in self._tree.body:
            if isinstance(line, ast.ClassDef):
                self._rule(line, rules)

    def _say(self, tree: ast.AST, message: str) -> None:
        self._problems.add(Spot.of(self._file, tree), message)

    def _is_free(self, name: str, line: ast.stmt) -> bool:
        if not NAME.match(name):
            self._say(line, "A name has small letters, digits and _, and begins with a letter.")
        elif name in self._names.features or name in self._names.lists:
            self._say(line, f'"{name}" has its meaning already; names are unique across all files.')
        elif self._names.means_something(name) or name in RESERVED:
            self._say(line, f'"{name}" means something else already.')
        else:
            return True
        return False

    def _rule(self, tree: ast.ClassDef, rules: dict[str, Rule]) -> None:
        if tree.name in rules:
            self._say(tree, f'There is a rule "{tree.name}" already; names are unique across all files.')
            return
        made = RuleReader(self._file, self._names, self._problems, self._common or {}).read(tree)
        if made is not None:
            rules[made.id] = made

    def _expression(self, line: ast.Expr, number: int) -> None:
        if isinstance(line.value, ast.Constant) and isinstance(line.value.value, str) and number == 0:
            return  # the note of the file
        call = line.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "defaults":
            given = Arguments.of_call(self._file, call, (), COMMON, self._problems)
            if self._common is not None:
                self._say(line, "defaults(…) is given twice.")
            self._common = dict(given.given) if given is not None else {}
            return
        self._say(line, "This line does nothing. Give it a name: name = …")

    def _definition(self, name: str, called: str, line: ast.Assign) -> None:
        if called and called not in TESTS:
            every = (*FUNCTIONS, *LISTS, *TESTS)
            self._say(line.value, f'There is no "{called[:64]}()".{nearest(called, every)}')
        elif self._is_free(name, line):
            node = Reader(self._file, self._names, self._problems).read(line.value)
            if node is not None:
                self._names.definitions[name] = node

    def _list(self, name: str, kind: str, call: ast.Call) -> None:
        entries = []
        for tree in call.args:
            entry = self._entry(tree)
            if entry is not None and self._entry_is_fine(kind, entry, tree):
                entries.append(entry)
        note = ""
        for keyword in call.keywords:
            value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
            if keyword.arg == "note" and isinstance(value, str):
                note = value
            else:
                self._say(keyword, f'"{keyword.arg}" is no setting of a list; there is only note="…".')
        self._check_phrases(kind, entries, call)
        spot = Spot.of(self._file, call)
        self._names.lists[name] = ListOf(name, kind, tuple(entries), note, spot)  # type: ignore[arg-type]

    def _entry(self, tree: ast.expr) -> Entry | None:
        if isinstance(tree, ast.Constant) and isinstance(tree.value, str) and tree.value:
            return Entry(tree.value)
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == "entry":
            settings = ("value", "source", "reason", "until")
            given = Arguments.of_call(self._file, tree, ("value",), settings, self._problems)
            if given is None or not (value := given.text("value")):
                return None
            rest = [given.text(key, "") or "" for key in settings[1:]]
            return Entry(value, *rest)
        self._say(
            tree, 'Expected a text in quotes, or entry("…", source="…", reason="…", until="2027-01-31").'
        )
        return None

    def _entry_is_fine(self, kind: str, entry: Entry, tree: ast.expr) -> bool:
        if entry.until and not _is_day(entry.until):
            self._say(tree, f'"{entry.until[:64]}" is no day; write it as 2027-01-31.')
        elif kind == "networks" and not _is_network(entry.value):
            self._say(tree, f'"{entry.value[:64]}" is no network; write it as 198.51.100.0/24.')
        elif kind == "domains" and not entry.value.strip("@. "):
            self._say(tree, "This is no domain; write it as example.org.")
        else:
            return True
        return False

    def _check_phrases(self, kind: str, entries: list[Entry], call: ast.Call) -> None:
        """Long messages are searched for every phrase: what could make that slow is refused."""
        if kind != "phrases":
            return
        alike: Counter[str] = Counter()
        for entry in entries:
            found = words(entry.value)
            if not found:
                self._say(call, f'The phrase "{entry.value[:64]}" has no word in it.')
                continue
            alike[found[0]] += 1
            if len(found) > MAX_WORDS or entry.value.count(GAP) > MAX_GAPS:
                limits = f"{MAX_WORDS} words and {MAX_GAPS} gaps (…)"
                self._say(call, f'The phrase "{entry.value[:64]}" is too long: at most {limits}.')
        first, most = next(iter(alike.most_common(1)), ("", 0))
        if most > MAX_ALIKE:
            self._say(call, f'{most} phrases begin with "{first[:64]}": at most {MAX_ALIKE} in one list.')


def _declaration(line: ast.stmt) -> tuple[str, ast.Call | None]:
    """The name that a line gives a meaning to, and the call that it is given, if it is one."""
    if (
        not isinstance(line, ast.Assign)
        or len(line.targets) != 1
        or not isinstance(line.targets[0], ast.Name)
    ):
        return "", None
    return line.targets[0].id, line.value if isinstance(line.value, ast.Call) else None


def _is_day(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _version(names: Names, rules: Mapping[str, Rule], models: Mapping[str, Model]) -> str:
    """The same for sets that mean the same."""
    plain = [
        *(repr(replace(feature, note="", spot=None)) for _, feature in sorted(names.features.items())),
        *(repr(replace(list_, note="", spot=None)) for _, list_ in sorted(names.lists.items())),
        *(repr(replace(rule, note="", spot=None)) for _, rule in sorted(rules.items())),
        *(f"{name}:{kind.type}" for name, kind in sorted(names.schema.fields.items())),
        *(f"{rule.id} {rule.stage} {rule.share}" for _, rule in sorted(rules.items()) if rule.is_staged),
        *(f"{name} {model.version}" for name, model in sorted(models.items())),
    ]
    return "r-" + hashlib.sha256("\n".join(plain).encode()).hexdigest()[:16]
