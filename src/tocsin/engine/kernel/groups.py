"""One pass over a group: the row of every event of a batch, then its counters, one after the other.

As a counter depends only on events with the same key, each can take the whole batch in turn, and the answers
are the same as event by event. Rows are looked up for the whole batch first, and what they will need is
fetched, which lets the machine wait for many places of its memory at once.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tocsin.engine.kernel.counters import (
    DISTINCT,
    EARLIEST,
    HIGHEST,
    LATEST,
    LOWEST,
    MISSING,
    NONE,
    PLACE,
    SPAN,
    SUM,
    run_distinct,
    run_extreme,
    run_place,
    run_span,
    run_sum,
    run_value,
)
from tocsin.engine.kernel.memory import jit
from tocsin.engine.kernel.tables import LOW32, add, entry_place, find, mix

# Columns of the plan's counters.
KIND: Final = 0
AT: Final = 1  # words into the row
WINDOW: Final = 2  # number of the window
VALUE: Final = 3  # int register; -1: every event counts one
DUE: Final = 4  # bool register
OUT: Final = 5  # int register for the answer
OUT_2: Final = 6  # int register for the second way to read it
NEED: Final = 7  # row of the table of who asks
COUNTER_COLUMNS: Final = 8


@jit
def look_up(memory, group, parts, ints, bools, clocks, n, counters, rings, rows, keys):
    """The row of every event of the batch into ``rows``: MISSING without a whole key, 0 when nothing was ever
    counted for it and this event does not count either. Rows that are found or made are touched, and so stay.
    May be called again for later counters of the same group: rows that were found are kept."""
    _find_keys(memory, group, parts, ints, n, rows, keys)
    for i in range(n):
        if rows[i] != 0:
            continue
        row = find(memory, group, keys[i])
        if row == 0:
            due = False
            for c in range(counters.shape[0]):
                due |= bools[counters[c, DUE], i] != 0
            if due:
                # idle is measured from the first event of the batch: what this batch touched must stay
                row = add(memory, group, keys[i], clocks[i], clocks[0], rings)
        elif memory[row] < clocks[i] + 1:
            memory[row] = clocks[i] + 1
        rows[i] = row


@jit
def _find_keys(memory, group, parts, ints, n, rows, keys):
    """Keys of all events; then, many at once, where their search begins, and the rows found there."""
    for i in range(n):
        key = ints[parts[0], i]
        missing = key == NONE
        for p in range(1, parts.shape[0]):
            part = ints[parts[p], i]
            missing |= part == NONE
            key = mix(key, part)
        keys[i] = key
        if missing:
            rows[i] = MISSING
    seen = np.int64(0)
    for i in range(n):
        if rows[i] == 0:
            seen ^= memory[entry_place(memory, group, keys[i])]
    for i in range(n):
        if rows[i] == 0:
            seen ^= memory[(memory[entry_place(memory, group, keys[i])] & LOW32) << 3]
    keys[n] = seen  # so that the reads above are not left out


@jit
def fetch(memory, counters, rows, rings, n):
    """Read the lines of each row that ``counters`` will need, then the beginning of its rings. The answer
    means nothing."""
    words = counters[:, AT].max() + 1
    seen = np.int64(0)
    for i in range(n):
        if rows[i] > 0:
            for word in range(8, words, 8):
                seen ^= memory[rows[i] + word]
    for i in range(n):
        if rows[i] > 0:
            for r in range(rings.shape[0]):
                seen ^= memory[memory[rows[i] + rings[r]] >> 24]
    return seen


@jit
def run_counter(memory, bits, ints, bools, places, clocks, sent, tiles, windows, asked, counters, c, rows, n):
    """Read and update one counter for the whole batch. ``windows``: by number, tile in ms and whole tiles."""
    kind, at, window = counters[c, KIND], counters[c, AT], counters[c, WINDOW]
    value, out, out_2 = counters[c, VALUE], counters[c, OUT], counters[c, OUT_2]
    due = bools[counters[c, DUE]]
    span = windows[window, 1]
    length = windows[window, 0] * span
    if kind == SUM:
        run_sum(
            memory, rows, at, tiles[window], span, asked, due, ints[max(value, 0)], value < 0, ints[out], n
        )
    elif kind == DISTINCT:
        run_distinct(
            memory, rows, at, tiles[window], span, asked, due, ints[value], ints[out], ints[out_2], n
        )
    elif kind == SPAN:
        run_span(memory, rows, at, clocks, length, asked, due, ints[out], ints[out_2], n)
    elif kind in (LOWEST, HIGHEST):
        sign = 1 if kind == LOWEST else -1
        run_extreme(memory, rows, at, tiles[window], span, asked, due, ints[value], sign, ints[out], n)
    elif kind in (LATEST, EARLIEST):
        run_value(memory, rows, at, clocks, length, asked, due, ints[value], kind == LATEST, ints[out], n)
    elif kind == PLACE:
        run_place(
            memory, bits, rows, at, clocks, length, asked, due, places[0], places[1], sent, ints[out],
            ints[out_2], n,
        )  # fmt: skip
