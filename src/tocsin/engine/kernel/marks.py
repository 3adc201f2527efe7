"""Marks: what somebody was told to be. A label on an entity, or a value on a kept list, until a time.

They come as events, are kept whether or not a rule asks for them today, and so hold for rules written later.
Row:  0 until (ms, plus one; dropped some time after) | 1 hash of mark and bearer | 2 confidence in percent
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tocsin.engine.kernel.counters import NONE
from tocsin.engine.kernel.memory import jit
from tocsin.engine.kernel.tables import ROW_HEAD, add, find, mix

MARKS: Final = 1  # the group
MARK_WORDS: Final = 3
MARK_HORIZON: Final = 1
FOR_EVER: Final = np.int64(2**62)

# Columns of the plan's questions.
MARK: Final = 0  # hash of the mark's name (and the kind of its bearer)
BEARER: Final = 1  # int register
OUT: Final = 2  # int register: 1 or 0; unknown without a bearer
CONFIDENCE: Final = 3  # int register: percent; unknown when it does not bear the mark
MARK_COLUMNS: Final = 4


@jit
def run_marks(memory, questions, ints, clocks, keys, untils, confidences, no_rings, n):
    """Answer the questions of each event, then take its own mark (``keys`` other than 0) into account. An
    ``until`` that is over takes a mark away."""
    for i in range(n):
        for q in range(questions.shape[0]):
            _answer(memory, questions, q, ints, clocks[i], i)
        if keys[i] != 0:
            row = find(memory, MARKS, keys[i])
            if row == 0 and untils[i] > clocks[i]:
                row = add(memory, MARKS, keys[i], clocks[i], clocks[i], no_rings)
            if row != 0:
                memory[row] = untils[i] + 1
                memory[row + ROW_HEAD] = confidences[i]


@jit
def _answer(memory, questions, q, ints, now, i):
    bearer = ints[questions[q, BEARER], i]
    ints[questions[q, CONFIDENCE], i] = NONE
    if bearer == NONE:
        ints[questions[q, OUT], i] = NONE
        return
    row = find(memory, MARKS, mix(questions[q, MARK], bearer))
    bears = row != 0 and memory[row] > now + 1
    ints[questions[q, OUT], i] = 1 if bears else 0
    if bears:
        ints[questions[q, CONFIDENCE], i] = memory[row + ROW_HEAD]
