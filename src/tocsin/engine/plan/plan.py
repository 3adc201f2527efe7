"""The plan: everything the kernel is told, as arrays, and what each register means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tocsin.engine.hashing import hash_text
from tocsin.engine.kernel import batch, groups, links, marks
from tocsin.engine.kernel.counters import DISTINCT, PLACE, SPAN
from tocsin.engine.kernel.groups import SCRATCH
from tocsin.engine.kernel.program import OP_COLUMNS
from tocsin.engine.language.nodes import AllOf, Feature, Get, Known, Match, Not, Rule, gets
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.language.stages import SHARES, snoozed_list
from tocsin.engine.plan.layout import FIRST_GROUP, KINDS, Counter, Counters, Layout
from tocsin.engine.plan.models import Models
from tocsin.engine.plan.program import Compiler, as_array
from tocsin.engine.plan.registers import Matched, Registers
from tocsin.engine.schema import Schema
from tocsin.engine.spans import WINDOWS
from tocsin.engine.vocabulary import VERDICTS

_ROLES = {"": 0, "marks": 0, "links": links.LINKS, "removes": links.REMOVES, "reinstates": links.REINSTATES,
          "shares": links.SHARES}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What `kernel.batch.run_batch` is given, by its names, and what it means."""

    rules: RuleSet
    layout: Layout
    registers: Registers
    types: Mapping[str, int]
    order: tuple[Rule, ...]  # rules by number
    masks: int
    stages: np.ndarray
    ops: np.ndarray
    numbers: np.ndarray
    table: np.ndarray
    parts: np.ndarray
    part_counts: np.ndarray
    rings: np.ndarray
    ring_counts: np.ndarray
    windows: np.ndarray
    counters: np.ndarray
    questions: np.ndarray
    models: Models
    roles: np.ndarray
    account_regs: np.ndarray
    instrument_regs: np.ndarray
    link_outs: np.ndarray
    asked_on: Mapping[str, frozenset[int]]  # feature -> types it is read on


def make_plan(rules: RuleSet, since: Layout | None = None, *, read_all: bool = False) -> Plan:
    """Plan a rule set. ``since``: the layout of the memory it will run on. ``read_all``: read every feature
    on every event, as training a model or showing an entity needs."""
    return _Planner(rules, since or Layout(), read_all).plan()


