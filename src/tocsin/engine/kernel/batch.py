"""A whole batch through the plan, in one call.

Stages run one after the other over all events of the batch. Each is a program, or a pass over a group; a
counter that only counts events for which a test on other features holds stands in a later stage than those.
"""

from __future__ import annotations

from typing import Final

from tocsin.engine.kernel.groups import NEED, fetch, look_up, run_counter
from tocsin.engine.kernel.links import run_links
from tocsin.engine.kernel.marks import run_marks
from tocsin.engine.kernel.memory import jit
from tocsin.engine.kernel.program import run_program
from tocsin.engine.kernel.scores import run_score

# Kinds of stages, and what their other columns mean.
PROGRAM: Final = 0  # from, to: operations
GROUP: Final = 1  # group, from, to: counters
MARKS: Final = 2
LINKS: Final = 3
SCORE: Final = 4  # model, number register, row of needs
STAGE_COLUMNS: Final = 4


@jit
def run_batch(
    memory, bits, stages, ops, numbers, sets, type_table, parts, part_counts, rings, ring_counts, windows,
    counters, needs, questions, roles, account_regs, instrument_regs, link_outs, mark_keys, untils,
    confidences, models, curves, model_inputs, roots, nodes, thresholds, columns, ints, floats, bools, types,
    clocks, sent, tiles, asked, keys, rows, fired, verdicts, hit, n,
):  # fmt: skip
    """Run every stage for lanes 0 to n. Answers are in the registers, ``fired``, ``verdicts`` and ``hit``."""
    rows[:, :n] = 0
    verdicts[:n] = 0
    hit[:n] = 0
    ints[0, :n] = clocks[:n]
    no_rings = rings[0, :0]
    for w in range(windows.shape[0]):
        for i in range(n):
            tiles[w, i] = clocks[i] // windows[w, 0] + 1
    for s in range(stages.shape[0]):
        if stages[s, 0] == PROGRAM:
            run_program(
                ops[stages[s, 1] : stages[s, 2]], numbers, sets, type_table, ints, floats, bools, types,
                fired, verdicts, hit, n,
            )  # fmt: skip
            continue
        if stages[s, 0] == MARKS:
            run_marks(memory, questions, ints, clocks, mark_keys, untils, confidences, no_rings, n)
            continue
        if stages[s, 0] == LINKS:
            run_links(
                memory, roles, account_regs, instrument_regs, ints, types, clocks, ints[link_outs[0]],
                ints[link_outs[1]], no_rings, n,
            )  # fmt: skip
            continue
        if stages[s, 0] == SCORE:
            need = needs[stages[s, 3]]
            for i in range(n):
                asked[i] = need[types[i]]
            run_score(
                models[stages[s, 1]], curves[stages[s, 1]], model_inputs, roots, nodes, thresholds, ints,
                floats, clocks, asked, columns, stages[s, 2], n,
            )  # fmt: skip
            continue
        g = stages[s, 1]
        due = counters[stages[s, 2] : stages[s, 3]]
        ring_places = rings[g, : ring_counts[g]]
        look_up(
            memory, g, parts[g, : part_counts[g]], ints, bools, clocks, n, due, ring_places, rows[g], keys
        )
        hit[n] = fetch(memory, due, rows[g], ring_places, n) & 1
        for c in range(due.shape[0]):
            need = needs[due[c, NEED]]
            for i in range(n):
                asked[i] = need[types[i]]
            run_counter(
                memory, bits, ints, bools, floats, clocks, sent, tiles, windows, asked, due, c, rows[g], n
            )
