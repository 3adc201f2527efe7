"""History in columns: events encoded once, run through an engine as often as one likes.

This is how backtests read the past. The kernel is the same as for live decisions, batch for batch; only the
words of each decision are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.engine.engine import Engine
from tocsin.engine.events import Event
from tocsin.engine.hashing import hash_text, signed
from tocsin.engine.kernel.program import LANES
from tocsin.engine.kernel.replay import ROOM, Columns, replay
from tocsin.engine.plan.plan import Plan
from tocsin.engine.runtime.encode import Encoder

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class History:
    """Encoded events, oldest first; for the inputs of one plan."""

    types: Whole
    sent: Whole
    ids: Whole
    digests: Whole
    ints: Whole  # inputs by events
    numbers: npt.NDArray[np.float64]
    mark_keys: Whole
    untils: Whole
    confidences: Whole
    inputs: Whole  # int registers of the rows of `ints`
    number_inputs: Whole

    def __len__(self) -> int:
        return len(self.sent)

    @property
    def columns(self) -> Columns:
        """As the kernel wants them."""
        return Columns(*(getattr(self, name) for name in Columns._fields))


@dataclass(frozen=True)
class Outcomes:
    """What came of a history: the worst verdict of each event (0: allow), and how often each rule fired."""

    verdicts: npt.NDArray[np.uint8]
    hits: Whole
    repeated: int  # events seen before, which were not decided again


def encode(plan: Plan, events: Sequence[Event]) -> History:
    """Encode events for a plan."""
    encoder, n = Encoder(plan), len(events)
    marks = [np.zeros(max(n, 1), np.int64) for _ in range(3)]
    encoder.marks(events, *marks)
    ints = np.zeros((plan.registers.counts[0], n), np.int64)
    numbers = np.full((max(plan.registers.counts[1], 2), n), np.nan)
    if n:
        encoder.fill(events, ints, numbers)
    return History(
        types=np.array([encoder.type_of(event) for event in events], np.int64),
        sent=np.array([event.ts for event in events], np.int64),
        ids=np.array([hash_text(event.id) for event in events], np.int64),
        digests=np.array([signed(event.digest()) for event in events], np.int64),
        ints=np.ascontiguousarray(ints[encoder.int_registers]),
        numbers=np.ascontiguousarray(numbers[encoder.number_registers]),
        mark_keys=marks[0][:n],
        untils=marks[1][:n],
        confidences=marks[2][:n],
        inputs=encoder.int_registers,
        number_inputs=encoder.number_registers,
    )


def run(engine: Engine, history: History, watch: Callable[[int, int, Whole], None] | None = None) -> Outcomes:
    """Run a history through an engine whose plan it was encoded for. ``watch(start, lanes, places)`` may look
    at ``engine.bench`` after each batch: lane i holds the event at ``places[i]``. Raises EngineFullError."""
    bench, columns = engine.bench, history.columns
    verdicts = np.zeros(len(history), np.uint8)
    hits = np.zeros(len(engine.plan.order), np.int64)
    room = np.zeros((ROOM, LANES), np.int64)
    most = len(history) if watch is None else 1
    repeated = start = 0
    while start < len(history):
        first = start
        engine.clock, engine.seq, start, lanes, again = replay(
            columns, bench.batch, room, verdicts, hits, engine.clock, engine.seq, start, most
        )
        bench.refuse_when_full()
        repeated += again
        if watch is not None and lanes:
            watch(first, lanes, room[-1, :lanes].copy())
    return Outcomes(verdicts, hits, repeated)