class _Planner:
    def __init__(self, rules: RuleSet, since: Layout, read_all: bool) -> None:
        self.rules = rules
        self.read_all = read_all
        self.registers = Registers()
        self.models = Models()
        self.types = _type_codes(rules)
        self.compiler = Compiler(rules, self.registers, self.types)
        self._senses = Counters(rules)
        counted = [feature for feature in rules.features.values() if feature.kind in KINDS]
        self.readers: dict[str, list[Feature]] = {}
        self.counters: dict[str, Counter] = {}
        for feature in counted:
            for counter in self._counters_of(feature):
                self.counters.setdefault(counter.fingerprint, counter)
                self.readers.setdefault(counter.fingerprint, []).append(feature)
        self.layout = since.extended(self.counters.values())
        self.asked = _asked_on(rules, read_all, self.types)
        self.stages: list[tuple[int, ...]] = []
        self.plan_rows: list[tuple[int, ...]] = []
        self.done: set[str] = set()

    def plan(self) -> Plan:
        """Lay registers out, then stage by stage."""
        questions = self._questions()
        schema = self.rules.schema
        accounts = [self.registers.whole(Get("entity", name, "id")) for name in schema.accounts]
        instruments = [self.registers.whole(Get("entity", name, "id")) for name in schema.instruments]
        self.stages.append((batch.MARKS, 0, 0, 0))
        self.stages.append((batch.LINKS, 0, 0, 0))
        levels: dict[str, int] = {}
        for name in self.rules.features:
            self._level(name, levels)
        for level in range(max(levels.values(), default=0) + 1):
            self._level_stages(level, levels)
        start = len(self.compiler.ops)
        order = tuple(sorted(self.rules.rules.values(), key=lambda rule: rule.id))
        for number, rule in enumerate(order):
            self._rule(number, rule)
        self._program(start)
        return self._finished(order, questions, accounts, instruments)

    def _finished(
        self,
        order: tuple[Rule, ...],
        questions: list[tuple[int, ...]],
        accounts: list[int],
        instruments: list[int],
    ) -> Plan:
        compiler, layout = self.compiler, self.layout
        groups_ = layout.groups
        most = max((len(group.key) for group in groups_), default=1)
        most_rings = max((len(group.rings) for group in groups_), default=1)
        parts = np.full((FIRST_GROUP + len(groups_), most), -1, np.int64)
        rings = np.zeros((FIRST_GROUP + len(groups_), max(most_rings, 1)), np.int64)
        for group in groups_:
            parts[group.number, : len(group.key)] = [self._part(part) for part in group.key]
            rings[group.number, : len(group.rings)] = group.rings
        roles = np.zeros(len(self.types) + 1, np.int64)
        for name, code in self.types.items():
            event = self.rules.schema.events.get(name)
            roles[code] = _ROLES[event.role] if event else 0
        outs = [self._link_out("linked_accounts"), self._link_out("removed_nearby")]
        return Plan(
            rules=self.rules,
            layout=layout,
            registers=self.registers,
            types=self.types,
            order=order,
            masks=compiler.masks,
            stages=as_array(self.stages, batch.STAGE_COLUMNS),
            ops=as_array(compiler.ops, OP_COLUMNS),
            numbers=np.array(compiler.numbers or [0.0]),
            table=np.array(compiler.table or [0], np.int64),
            parts=parts,
            part_counts=np.array([0] * FIRST_GROUP + [len(group.key) for group in groups_], np.int64),
            rings=rings,
            ring_counts=np.array([0] * FIRST_GROUP + [len(group.rings) for group in groups_], np.int64),
            windows=np.array([(window.tile, window.tiles) for window in WINDOWS.values()], np.int64),
            counters=as_array(self.plan_rows, groups.COUNTER_COLUMNS),
            questions=as_array(questions, marks.MARK_COLUMNS),
            models=self.models,
            roles=roles,
            account_regs=np.array(accounts, np.int64),
            instrument_regs=np.array(instruments, np.int64),
            link_outs=np.array(outs, np.int64),
            asked_on=self.asked,
        )

    def _counters_of(self, feature: Feature) -> list[Counter]:
        """The counter of a feature; of a mean, the sum and the number of what was summed."""
        counter = self._senses.of(feature)
        if feature.kind != "mean":
            return [counter]
        return [counter, replace(counter, value=None, fingerprint=counter.fingerprint + " known")]

    def _part(self, part: str) -> int:
        kind, name = part.split(":", 1)
        return self.registers.whole(_get(kind, name, self.rules.schema))

    def _level(self, name: str, known: dict[str, int]) -> int:
        """In which round a feature can be worked out: after all that its test or ratio looks at."""
        if name not in known:
            feature = self.rules.features[name]
            tested = (
                [got.name for got in gets(feature.where) if got.kind == "feature"] if feature.where else []
            )
            rounds = [self._level(used, known) + 1 for used in tested]
            known[name] = max([0, *rounds, *(self._level(used, known) for used in feature.uses)])
        return known[name]

    def _level_stages(self, level: int, levels: Mapping[str, int]) -> None:
        mine = [counter for print_, counter in self.counters.items() if levels[counter.feature.name] == level]
        start = len(self.compiler.ops)
        masks = {counter.fingerprint: (self._due(counter), self._asked_by(counter)) for counter in mine}
        self._program(start)
        by_group: dict[int, list[Counter]] = {}
        for counter in mine:
            group = self.layout.find(counter.key, counter.fingerprint)
            assert group is not None  # noqa: S101 - the layout was extended with every counter
            by_group.setdefault(group.number, []).append(counter)
        for number, members in sorted(by_group.items()):
            first = len(self.plan_rows)
            for counter in members:
                self.plan_rows.append(self._counter_row(counter, number, *masks[counter.fingerprint]))
            self.stages.append((batch.GROUP, number, first, len(self.plan_rows)))
        start = len(self.compiler.ops)
        derived = [feature for name, feature in self.rules.features.items() if levels[name] == level]
        for feature in derived:
            self._derived(feature)
        scores = [stage for feature in derived if (stage := self._score(feature)) is not None]
        self._program(start)
        self.stages += scores

    def _score(self, feature: Feature) -> tuple[int, ...] | None:
        """A stage for a score; of a model that the set does not have, its register stays unknown."""
        model = self.rules.models.get(feature.word) if feature.kind == "score" else None
        if model is None:
            return None
        number = self.models.add(feature.word, model, self._where)
        asked = self.asked[feature.name] & {self.types[name] for name in model.on}
        out = self.registers.number(_feature(feature))
        return batch.SCORE, number, out, self.compiler.of_types(asked)

    def _where(self, name: str) -> tuple[str, int]:
        feature = self.rules.features.get(name)
        return self.compiler.value(_feature(feature) if feature else _get("field", name, self.rules.schema))

    def _due(self, counter: Counter) -> int:
        """The mask of the events that count."""
        masks = [self._types_mask(counter.of)]
        if counter.feature.where is not None:
            masks.append(self.compiler.condition(counter.feature.where, unknown=0))
        if counter.feature.kind == "mean" and counter.value is None:
            assert counter.feature.value is not None  # noqa: S101 - a mean has a value
            masks.append(self.compiler.condition(Known(counter.feature.value), unknown=0))
        return self.compiler.all_of(masks)

    def _asked_by(self, counter: Counter) -> int:
        """The mask of the events that read it."""
        readers = (self.asked[feature.name] for feature in self.readers[counter.fingerprint])
        return self.compiler.of_types(frozenset().union(*readers))

    def _types_mask(self, names: Sequence[str]) -> int:
        return self.compiler.of_types({self.types[name] for name in names})

    def _counter_row(self, counter: Counter, group: int, due: int, asked: int) -> tuple[int, ...]:
        readers = self.readers[counter.fingerprint]
        first: list[Feature] = []
        second: list[Feature] = []
        for feature in readers:
            other_way = feature.kind in ("others", "age", "distance")
            (second if other_way else first).append(feature)
        out = self._out([feature for feature in first if feature.kind != "mean"])
        if any(feature.kind == "mean" for feature in first):
            out = self.registers.whole(("sum of", counter.fingerprint)) if out == SCRATCH else out
            self.registers.ints["sum of", counter.fingerprint] = out
        out_2 = self._out(second)
        value = -1 if counter.value is None else self.registers.whole(counter.value)
        if counter.kind == SPAN or counter.kind == PLACE or (counter.kind == DISTINCT and value < 0):
            value = 0
        place = next(g for g in self.layout.groups if g.number == group).places[counter.fingerprint]
        window = list(WINDOWS).index(counter.window)
        return (counter.kind, place, window, value, due, out, out_2, asked)

    def _out(self, readers: Sequence[Feature]) -> int:
        """The register for all features that read a counter in the same way."""
        if not readers:
            return SCRATCH
        register = self.registers.whole(_feature(readers[0]))
        for feature in readers[1:]:
            self.registers.ints[_feature(feature)] = register
        return register

    def _derived(self, feature: Feature) -> None:
        if feature.kind == "ratio":
            top, bottom = (self.registers.whole(_feature(self.rules.features[name])) for name in feature.uses)
            self.compiler.ratio(top, bottom, feature.numbers, self.registers.whole(_feature(feature)))
        elif feature.kind == "mean":
            sums, counts = self._counters_of(feature)
            self.compiler.divide(
                self.registers.whole(("sum of", sums.fingerprint)),
                self.registers.whole(("sum of", counts.fingerprint)),
                self.registers.number(_feature(feature)),
            )

    def _questions(self) -> list[tuple[int, ...]]:
        """What is asked about marks: one row a label or list that a feature names."""
        rows: dict[object, list[int]] = {}
        for feature in self.rules.features.values():
            if feature.kind not in ("labelled", "confidence", "listed") or feature.value is None:
                continue
            named = mark_name(feature.kind == "listed", feature.word, feature.value.name)
            bearer = self.registers.whole(feature.value)
            # one list may be asked about several values of an event
            row = rows.setdefault((named, bearer), [mark_hash(named), bearer, SCRATCH, SCRATCH])
            column = marks.CONFIDENCE if feature.kind == "confidence" else marks.OUT
            row[column] = self._out_of_mark(feature, row[column])
        return [tuple(row) for row in rows.values()]

    def _out_of_mark(self, feature: Feature, present: int) -> int:
        if present != SCRATCH:
            self.registers.ints[_feature(feature)] = present
            return present
        return self.registers.whole(_feature(feature))

    def _link_out(self, kind: str) -> int:
        readers = [feature for feature in self.rules.features.values() if feature.kind == kind]
        return self._out(readers)

    def _rule(self, number: int, rule: Rule) -> None:
        parts = rule.when.parts if isinstance(rule.when, AllOf) else (rule.when,)
        unknown = 1 if rule.fail == "closed" else 0
        masks = [self._types_mask(rule.on)]
        masks += [self.compiler.condition(part, unknown=unknown) for part in parts]
        if rule.jurisdictions:
            within = Matched("within", Get("region", "region", "text"), rule.jurisdictions)
            masks.append(self.compiler.is_true(within))
        for kind in rule.snoozed:
            asleep = Match("in", Get("entity", kind, "id"), snoozed_list(rule.id, kind))
            masks.append(self.compiler.condition(Not(asleep), unknown=1))
        if rule.share < SHARES:
            accounts = [Get("entity", kind, "id") for kind in self.rules.schema.accounts]
            masks.append(self.compiler.first_is_chosen(accounts, rule.share))
        self.compiler.rule(number, masks, VERDICTS.index(rule.verdict) if rule.acts else 0)

    def _program(self, start: int) -> None:
        if len(self.compiler.ops) > start:
            self.stages.append((batch.PROGRAM, start, len(self.compiler.ops), 0))


