"""A whole batch through the plan, in one call.

Stages run one after the other over all events of the batch. Each is a program, or a pass over a group; a
counter that only counts events for which a test on other features holds stands in a later stage than those.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from tocsin.engine.kernel.groups import DUE, choose, fetch, look_up, run_counter
from tocsin.engine.kernel.links import run_links
from tocsin.engine.kernel.marks import run_marks
from tocsin.engine.kernel.memory import jit
from tocsin.engine.kernel.program import mark_types, run_program, tell, unpack
from tocsin.engine.kernel.scores import run_score

# Kinds of stages, and what their other columns mean.
PROGRAM: Final = 0  # from, to: operations
GROUP: Final = 1  # group, from, to: counters
MARKS: Final = 2
LINKS: Final = 3
SCORE: Final = 4  # model, number register, mask of who asks
STAGE_COLUMNS: Final = 4


class Batch(NamedTuple):
    """All arrays that the kernel works on: the memory, the plan, and the registers of a batch."""

    memory: Any
    as_numbers: Any  # the memory, read as numbers
    # the plan
    stages: Any
    ops: Any
    numbers: Any
    table: Any
    parts: Any
    part_counts: Any
    rings: Any
    ring_counts: Any
    windows: Any
    counters: Any
    questions: Any
    roles: Any
    account_regs: Any
    instrument_regs: Any
    link_outs: Any
    models: Any
    curves: Any
    model_inputs: Any
    roots: Any
    nodes: Any
    thresholds: Any
    # what each event brings along
    types: Any
    clocks: Any
    sent: Any
    mark_keys: Any
    untils: Any
    confidences: Any
    # registers
    ints: Any
    floats: Any
    masks: Any
    # room to work in
    columns: Any
    tiles: Any
    asked: Any
    due: Any
    keys: Any
    rows: Any
    lanes: Any
    # answers
    fired: Any  # by rule, a mask
    worst: Any  # by rank of a verdict, where a rule of that rank fired
    verdicts: Any
    hit: Any


@jit
def run_batch(b, n):
    """Run every stage of a `Batch` for lanes 0 to n. Answers are in its registers and its last fields."""
    b.rows[:, :n] = 0
    b.worst[:] = 0
    b.ints[0, :n] = b.clocks[:n]
    mark_types(b.masks, b.roles.shape[0], b.types, n)
    for w in range(b.windows.shape[0]):
        _number_tiles(b.tiles[w], b.clocks, b.windows[w, 0], n)
    for s in range(b.stages.shape[0]):
        kind, first, second, third = b.stages[s, 0], b.stages[s, 1], b.stages[s, 2], b.stages[s, 3]
        if kind == PROGRAM:
            run_program(
                b.ops, first, second, b.table, b.numbers, b.ints, b.floats, b.masks, b.fired, b.worst, n
            )
        elif kind == GROUP:
            _run_group(b, first, b.counters[second:third], n)
        elif kind == MARKS:
            no_rings = b.rings[0, :0]
            run_marks(
                b.memory, b.questions, b.ints, b.clocks, b.mark_keys, b.untils, b.confidences, no_rings, n
            )
        elif kind == LINKS:
            no_rings = b.rings[0, :0]
            run_links(
                b.memory, b.roles, b.account_regs, b.instrument_regs, b.ints, b.types, b.clocks,
                b.ints[b.link_outs[0]], b.ints[b.link_outs[1]], no_rings, n,
            )  # fmt: skip
        elif kind == SCORE:
            unpack(b.masks, third, b.asked, n)
            run_score(
                b.models[first], b.curves[first], b.model_inputs, b.roots, b.nodes, b.thresholds, b.ints,
                b.floats, b.clocks, b.asked, b.columns, second, n,
            )  # fmt: skip
    tell(b.worst, b.verdicts, b.hit, n)


@jit
def _number_tiles(tiles, clocks, length, n):
    """The number (plus one) of the tile that runs at each event. Clocks never go back: a division is needed
    only where a tile ends."""
    tile, ends = np.int64(0), clocks[0]
    for i in range(n):
        if clocks[i] >= ends:
            tile = clocks[i] // length + 1
            ends = tile * length
        tiles[i] = tile


@jit
def _run_group(b, group, counters, n):
    rows, rings = b.rows[group], b.rings[group, : b.ring_counts[group]]
    parts = b.parts[group, : b.part_counts[group]]
    look_up(b.memory, group, parts, b.ints, b.masks, b.clocks, n, counters, rings, rows, b.keys)
    b.hit[n] = fetch(b.memory, counters, rows, rings, n) & 1
    for c in range(counters.shape[0]):
        chosen = b.lanes[: choose(b.masks, counters[c], rows, b.lanes, n)]
        unpack(b.masks, counters[c, DUE], b.due, n)
        run_counter(
            b.memory, b.as_numbers, b.ints, b.floats, b.clocks, b.sent, b.tiles, b.windows, chosen, b.due,
            counters[c], rows, n,
        )  # fmt: skip
