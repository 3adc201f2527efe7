"""Answering a question: the past replayed through the kernel that decides, with the question as its only
rule. Events before the period fill the counters, as far back as the features looked at reach.

An answer, as JSON:

- ``events``: how many of the period were looked at; ``warm_up``: how many before it only filled counters
- ``first``: when the oldest event that was replayed was received; ``shortened``: there were more events than
  are replayed at once, and none before it was
- ``withheld``: how many of them are kept from the asker, by region or because they are about somebody the
  asker is connected with. Whether the condition held on these is not told: asked again and again with other
  conditions, a count of it would tell what is in them
- ``matches``: on how many of the others the condition held
- ``rows``: the newest of them, newest first, as ``seq`` and ``values`` (feature -> value)
- ``counts``: start of hour or day (seconds since 1970) -> matches
- ``sums``: currency, or "" -> start -> sum of ``adds_up``
- ``top``: the most frequent values of ``top_of``, each with its matches; ``others``: how many more there are
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from django.conf import settings

from tocsin.core.actor import Actor
from tocsin.domains.detection.past import engine_event, records_between
from tocsin.domains.detection.records import Record
from tocsin.domains.questions.models import Question
from tocsin.engine.engine import Engine
from tocsin.engine.events import Event
from tocsin.engine.language.nodes import Value
from tocsin.engine.language.question import longest_window, looked_at
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.runtime.explain import Seen
from tocsin.engine.runtime.history import encode, run

MAX_EVENTS: Final = 500_000
MAX_SECONDS: Final = 240
ROWS: Final = 1_000
TOP: Final = 25
_MEMORY: Final = 2 * 1024**3  # bytes the engine may use
_DIFFERENT: Final = 100_000  # values of ``top_of`` that are counted apart


class TooMuch(Exception):
    """The question takes longer than an answer may."""


def answer(question: Question, asked: RuleSet, actor: Actor, tell: Callable[[int], None]) -> dict[str, Any]:
    """The answer; ``tell`` is given the percentage that is done. Raises EngineFullError, TooMuch."""
    replay = _Replay(question, asked, actor)
    begins = question.since - dt.timedelta(milliseconds=longest_window(asked))
    whole = max((question.until - begins).total_seconds(), 1.0)
    give_up = time.monotonic() + MAX_SECONDS
    for records in records_between(begins, question.until, MAX_EVENTS):
        replay.take(records)
        if time.monotonic() > give_up:
            raise TooMuch
        tell(int(100 * (records[-1].received_at - begins).total_seconds() / whole))
    return replay.figures()


class _Replay:
    """One engine, and what was found so far."""

    def __init__(self, question: Question, asked: RuleSet, actor: Actor) -> None:
        self._question, self._actor = question, actor
        self._engine = Engine(asked, _MEMORY)
        self._features = [got for got in looked_at(asked) if got.kind == "feature"]
        self._zone = ZoneInfo(settings.TOCSIN_ZONE)
        self._first: dt.datetime | None = None
        self._judged = self._warmed = self._matches = self._withheld = 0
        self._rows: deque[dict[str, Any]] = deque(maxlen=ROWS)
        self._counts: Counter[int] = Counter()
        self._sums: dict[str, Counter[int]] = defaultdict(Counter)
        self._top: Counter[str] = Counter()
        self._records: list[Record] = []
        self._open: list[bool] = []  # of each record: whether it is of the period and the asker may see it
        self._events: list[Event] = []

    def take(self, records: list[Record]) -> None:
        """The next events, in order."""
        self._records = records
        self._events = [engine_event(record) for record in records]
        self._first = self._first or records[0].received_at
        judged = [record.received_at >= self._question.since for record in records]
        self._open = [
            due and _may_see(self._actor, record) for due, record in zip(judged, records, strict=True)
        ]
        self._judged += sum(judged)
        self._warmed += len(records) - sum(judged)
        self._withheld += sum(judged) - sum(self._open)
        run(self._engine, encode(self._engine.plan, self._events), self._watch)

    def _watch(self, _start: int, lanes: int, places: npt.NDArray[np.int64]) -> None:
        """Told of every batch by ``run``."""
        for lane in np.flatnonzero(self._engine.bench.fired(lanes)[0]).tolist():
            place = int(places[lane])
            if self._open[place]:
                self._found(self._records[place], self._values(place, lane))

    def _values(self, place: int, lane: int) -> dict[str, Value | None]:
        seen = Seen(self._events[place], self._engine.plan, self._engine.bench, lane)
        return {got.name: seen.get(got) for got in self._features}

    def _found(self, record: Record, values: dict[str, Value | None]) -> None:
        question = self._question
        self._matches += 1
        self._rows.append({"seq": record.seq, "values": values})
        start = self._start(record.received_at)
        self._counts[start] += 1
        added = record.fields.get(question.adds_up) if question.adds_up else None
        if isinstance(added, int):
            currency = record.currency if question.adds_up.endswith("_minor") else ""
            self._sums[currency][start] += added
        value = _value_of(record, question.top_of) if question.top_of else None
        if value is not None and (value in self._top or len(self._top) < _DIFFERENT):
            self._top[value] += 1

    def _start(self, at: dt.datetime) -> int:
        """The first moment of its hour or day, at the marketplace's main place."""
        local = at.astimezone(self._zone).replace(minute=0, second=0, microsecond=0)
        if self._question.bucket == Question.Bucket.DAY:
            local = local.replace(hour=0)
        return int(local.timestamp())

    def figures(self) -> dict[str, Any]:
        """See the top of this file."""
        return {
            "events": self._judged,
            "warm_up": self._warmed,
            "first": self._first.isoformat() if self._first else None,
            "shortened": self._judged + self._warmed >= MAX_EVENTS,
            "withheld": self._withheld,
            "matches": self._matches,
            "rows": list(reversed(self._rows)),
            "counts": {str(start): count for start, count in sorted(self._counts.items())},
            "sums": {
                currency: {str(start): total for start, total in sorted(sums.items())}
                for currency, sums in sorted(self._sums.items())
            },
            "top": self._top.most_common(TOP),
            "others": max(0, len(self._top) - TOP),
        }


def _may_see(actor: Actor, record: Record) -> bool:
    if record.region and not actor.covers_region(record.region):
        return False
    return not any(f"{kind}:{ident}" in actor.kept_from for kind, ident in record.entities.items())


def _value_of(record: Record, name: str) -> str | None:
    if name == "region":
        return record.region or None
    value = record.entities.get(name, record.fields.get(name))
    return None if value is None else str(value)
