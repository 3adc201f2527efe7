"""Where counters live. A counter is known by its fingerprint (what it counts), so that editing a rule set
keeps every counter whose definition did not change, whatever its name.

Rows never move: counters that an edit adds get a group of their own beside the older ones of the same key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tocsin.engine.kernel import counters as k
from tocsin.engine.kernel import links, marks, screen
from tocsin.engine.kernel.memory import MAX_GROUPS, Words
from tocsin.engine.kernel.tables import ROW_HEAD, open_group
from tocsin.engine.language.nodes import Feature, Get, gets, walk
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.spans import WINDOWS

FIRST_GROUP = 4  # ids, marks, accounts and instruments come before
KINDS: Mapping[str, int] = {
    "count": k.SUM, "sum": k.SUM, "mean": k.SUM, "min": k.LOWEST, "max": k.HIGHEST, "distinct": k.DISTINCT,
    "others": k.DISTINCT, "first": k.EARLIEST, "last": k.LATEST, "since": k.SPAN, "age": k.SPAN,
    "speed": k.PLACE, "distance": k.PLACE,
}  # fmt: skip


@dataclass(frozen=True)
class Counter:
    """One thing that is counted. `fingerprint`: the same for counters that count the same."""

    kind: int
    key: tuple[str, ...]  # parts, "entity:card" or "field:promo"
    window: str
    of: tuple[str, ...]
    value: Get | None
    feature: Feature  # one that reads it: for its `where`
    fingerprint: str


@dataclass
class Group:
    """A table of rows with the same key."""

    number: int
    key: tuple[str, ...]
    words: int
    horizon: int
    places: dict[str, int]  # fingerprint -> words into the row
    kinds: dict[str, int]

    @property
    def rings(self) -> list[int]:
        """Places in a row that hold rings."""
        return [place + k.RING_AT[kind] for print_, place in self.places.items()
                if (kind := self.kinds[print_]) in k.RING_AT]  # fmt: skip


@dataclass
class Layout:
    """All groups that a memory holds."""

    groups: list[Group] = field(default_factory=list)

    def find(self, key: tuple[str, ...], fingerprint: str) -> Group | None:
        """The group that keeps this counter."""
        return next((g for g in self.groups if g.key == key and fingerprint in g.places), None)

    def extended(self, counters: Iterable[Counter]) -> Layout:
        """With room for every counter; those that have a place keep it."""
        groups = list(self.groups)
        new: dict[tuple[str, ...], list[Counter]] = {}
        for counter in counters:
            if self.find(counter.key, counter.fingerprint) is None:
                new.setdefault(counter.key, []).append(counter)
        for key, members in new.items():
            number = FIRST_GROUP + len(groups)
            if number >= MAX_GROUPS:
                raise RuntimeError("There are too many groups of counters; start again from the log.")
            places: dict[str, int] = {}
            at = ROW_HEAD
            for counter in members:
                if counter.fingerprint not in places:
                    places[counter.fingerprint] = at
                    at += k.WORDS[counter.kind]
            windows = [WINDOWS[counter.window] for counter in members]
            horizon = max(window.length + window.tile for window in windows) + 1
            kinds = {counter.fingerprint: counter.kind for counter in members}
            groups.append(Group(number, key, at, horizon, places, kinds))
        return Layout(groups)

    def open(self, memory: Words, since: Layout | None) -> None:
        """Make the tables that `since` (None: an empty memory) does not have. Raises MemoryError."""
        fine = True
        if since is None:
            fine &= open_group(memory, screen.IDS, screen.ID_WORDS, screen.ID_HORIZON)
            fine &= open_group(memory, marks.MARKS, marks.MARK_WORDS, marks.MARK_HORIZON)
            fine &= open_group(memory, links.ACCOUNTS, links.ACCOUNT_WORDS, 0)
            fine &= open_group(memory, links.INSTRUMENTS, links.INSTRUMENT_WORDS, 0)
        for group in self.groups[len(since.groups) if since else 0 :]:
            fine &= open_group(memory, group.number, group.words, group.horizon)
        if not fine:
            raise MemoryError("There is no room for another table; raise the engine's memory limit.")

    def plain(self) -> list[dict[str, object]]:
        """For a snapshot."""
        return [vars(group) | {"key": list(group.key)} for group in self.groups]

    @classmethod
    def of_plain(cls, plain: list[dict]) -> Layout:
        """From a snapshot."""
        return cls([Group(**{**group, "key": tuple(group["key"])}) for group in plain])


class Counters:
    """What the counted features of a rule set count, each worked out once."""

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules
        self._senses: dict[str, str] = {}

    def of(self, feature: Feature) -> Counter:
        """What a counted feature counts."""
        parts = [f"{part.kind}:{part.name}" for part in feature.per]
        value = feature.value
        if value is not None and value.kind == "field" and value.name.endswith("_minor"):
            parts.append("field:currency")  # sums of different currencies mean nothing
        of = tuple(sorted(feature.of))
        return Counter(
            KINDS[feature.kind], tuple(parts), feature.window, of, value, feature, self._sense(feature)
        )

    def _sense(self, feature: Feature) -> str:
        """The same for features that say the same, whatever their names and places in a file."""
        if feature.name not in self._senses:
            kind = KINDS.get(feature.kind, feature.kind)
            uses = [self._sense(self._rules.features[name]) for name in feature.uses]
            per = [(part.kind, part.name) for part in feature.per]
            value = (feature.value.kind, feature.value.name) if feature.value else None
            said = repr((
                kind, feature.window, sorted(feature.of), per, value, self._test(feature), uses,
                feature.numbers, feature.word,
            ))  # fmt: skip
            self._senses[feature.name] = hashlib.sha256(said.encode()).hexdigest()
        return self._senses[feature.name]

    def _test(self, feature: Feature) -> str:
        """A feature's `where`, with everything that gives it its meaning: the lists and features it names."""
        if feature.where is None:
            return ""
        lists = sorted({name for node in walk(feature.where) if (name := getattr(node, "list", ""))})
        listed = [
            (
                self._rules.lists[name].kind,
                [(entry.value, entry.until) for entry in self._rules.lists[name].entries],
            )
            for name in lists
        ]
        used = [self._rules.features[got.name] for got in gets(feature.where) if got.kind == "feature"]
        return repr((feature.where, listed, [self._sense(one) for one in used]))
