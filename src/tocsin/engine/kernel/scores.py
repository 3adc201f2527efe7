"""Scores: trees walked for a whole batch, from registers to a calibrated probability.

Sums are made in the order of the trees, so that the same registers give the same bits live, in a replay and
after a crash.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from tocsin.engine.kernel.counters import NONE
from tocsin.engine.kernel.memory import jit

# What an input is, and the columns that say where it is read.
VALUE: Final = 0
QUOTIENT: Final = 1
DIFFERENCE: Final = 2
HOUR: Final = 3  # of the day, UTC
WEEKDAY: Final = 4  # 0 is Monday
HOW: Final = 0
A: Final = 1  # register
A_NUMBER: Final = 2  # 1: a number register
B: Final = 3
B_NUMBER: Final = 4
INPUT_COLUMNS: Final = 5

# Columns of nodes; a leaf leads to itself, whatever its input.
INPUT: Final = 0
LEFT: Final = 1  # where the input is at most the threshold
RIGHT: Final = LEFT + 1
UNKNOWN_LEFT: Final = 3  # 1: an unknown input goes left
NODE_COLUMNS: Final = 4

# Columns of roots.
ROOT: Final = 0  # node
DEPTH: Final = 1  # steps to the lowest leaf
ROOT_COLUMNS: Final = 2

# Columns of models: where its inputs and trees are.
INPUTS_FROM: Final = 0
INPUTS_TO: Final = 1
TREES_FROM: Final = 2
TREES_TO: Final = 3
MODEL_COLUMNS: Final = 4

_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS
_EXACT: Final = 1e9  # a probability has nine digits: the last bits of exp() differ between machines


@jit
def read_inputs(inputs, ints, floats, clocks, n, into):
    """``into[input, lane]``: the inputs of a model, NaN where unknown."""
    for j in range(inputs.shape[0]):
        how = inputs[j, HOW]
        for i in range(n):
            if how == HOUR:
                into[j, i] = clocks[i] // _HOUR_MS % 24
            elif how == WEEKDAY:
                into[j, i] = (clocks[i] // _DAY_MS + 3) % 7
            else:
                a = _read(ints, floats, inputs[j, A], inputs[j, A_NUMBER], i)
                if how != VALUE:
                    b = _read(ints, floats, inputs[j, B], inputs[j, B_NUMBER], i)
                    if how == DIFFERENCE:
                        a -= b
                    else:
                        a = a / b if b != 0 else np.nan
                into[j, i] = a


@jit
def run_score(model, curve, inputs, roots, nodes, thresholds, ints, floats, clocks, asked, scratch, out, n):
    """A model's probability for each lane that asks, into the number register ``out``; unknown (NaN) for the
    others and from a model without trees. ``curve``: slope and offset of the calibration. ``thresholds``: one
    a node; of a leaf what it adds."""
    floats[out, :n] = np.nan
    if model[TREES_FROM] == model[TREES_TO] or not asked[:n].any():
        return
    read_inputs(inputs[model[INPUTS_FROM] : model[INPUTS_TO]], ints, floats, clocks, n, scratch)
    margins = floats[out]
    margins[:n] = 0.0
    at = np.zeros(n, np.int64)
    for t in range(model[TREES_FROM], model[TREES_TO]):
        at[:] = roots[t, ROOT]
        for _ in range(roots[t, DEPTH]):  # all lanes a step, without a branch: a leaf leads to itself
            for i in range(n):
                node = at[i]
                value = scratch[nodes[node, INPUT], i]
                left = np.int64(value <= thresholds[node])
                left |= np.int64(value != value) & nodes[node, UNKNOWN_LEFT]
                at[i] = nodes[node, RIGHT - left]
        for i in range(n):
            margins[i] += thresholds[at[i]]
    for i in range(n):
        chance = 1.0 / (1.0 + math.exp(-(curve[0] * margins[i] + curve[1])))
        margins[i] = math.floor(chance * _EXACT + 0.5) / _EXACT if asked[i] else np.nan


@jit
def _read(ints, floats, register, number, i):
    if number:
        return floats[register, i]
    whole = ints[register, i]
    return np.nan if whole == NONE else np.float64(whole)
