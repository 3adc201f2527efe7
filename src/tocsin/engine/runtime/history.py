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
from tocsin.engine.kernel import screen
from tocsin.engine.plan.plan import Plan
from tocsin.engine.runtime.encode import Encoder
from tocsin.engine.runtime.state import LANES

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
    bench, total = engine.bench, len(history)
    verdicts = np.zeros(total, np.uint8)
    hits = np.zeros(len(engine.plan.order), np.int64)
    received = np.zeros(LANES, np.int64)
    states, rows, clocks = (np.zeros(LANES, np.int64) for _ in range(3))
    no_rings = np.zeros(0, np.int64)
    repeated = 0
    start = stop = 0
    while (start := stop) < total:
        stop = min(start + LANES, total)
        clock, seq, n = screen.screen(
            engine.memory, history.ids[start:stop], history.digests[start:stop], history.sent[start:stop],
            received, engine.clock, engine.seq, states, rows, clocks, no_rings, stop - start,
        )  # fmt: skip
        bench.refuse_when_full()
        stop = start + n
        engine.clock, engine.seq = int(clock), int(seq)
        places = np.arange(start, stop) if not states[:n].any() else start + np.flatnonzero(states[:n] == 0)
        lanes = len(places)
        repeated += n - lanes
        if lanes == 0:
            continue
        chosen: slice | Whole = slice(start, stop) if lanes == n else places
        bench.types[:lanes] = history.types[chosen]
        bench.sent[:lanes] = history.sent[chosen]
        bench.clocks[:lanes] = clocks[places - start]
        bench.ints[history.inputs, :lanes] = history.ints[:, chosen]
        bench.numbers[history.number_inputs, :lanes] = history.numbers[:, chosen]
        bench.mark_keys[:lanes] = history.mark_keys[chosen]
        bench.untils[:lanes] = history.untils[chosen]
        bench.confidences[:lanes] = history.confidences[chosen]
        bench.run(lanes)
        verdicts[places] = bench.verdicts[:lanes]
        if bench.hit[:lanes].any():
            hits += bench.fired[: len(hits), :lanes].sum(axis=1, dtype=np.int64)
        if watch is not None:
            watch(start, lanes, places)
    return Outcomes(verdicts, hits, repeated)