def mark_name(listed: bool, word: str, bearer: str) -> str:
    """The full name of a mark. Labels are told apart by the kind of their bearer; lists hold plain values."""
    return f"list {word}" if listed else f"label {bearer} {word}"


def mark_hash(name: str) -> int:
    """Its hash."""
    return hash_text(name)


def _feature(feature: Feature) -> Get:
    return Get("feature", feature.name, feature.type)


def _get(kind: str, name: str, schema: Schema) -> Get:
    if kind == "entity":
        return Get("entity", name, "id")
    if kind == "region":
        return Get("region", name, "text")
    type_ = schema.fields[name].type
    return Get("field", name, "int" if type_ == "money" else type_)


def _type_codes(rules: RuleSet) -> dict[str, int]:
    """A code for every event type that is declared or spoken of. 0 is everything else."""
    names = dict.fromkeys(rules.schema.events)
    for feature in rules.features.values():
        names |= dict.fromkeys(feature.of)
    for rule in rules.rules.values():
        names |= dict.fromkeys(rule.on)
    return {name: number for number, name in enumerate(names, 1)}


def _asked_on(rules: RuleSet, read_all: bool, types: Mapping[str, int]) -> dict[str, frozenset[int]]:
    """On which event types each feature is read: where a rule, a ratio or another feature's test looks at
    it."""
    everywhere = frozenset(range(len(types) + 1))
    if read_all:
        return dict.fromkeys(rules.features, everywhere)
    asked: dict[str, set[int]] = {name: set() for name in rules.features}
    for rule in rules.rules.values():
        for got in gets(rule.when):
            if got.kind == "feature":
                asked[got.name] |= {types[name] for name in rule.on}
    for feature in rules.features.values():
        for got in gets(feature.where) if feature.where is not None else []:
            if got.kind == "feature":
                asked[got.name] |= {types[name] for name in feature.of}
    changed = True
    while changed:
        changed = False
        for feature in rules.features.values():
            for used in feature.uses:
                more = asked[feature.name] - asked[used]
                asked[used] |= more
                changed |= bool(more)
    return {name: frozenset(codes) for name, codes in asked.items()}
