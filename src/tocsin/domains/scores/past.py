"""What a model would have seen: shipped events, replayed in the order of the log through the kernel that
decided them, so that each input has the value it had then.

Where an explanation was kept, its values are compared with those of the replay. The replay is exact from the
first event on when the database has the whole log; otherwise from then on when its longest window has passed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tocsin.domains.detection.models import KeptExplanation, KeptRules
from tocsin.domains.detection.past import engine_event, records_since
from tocsin.domains.detection.records import Record
from tocsin.engine.engine import Engine
from tocsin.engine.language.features import needs
from tocsin.engine.language.nodes import Feature, Get
from tocsin.engine.language.problems import RuleError
from tocsin.engine.language.question import window_under
from tocsin.engine.language.ruleset import RuleSet, load
from tocsin.engine.runtime.explain import Seen
from tocsin.engine.runtime.history import encode, run
from tocsin.engine.scores.examples import InputReader
from tocsin.engine.scores.model import Numbers, read_input

MAX_EVENTS: Final = 2_000_000
#: Events that say of their order what it turned out to be.
TELLING: Final = ("chargeback.received", "fraud.labelled")
#: Where the first event of a log stands, behind its rules.
_FIRST: Final = 2
_EVER: Final = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)

Told = Callable[[int], None]


@dataclass(frozen=True)
class Said:
    """A chargeback, or a label that the marketplace sent. ``at``: when it was received, ms."""

    at: int
    type: str
    fields: Mapping[str, object]


@dataclass
class Past:
    """Events that a model scores, oldest first. ``compared``: values that were kept when they were looked at;
    ``differing``: how many of them the replay does not agree with."""

    columns: Numbers
    times: npt.NDArray[np.int64]
    received: npt.NDArray[np.int64]
    types: npt.NDArray[np.str_]
    entities: Sequence[Mapping[str, str]]
    said: Mapping[str, Sequence[Said]]
    """By order."""
    events: int
    compared: int = 0
    differing: int = 0

    def chosen(self, which: npt.NDArray[np.bool_]) -> Past:
        """Some of the events."""
        entities = [self.entities[place] for place in np.flatnonzero(which).tolist()]
        return replace(
            self, columns=self.columns[which], times=self.times[which], received=self.received[which],
            types=self.types[which], entities=entities,
        )  # fmt: skip

    @property
    def accounts(self) -> npt.NDArray[np.int64]:
        """A number for whose event each is: of its customer, else its shopper, else its own."""
        numbers: dict[object, int] = {}
        return np.array(
            [
                numbers.setdefault(_whose(one) or place, len(numbers))
                for place, one in enumerate(self.entities)
            ],
            np.int64,
        )


def read_past(
    rules: RuleSet, names: Sequence[str], limit: int = MAX_EVENTS, told: Told = lambda _: None
) -> dict[str, Past]:
    """What each of these models would have seen of the newest ``limit`` events, in one replay. ``told`` hears
    how many events were read.

    Raises:
        ModelError: no score of the rules asks the model. EngineFullError.
    """
    engine = Engine(rules, read_all=True)
    readings = {name: _Reading(engine, name) for name in names}
    said: dict[str, list[Said]] = {}
    events = exact_from = 0
    for records in records_since(_EVER, limit):
        if events == 0 and records[0].seq > _FIRST:
            features = frozenset().union(*(_features_of(rules, name) for name in names))
            exact_from = as_ms(records[0].ts) + window_under(rules, features)
        kept = KeptExplanation.objects.in_bulk([one.seq for one in records if one.verdict != "allow"])
        for reading in readings.values():
            reading.begin(records, kept)
        run(engine, encode(engine.plan, [engine_event(one) for one in records]), _all(readings))
        _listen(records, said)
        events += len(records)
        told(events)
    return {name: reading.past(said, events, exact_from) for name, reading in readings.items()}


def _all(readings: Mapping[str, _Reading]) -> Callable[[int, int, npt.NDArray[np.int64]], None]:
    def watch(_start: int, lanes: int, places: npt.NDArray[np.int64]) -> None:
        for one in readings.values():
            one.take(lanes, places)

    return watch


class _Reading:
    """What one model sees of the events so far."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._reader = InputReader(engine, name)
        self._inputs = engine.rules.models[name].inputs
        self._features = _features_of(engine.rules, name)
        self._records: Sequence[Record] = ()
        self._kept: dict[int, KeptExplanation] = {}
        self._columns: list[Numbers] = []
        self._seen: list[_Brief] = []
        self._compared: list[tuple[int, bool]] = []
        self._same: dict[str, frozenset[str]] = {}

    def begin(self, records: Sequence[Record], kept: dict[int, KeptExplanation]) -> None:
        """The events that are replayed next, and what was kept of them."""
        self._records, self._kept = records, kept

    def take(self, lanes: int, places: npt.NDArray[np.int64]) -> None:
        """Look at the engine after a batch: lane i holds the event at ``places[i]``."""
        chosen, columns = self._reader.read(lanes)
        self._columns.append(columns)
        for lane in chosen.tolist():
            record = self._records[places[lane]]
            self._seen.append(_brief(record))
            if (kept := self._kept.get(record.seq)) is not None:
                self._compare(kept, Seen(engine_event(record), self._engine.plan, self._engine.bench, lane))

    def _compare(self, kept: KeptExplanation, seen: Seen) -> None:
        """Values that were kept with those of the replay, of features that mean the same today."""
        then: Mapping[str, object] = kept.explanation["features"]
        if kept.rules_version not in self._same:
            self._same[kept.rules_version] = _alike(kept.rules_version, self._engine.rules)
        for name in self._features & then.keys() & self._same[kept.rules_version]:
            now = seen.get(Get("feature", name, self._engine.rules.features[name].type))
            self._compared.append((seen.clock, now == then[name]))

    def past(self, said: Mapping[str, Sequence[Said]], events: int, exact_from: int) -> Past:
        """All of it that happened at ``exact_from`` (ms) or later."""
        exact = np.array([one.at >= exact_from for one in self._seen], bool)
        seen = [one for one, fine in zip(self._seen, exact, strict=True) if fine]
        compared = [alike for at, alike in self._compared if at >= exact_from]
        columns = np.concatenate([np.zeros((0, len(self._inputs))), *self._columns])
        return Past(
            columns=columns[exact],
            times=np.array([one.at for one in seen], np.int64),
            received=np.array([one.received for one in seen], np.int64),
            types=np.array([one.type for one in seen], np.str_),
            entities=[one.entities for one in seen],
            said=said,
            events=events,
            compared=len(compared),
            differing=compared.count(False),
        )


