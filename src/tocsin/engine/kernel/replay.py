"""Batches one after the other, from events in columns: how the engine goes through history.

Batch for batch as live: screened, loaded into the lanes, run. Nothing but kernels runs in between.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from tocsin.engine.kernel.batch import run_batch
from tocsin.engine.kernel.memory import AT_FULL, jit
from tocsin.engine.kernel.program import LANES, count_hits
from tocsin.engine.kernel.screen import NEW, screen

ROOM: Final = 5  # rows of room to work in, LANES long: received, states, rows, clocks, places


class Columns(NamedTuple):
    """Events, oldest first. ``ints`` and ``numbers``: by input and event; ``inputs`` and ``number_inputs``:
    the registers these belong into."""

    types: Any
    sent: Any
    ids: Any
    digests: Any
    ints: Any
    numbers: Any
    mark_keys: Any
    untils: Any
    confidences: Any
    inputs: Any
    number_inputs: Any


@jit
def replay(columns, batch, room, verdicts, hits, clock, position, start, most):
    """Run at most ``most`` batches of events, from number ``start`` on. ``room``: the last row will hold the
    numbers of the last batch's events by lane. ``verdicts``: by event; ``hits``: by rule, how often it fired;
    both are added to. Stops where the memory is full.

    Returns the clock and the position in the log, the number of the next event, how many events the last
    batch ran, and how many were seen before and not run, in all batches."""
    received, states, rows, clocks, places = room[0], room[1], room[2], room[3], room[4]
    sent, no_rings = columns.sent, columns.inputs[:0]
    fresh, repeated = 0, 0
    while start < len(sent) and most > 0:
        most -= 1
        stop = min(start + LANES, len(sent))
        clock, position, n = screen(
            batch.memory, columns.ids[start:stop], columns.digests[start:stop], sent[start:stop], received,
            clock, position, states, rows, clocks, no_rings, stop - start,
        )  # fmt: skip
        fresh = 0
        for i in range(n):
            if states[i] == NEW:
                places[fresh] = start + i
                batch.clocks[fresh] = clocks[i]
                fresh += 1
        start += n
        repeated += n - fresh
        if fresh > 0 and batch.memory[AT_FULL] == 0:
            _load(columns, batch, places, fresh)
            run_batch(batch, fresh)
            for lane in range(fresh):
                verdicts[places[lane]] = batch.verdicts[lane]
            count_hits(batch.fired, hits, fresh)
        if batch.memory[AT_FULL]:
            break
    return clock, position, start, fresh, repeated


@jit
def _load(columns, batch, places, n):
    """The events at ``places`` into the lanes 0 to n."""
    for lane in range(n):
        at = places[lane]
        batch.types[lane] = columns.types[at]
        batch.sent[lane] = columns.sent[at]
        batch.mark_keys[lane] = columns.mark_keys[at]
        batch.untils[lane] = columns.untils[at]
        batch.confidences[lane] = columns.confidences[at]
    for row in range(len(columns.inputs)):
        for lane in range(n):
            batch.ints[columns.inputs[row], lane] = columns.ints[row, places[lane]]
    for row in range(len(columns.number_inputs)):
        for lane in range(n):
            batch.floats[columns.number_inputs[row], lane] = columns.numbers[row, places[lane]]
