"""The features of one person or thing: now, and as they were at each of its events.

Only features about this entity alone are worked out, from only its own events: whatever else happened cannot
change them (see :func:`tocsin.engine.language.features.features_of`), so that replaying a few events gives
what the engine holds. The kernel is the same.

As JSON: ``at`` (when it was worked out), ``events`` (how many were replayed), ``shortened`` (there were
more), ``times`` (when each event was received, seconds since 1970) and ``features``: ``name``, ``window``,
``note`` (what the rules say it is), ``now``, and ``values`` (at each event, before it was counted). A
value that is not known is null.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from django.utils import timezone

from tocsin.domains.detection.past import engine_event, records_of
from tocsin.domains.detection.records import Record
from tocsin.engine.engine import Engine
from tocsin.engine.events import Entities, Event
from tocsin.engine.language.features import features_of
from tocsin.engine.language.nodes import Get, Value
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.runtime.explain import Seen
from tocsin.engine.runtime.history import encode, run

#: As far back as the longest window.
BACK: Final = dt.timedelta(days=91)
MAX_EVENTS: Final = 5_000
_MEMORY: Final = 256 * 1024**2  # bytes the engine may use
_NOBODYS: Final = "custom.now"  # an event type that nothing counts


def features_now(rules: RuleSet, kind: str, entity_id: str) -> dict[str, Any]:
    """What the features of this entity are; ``kind`` as events call it. Raises EngineFullError."""
    now = timezone.now()
    own = features_of(rules.features, kind)
    engine = Engine(replace(rules, rules={}, features=own, models={}), _MEMORY, read_all=True)
    records = records_of(kind, entity_id, now - BACK, MAX_EVENTS + 1)
    shortened, records = len(records) > MAX_EVENTS, records[-MAX_EVENTS:]
    events = [engine_event(record) for record in records]
    last = max([round(now.timestamp() * 1000), *(event.ts for event in events)])
    asked = Event(
        id=f"now-{last}",
        type=_NOBODYS,
        ts=last,
        entities=Entities(**{kind: entity_id}),
        fields=_currency(records),
    )
    table = _Table(engine, [*events, asked])
    run(engine, encode(engine.plan, table.events), table)
    return {
        "at": now.isoformat(),
        "events": len(events),
        "shortened": shortened,
        "times": [int(record.received_at.timestamp()) for record in records],
        "features": [
            {
                "name": name,
                "window": own[name].window,
                "note": own[name].note,
                "now": values[-1],
                "values": values[:-1],
            }
            for name, values in sorted(table.values.items())
        ],
    }


def _currency(records: Sequence[Record]) -> dict[str, Any]:
    """The currency of the newest amount: sums of money are kept for each apart."""
    newest = next((record.currency for record in reversed(records) if record.currency), "")
    return {"currency": newest} if newest else {}


class _Table:
    """Told of every batch by ``run``: the value of every feature at every event."""

    def __init__(self, engine: Engine, events: list[Event]) -> None:
        self.events = events
        self._engine = engine
        self._gets = [Get("feature", one.name, one.type) for one in engine.rules.features.values()]
        self.values: dict[str, list[Value | None]] = {got.name: [None] * len(events) for got in self._gets}

    def __call__(self, _start: int, lanes: int, places: npt.NDArray[np.int64]) -> None:
        for lane in range(lanes):
            place = int(places[lane])
            seen = Seen(self.events[place], self._engine.plan, self._engine.bench, lane)
            for got in self._gets:
                self.values[got.name][place] = seen.get(got)