class _Brief(NamedTuple):
    """What is kept of an event: when it happened and was received (ms), its type, and whom it names."""

    at: int
    received: int
    type: str
    entities: Mapping[str, str]


def _brief(record: Record) -> _Brief:
    return _Brief(as_ms(record.ts), as_ms(record.received_at), record.type, record.entities)


def _listen(records: Sequence[Record], said: dict[str, list[Said]]) -> None:
    for record in records:
        if record.type in TELLING and (order := record.entities.get("order")):
            said.setdefault(order, []).append(Said(as_ms(record.received_at), record.type, record.fields))


def _whose(entities: Mapping[str, str]) -> tuple[str, str] | None:
    return next(((kind, entities[kind]) for kind in ("customer", "shopper") if kind in entities), None)


def _features_of(rules: RuleSet, name: str) -> frozenset[str]:
    """The features that a model looks at."""
    read = {one for text in rules.models[name].inputs for one in read_input(text).names}
    return frozenset(read & rules.features.keys())


def _alike(version: str, rules: RuleSet) -> frozenset[str]:
    """The features that meant the same under the rules of a version; none when their text is not kept."""
    kept = KeptRules.objects.filter(pk=version).first()
    try:
        then = load(kept.sources).features if kept is not None else {}
    except RuleError:  # written for an older language
        return frozenset()
    return frozenset(name for name in rules.features if _means_the_same(name, then, rules.features))


def _means_the_same(name: str, then: Mapping[str, Feature], now: Mapping[str, Feature]) -> bool:
    if name not in then:
        return False
    old, new = (replace(features[name], note="", spot=None) for features in (then, now))
    return old == new and all(_means_the_same(used, then, now) for used in needs(new))


def as_ms(moment: dt.datetime) -> int:
    """Milliseconds since 1970, as the engine counts."""
    return round(moment.timestamp() * 1000)
