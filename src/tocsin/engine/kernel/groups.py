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
    run_blank,
    run_distinct,
    run_extreme,
    run_place,
    run_span,
    run_sum,
    run_value,
)
from tocsin.engine.kernel.memory import jit
from tocsin.engine.kernel.program import WORD, holds, words_of
from tocsin.engine.kernel.tables import LOW32, add, entry_place, find, mix

# Columns of the plan's counters.
KIND: Final = 0
AT: Final = 1  # words into the row
WINDOW: Final = 2  # number of the window
VALUE: Final = 3  # int register; -1: every event counts one
DUE: Final = 4  # the mask of events that count
OUT: Final = 5  # int register for the answer
OUT_2: Final = 6  # int register for the second way to read it
ASKED: Final = 7  # the mask of events that read it
COUNTER_COLUMNS: Final = 8

SCRATCH: Final = 1  # the int register of answers that nobody wants


@jit
def look_up(memory, group, parts, ints, masks, clocks, n, counters, rings, rows, keys):
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
                due |= holds(masks, counters[c, DUE], i)
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
def choose(masks, counter, rows, lanes, n):
    """The events that read a counter or count, and have a row: in order into ``lanes``. How many."""
    count = 0
    for w in range(words_of(n)):
        word = masks[counter[ASKED], w] | masks[counter[DUE], w]
        for k in range(WORD):
            lanes[count] = w * WORD + k
            count += np.int64((word >> np.uint64(k)) & np.uint64(1)) & np.int64(rows[w * WORD + k] > 0)
    return count


@jit
def run_counter(memory, as_numbers, ints, places, clocks, sent, tiles, windows, lanes, due, counter, rows, n):
    """Read and update one counter for the whole batch. ``windows``: by number, tile in ms and whole tiles."""
    kind, at, window = counter[KIND], counter[AT], counter[WINDOW]
    value, out, out_2 = counter[VALUE], counter[OUT], counter[OUT_2]
    span = windows[window, 1]
    length = windows[window, 0] * span
    run_blank(rows, ints[out], np.int64(0) if kind in (SUM, DISTINCT) else NONE, n)
    if out_2 != SCRATCH:
        run_blank(rows, ints[out_2], np.int64(0) if kind == DISTINCT else NONE, n)
    if kind == SUM:
        run_sum(memory, rows, at, tiles[window], span, lanes, due, ints[max(value, 0)], value < 0, ints[out])
    elif kind == DISTINCT:
        run_distinct(
            memory, rows, at, tiles[window], span, lanes, due, ints[value], out_2 != SCRATCH, ints[out],
            ints[out_2],
        )  # fmt: skip
    elif kind == SPAN:
        run_span(memory, rows, at, clocks, length, lanes, due, ints[out], ints[out_2])
    elif kind in (LOWEST, HIGHEST):
        sign = 1 if kind == LOWEST else -1
        run_extreme(memory, rows, at, tiles[window], span, lanes, due, ints[value], sign, ints[out])
    elif kind in (LATEST, EARLIEST):
        run_value(memory, rows, at, clocks, length, lanes, due, ints[value], kind == LATEST, ints[out])
    elif kind == PLACE:
        run_place(
            memory, as_numbers, rows, at, clocks, length, lanes, due, places[0], places[1], sent, ints[out],
            ints[out_2],
        )  # fmt: skip
