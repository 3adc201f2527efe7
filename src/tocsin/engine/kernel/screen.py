"""The first look at a batch: which events are new, and what the engine's clock says at each.

An event id is known for the day (UTC, of the engine's clock) of its first answer and the 31 days after it.

Row of an id:  0 first seen at (engine's clock plus one) | 1 hash of the id | 2 digest of the content
               3 position in the log | 4 received at (ms) | 5 what was answered, as the engine packs it
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tocsin.engine.kernel.memory import AT_FULL, jit
from tocsin.engine.kernel.tables import ROW_HEAD, add, entry_place, find

IDS: Final = 0  # the group
ID_WORDS: Final = 6
DAYS_KNOWN: Final = 32
DAY: Final = 86_400_000
ID_HORIZON: Final = (DAYS_KNOWN + 1) * DAY

ID_DIGEST: Final = ROW_HEAD
ID_POSITION: Final = ROW_HEAD + 1
ID_RECEIVED: Final = ROW_HEAD + 2
ID_ANSWER: Final = ROW_HEAD + 3

NEW: Final = 0
SAME: Final = 1  # seen before, with the same content
OTHER: Final = 2  # seen before, with other content


@jit
def screen(memory, ids, digests, sent, received, clock, position, states, rows, clocks, no_rings, n):
    """Judge ``n`` events in order. ``states``: NEW, SAME or OTHER; ``rows``: the id's row; ``clocks``: the
    engine's clock at each new event. Returns the clock and the position after the batch, and how many events
    were judged: an id whose time is over begins anew only as the first of a batch, so that what this batch
    answers for its earlier life is still there."""
    seen = np.int64(0)
    for i in range(n):  # where each search begins, many at once
        seen ^= memory[entry_place(memory, IDS, ids[i])]
    rows[0] = seen  # so that the reads above are not left out
    for i in range(n):
        row = find(memory, IDS, ids[i])
        if row != 0 and clock // DAY - (memory[row] - 1) // DAY < DAYS_KNOWN:
            states[i] = SAME if memory[row + ID_DIGEST] == digests[i] else OTHER
            rows[i] = row
            continue
        if row != 0 and i > 0:
            return clock, position, i
        clock = max(clock, sent[i])
        if row == 0:
            row = add(memory, IDS, ids[i], clock, clock, no_rings)
            if row == 0:
                memory[AT_FULL] = 1
                return clock, position, i
        position += 1
        memory[row] = clock + 1
        memory[row + ID_DIGEST] = digests[i]
        memory[row + ID_POSITION] = position
        memory[row + ID_RECEIVED] = received[i]
        memory[row + ID_ANSWER] = 0
        states[i] = NEW
        rows[i] = row
        clocks[i] = clock
    return clock, position, n
