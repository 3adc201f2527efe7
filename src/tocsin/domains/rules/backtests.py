"""Backtesting a draft: the past replayed twice, with what is in force and with the draft in it.

Figures of a backtest, as JSON:

- ``events``, ``since``, ``until``: what was judged, after ``warm_up`` events that only filled the counters
- ``listed``: entries of kept lists, as they are now, that were known from the beginning: a draft asks what it
  would have done had its lists been there
- ``hits``, ``per_day`` (day -> hits), ``rate`` (hits an event): what it would have done, and the forecast
  that the brake holds it to
- ``people``, ``confirmed``, ``cleared``, ``unlabelled``: whom it would have met, by what became known of them
- ``missed``: people known for what the rule is about, seen in these events, whom it would not have met
- ``precision``: confirmed ÷ (confirmed + cleared); ``recall``: confirmed ÷ (confirmed + missed); none without
  anybody to count
- ``value``: currency -> minor units in events of confirmed people that it would have fired on
- ``regions``: jurisdiction -> ``people`` it would have troubled there, and how many of them ``cleared``
- ``overlap``: rule in force -> on how many of the hits it fires too
- ``changed``: "allow → review" -> events that would have been answered otherwise than by what is in force
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.utils import timezone

from tocsin.domains.detection.models import Label
from tocsin.domains.detection.past import engine_event, labelled, records_since
from tocsin.domains.detection.records import Fired, Record
from tocsin.domains.lists.queries import Held, held
from tocsin.domains.rules.watching import Hits
from tocsin.engine.engine import Engine
from tocsin.engine.events import Entities, Event, Scalar
from tocsin.engine.language.nodes import Rule
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.runtime.history import encode, run
from tocsin.engine.vocabulary import VERDICTS

#: Days before those that are judged, replayed so that counters know them.
WARM_UP: Final = dt.timedelta(days=7)
MAX_EVENTS: Final = 500_000
_MEMORY: Final = 2 * 1024**3  # bytes an engine may use

Who = tuple[str, str]


@dataclass(frozen=True)
class Backtest:
    """What a backtest found: its figures, and the hash of the events it was made from."""

    figures: dict[str, Any]
    data_hash: str


def backtest(name: str, live: RuleSet, drafted: RuleSet, days: int) -> Backtest:
    """Replay the last ``days``. Raises EngineFullError."""
    since = timezone.now() - dt.timedelta(days=days)
    replay = _Replay(drafted.rules[name], live, drafted, since)
    for records in records_since(since - WARM_UP, MAX_EVENTS):
        replay.take(records)
    return Backtest(replay.figures(), replay.data_hash.hexdigest())


class _Replay:
    """Two engines side by side, and what came of the events so far."""

    def __init__(self, rule: Rule, live: RuleSet, drafted: RuleSet, since: dt.datetime) -> None:
        self.data_hash = hashlib.sha256()
        self._since = since
        self._until = since
        self._live, self._drafted = Engine(live, _MEMORY), Engine(drafted, _MEMORY)
        self._listed = self._know_lists(since - WARM_UP)
        self._fired = Fired(rule.id, rule.code, rule.verdict, rule.severity, rule.clause)
        self._known = labelled([rule.clause, Label.denial(rule.id)])
        self._judged = self._warmed = 0
        self._hits: list[Record] = []
        self._seen: set[Who] = set()
        self._together: Counter[str] = Counter()
        self._changed: Counter[tuple[int, int]] = Counter()

    def _know_lists(self, at: dt.datetime) -> int:
        """Let both engines know what is on the kept lists that either asks about, and count it."""
        features = [*self._live.rules.features.values(), *self._drafted.rules.features.values()]
        entries = held({feature.word for feature in features if feature.kind == "listed"})
        events = [_of_entry(number, entry, at) for number, entry in enumerate(entries)]
        for engine in (self._live, self._drafted):
            run(engine, encode(engine.plan, events))
        return len(events)

    def take(self, records: list[Record]) -> None:
        """The next events, in order."""
        events = [engine_event(record) for record in records]
        self.data_hash.update("\n".join(event.id for event in events).encode() + b"\n")
        hits = Hits(self._drafted, self._fired.rule)
        before = run(self._live, encode(self._live.plan, events))
        after = run(self._drafted, encode(self._drafted.plan, events), hits)
        judged = np.array([record.received_at >= self._since for record in records])
        self._judged += int(judged.sum())
        self._warmed += int((~judged).sum())
        if not judged.any():
            return
        self._until = records[-1].received_at
        self._together += hits.together
        self._hits += [records[place] for place in hits.places if judged[place]]
        other = judged & (before.verdicts != after.verdicts)
        pairs = zip(before.verdicts[other].tolist(), after.verdicts[other].tolist(), strict=True)
        self._changed.update(pairs)
        for record, counts in zip(records, judged, strict=True):
            if counts:
                self._seen |= self._known.keys() & set(record.entities.items())

    def figures(self) -> dict[str, Any]:
        """See the top of this file."""
        met = dict(self._people())
        confirmed = {who for who in met if self._is(who, self._fired.clause)}
        cleared = {who for who in met if self._is(who, Label.denial(self._fired.rule))} - confirmed
        missed = {who for who in self._seen - met.keys() if self._is(who, self._fired.clause)}
        days = Counter(record.received_at.date().isoformat() for record in self._hits)
        return {
            "events": self._judged,
            "warm_up": self._warmed,
            "listed": self._listed,
            "since": self._since.isoformat(),
            "until": self._until.isoformat(),
            "hits": len(self._hits),
            "per_day": dict(sorted(days.items())),
            "rate": _ratio(len(self._hits), self._judged),
            "people": len(met),
            "confirmed": len(confirmed),
            "cleared": len(cleared),
            "unlabelled": len(met) - len(confirmed) - len(cleared),
            "missed": len(missed),
            "precision": _ratio(len(confirmed), len(confirmed) + len(cleared)),
            "recall": _ratio(len(confirmed), len(confirmed) + len(missed)),
            "value": self._value(confirmed),
            "regions": _regions(met, cleared),
            "overlap": dict(self._together.most_common()),
            "changed": {
                f"{VERDICTS[old]} → {VERDICTS[new]}": count
                for (old, new), count in sorted(self._changed.items())
            },
        }

    def _people(self) -> Iterator[tuple[Who, str]]:
        """Whom it would have met, and where."""
        for record in self._hits:
            yield record.subject(self._fired), record.region

    def _is(self, who: Who, label: str) -> bool:
        return label in self._known.get(who, ())

    def _value(self, confirmed: set[Who]) -> dict[str, int]:
        value: Counter[str] = Counter()
        for record in self._hits:
            if record.currency and record.subject(self._fired) in confirmed:
                value[record.currency] += max(record.value_minor, 0)
        return dict(value)


def _regions(met: dict[Who, str], cleared: set[Who]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for who, region in sorted(met.items(), key=lambda one: one[1]):
        there = found.setdefault(region, {"people": 0, "cleared": 0})
        there["people"] += 1
        there["cleared"] += who in cleared
    return found


def _of_entry(number: int, entry: Held, at: dt.datetime) -> Event:
    """An entry of a kept list as the engine is told of it."""
    fields: dict[str, Scalar] = {"list": entry.list, "value": entry.value, "confidence": entry.confidence}
    if entry.until is not None:
        fields["until"] = entry.until
    ts = int(at.timestamp() * 1000)
    return Event(id=f"listed-{number}", type="list.added", ts=ts, entities=Entities(), fields=fields)


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
