"""The vector machine: tests and rules as data, evaluated for a whole batch at a time.

A program is rows of whole numbers: operation, destination, and up to four arguments. Registers have a type
(whole number, number, true or false) and hold one value for each event of the batch. NONE and NaN mean
unknown. A comparison answers what it is told to answer for an unknown (its last argument), so that "not",
"and" and "or" never have to: the compiler turns every rule into a form where only comparisons meet unknowns.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tocsin.engine.kernel.counters import NONE, haversine_m
from tocsin.engine.kernel.memory import jit

LANES: Final = 256
#: Registers lie further apart than their lanes, so that a column of them does not fall on the same cache
#: sets.
STRIDE: Final = 264
OP_COLUMNS: Final = 6  # operation, destination, a, b, c, for unknown

# Comparisons: whole numbers with a register or a constant, numbers likewise. Order within a block of six:
GT: Final = 0
GE: Final = 1
LT: Final = 2
LE: Final = 3
EQ: Final = 4
NE: Final = 5
INT_INT: Final = 0
INT_CONST: Final = 6
NUM_NUM: Final = 12
NUM_CONST: Final = 18
# Truths
TYPE_IN: Final = 24  # a: row of the table of types
KNOWN_INT: Final = 25
KNOWN_NUM: Final = 26
NOT: Final = 27
AND: Final = 28  # destination &= a
OR: Final = 29  # destination |= a
CONST: Final = 30  # a: 0 or 1
IN_SET: Final = 31  # a: int register, b: place of the set, c: mask
SHARE: Final = 32  # a: int register; true for b of 10,000 values, by a stable hash
# Whole numbers
ADD_INT: Final = 40
SUB_INT: Final = 41
RATIO: Final = 42  # (a + prior) * scale // ((b + prior) * weight); c: place of scale, priors, weight
SET_INT: Final = 44  # a: a constant
DISTANCE: Final = 43  # a, b, c, d: number registers lat, lon, lat, lon
# Numbers
TO_NUM: Final = 50
ADD_NUM: Final = 51
SUB_NUM: Final = 52
MUL_NUM: Final = 53
DIV_NUM: Final = 54
NUM: Final = 55  # a: place of a constant
# Rules
RULE: Final = 60  # destination: the rule; a: condition; b: rank of its verdict, 0 when it only watches itself

INT_LIMIT: Final = np.int64(2**63 - 1)


@jit
def run_program(ops, numbers, sets, type_table, ints, floats, bools, types, fired, verdicts, hit, n):
    """Evaluate ``ops`` for the first ``n`` lanes. ``fired``: by rule and lane; ``verdicts``: the worst rank
    of a lane; ``hit``: whether any rule fired there."""
    for o in range(ops.shape[0]):
        op, to, a, b, c, u = ops[o, 0], ops[o, 1], ops[o, 2], ops[o, 3], ops[o, 4], np.uint8(ops[o, 5])
        if op < INT_CONST:
            _compare(op, bools[to], ints[a], ints[b], u, n)
        elif op < NUM_NUM:
            _compare_const(op - INT_CONST, bools[to], ints[a], b, u, n)
        elif op < NUM_CONST:
            _compare_num(op - NUM_NUM, bools[to], floats[a], floats[b], u, n)
        elif op < TYPE_IN:
            _compare_num_const(op - NUM_CONST, bools[to], floats[a], numbers[b], u, n)
        elif op < ADD_INT:
            _truth(op, bools, ints, floats, sets, type_table, types, to, a, b, c, u, n)
        elif op < TO_NUM:
            _whole(op, ints, floats, sets, to, a, b, c, u, n)
        elif op < RULE:
            _number(op, ints, floats, numbers, to, a, b, n)
        else:
            _rule(fired[to], bools[a], verdicts, hit, np.uint8(b), n)


@jit
def _rule(fired, condition, verdicts, hit, rank, n):
    for i in range(n):
        met = condition[i]
        fired[i] = met
        hit[i] |= met
        verdicts[i] = max(verdicts[i], np.uint8(met * rank))


@jit
def _compare(how, to, x, y, unknown, n):
    if how >= EQ:
        _equal(to, x, y, np.uint8(how == NE), unknown, n)
    elif how in (GT, LE):
        _greater(to, x, y, np.uint8(how == LE), unknown, n)
    else:
        _greater(to, y, x, np.uint8(how == GE), unknown, n)


@jit
def _greater(to, x, y, other, unknown, n):
    """x > y; ``other``: 1 for the opposite."""
    for i in range(n):
        known = (x[i] != NONE) & (y[i] != NONE)
        to[i] = (((x[i] > y[i]) ^ other) & known) | (unknown & (not known))


@jit
def _equal(to, x, y, other, unknown, n):
    for i in range(n):
        known = (x[i] != NONE) & (y[i] != NONE)
        to[i] = (((x[i] == y[i]) ^ other) & known) | (unknown & (not known))


@jit
def _compare_const(how, to, x, y, unknown, n):
    """Whole numbers: x >= y is x > y - 1."""
    if how >= EQ:
        other = np.uint8(how == NE)
        for i in range(n):
            to[i] = (((x[i] == y) ^ other) & (x[i] != NONE)) | (unknown & (x[i] == NONE))
        return
    limit = y - 1 if how in (GE, LT) else y
    other = np.uint8(how in (LT, LE))
    for i in range(n):
        to[i] = (((x[i] > limit) ^ other) & (x[i] != NONE)) | (unknown & (x[i] == NONE))


@jit
def _compare_num(how, to, x, y, unknown, n):
    if how >= EQ:
        other = np.uint8(how == NE)
        for i in range(n):
            known = (x[i] == x[i]) & (y[i] == y[i])
            to[i] = (((x[i] == y[i]) ^ other) & known) | (unknown & (not known))
    elif how in (GT, LE):
        _greater_num(to, x, y, np.uint8(how == LE), unknown, n)
    else:
        _greater_num(to, y, x, np.uint8(how == GE), unknown, n)


@jit
def _greater_num(to, x, y, other, unknown, n):
    for i in range(n):
        known = (x[i] == x[i]) & (y[i] == y[i])
        to[i] = (((x[i] > y[i]) ^ other) & known) | (unknown & (not known))


@jit
def _compare_num_const(how, to, x, y, unknown, n):
    if how >= EQ:
        other = np.uint8(how == NE)
        for i in range(n):
            to[i] = (((x[i] == y) ^ other) & (x[i] == x[i])) | (unknown & (x[i] != x[i]))
    elif how in (GT, LE):
        other = np.uint8(how == LE)
        for i in range(n):
            to[i] = (((x[i] > y) ^ other) & (x[i] == x[i])) | (unknown & (x[i] != x[i]))
    else:
        other = np.uint8(how == GE)
        for i in range(n):
            to[i] = (((y > x[i]) ^ other) & (x[i] == x[i])) | (unknown & (x[i] != x[i]))


@jit
def _truth(op, bools, ints, floats, sets, type_table, types, to, a, b, c, unknown, n):
    if op == AND:
        _and(bools[to], bools[a], n)
    elif op == OR:
        _or(bools[to], bools[a], n)
    elif op == NOT:
        _not(bools[to], bools[a], n)
    elif op == TYPE_IN:
        _type_in(bools[to], type_table[a], types, n)
    elif op == KNOWN_INT:
        _known(bools[to], ints[a], n)
    elif op == KNOWN_NUM:
        _known_number(bools[to], floats[a], n)
    elif op == IN_SET:
        _in_sets(bools[to], ints[a], sets, b, c, unknown, n)
    elif op == SHARE:
        _share(bools[to], ints[a], b, n)
    else:
        bools[to, :n] = a


@jit
def _and(to, x, n):
    for i in range(n):
        to[i] &= x[i]


@jit
def _or(to, x, n):
    for i in range(n):
        to[i] |= x[i]


@jit
def _not(to, x, n):
    for i in range(n):
        to[i] = x[i] ^ np.uint8(1)


@jit
def _type_in(to, listed, types, n):
    for i in range(n):
        to[i] = listed[types[i]]


@jit
def _known(to, x, n):
    for i in range(n):
        to[i] = x[i] != NONE


@jit
def _known_number(to, x, n):
    for i in range(n):
        to[i] = x[i] == x[i]


@jit
def _in_sets(to, x, sets, start, mask, unknown, n):
    for i in range(n):
        to[i] = unknown if x[i] == NONE else np.uint8(_in_set(sets, start, mask, x[i]))


@jit
def _share(to, x, parts, n):
    """True for ``parts`` of 10,000 values, always the same ones."""
    for i in range(n):
        to[i] = x[i] != NONE and ((x[i] >> 17) & 0xFFFFFF) % 10_000 < parts


@jit
def _in_set(sets, start, mask, value):
    slot = (value ^ (value >> 32)) & mask
    while sets[start + slot] != NONE:
        if sets[start + slot] == value:
            return True
        slot = (slot + 1) & mask
    return False


@jit
def _whole(op, ints, floats, sets, to, a, b, c, d, n):
    if op == ADD_INT:
        for i in range(n):
            x, y = ints[a, i], ints[b, i]
            ints[to, i] = NONE if (x == NONE) | (y == NONE) else x + y
    elif op == SUB_INT:
        for i in range(n):
            x, y = ints[a, i], ints[b, i]
            ints[to, i] = NONE if (x == NONE) | (y == NONE) else x - y
    elif op == RATIO:
        for i in range(n):
            ints[to, i] = _ratio(ints[a, i], ints[b, i], sets[c], sets[c + 1], sets[c + 2], sets[c + 3])
    elif op == SET_INT:
        ints[to, :n] = a
    elif op == DISTANCE:
        for i in range(n):
            p, q, r, s = floats[a, i], floats[b, i], floats[c, i], floats[d, i]
            unknown = np.isnan(p) or np.isnan(q) or np.isnan(r) or np.isnan(s)
            ints[to, i] = NONE if unknown else haversine_m(p, q, r, s)


@jit
def _ratio(top, bottom, scale, prior_top, prior_bottom, weight):
    """scale * top / bottom, rounded down, within a whole number's limits; unknown over nothing or less."""
    if top == NONE or bottom == NONE or bottom + prior_bottom <= 0:
        return NONE
    below = min(bottom + prior_bottom, INT_LIMIT // weight) * weight
    whole, rest = (top + prior_top) // below, (top + prior_top) % below
    if whole >= INT_LIMIT // scale:
        return INT_LIMIT
    if whole <= -(INT_LIMIT // scale):
        return -INT_LIMIT
    if rest > INT_LIMIT // scale:
        return whole * scale + np.int64(np.float64(rest) * scale / below)
    return whole * scale + rest * scale // below


@jit
def _number(op, ints, floats, numbers, to, a, b, n):
    if op == TO_NUM:
        for i in range(n):
            floats[to, i] = np.nan if ints[a, i] == NONE else np.float64(ints[a, i])
    elif op == ADD_NUM:
        for i in range(n):
            floats[to, i] = floats[a, i] + floats[b, i]
    elif op == SUB_NUM:
        for i in range(n):
            floats[to, i] = floats[a, i] - floats[b, i]
    elif op == MUL_NUM:
        for i in range(n):
            floats[to, i] = floats[a, i] * floats[b, i]
    elif op == DIV_NUM:
        for i in range(n):
            floats[to, i] = np.nan if floats[b, i] == 0 else floats[a, i] / floats[b, i]
    elif op == NUM:
        for i in range(n):
            floats[to, i] = numbers[a]
