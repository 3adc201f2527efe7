"""The vector machine: tests and rules as data, evaluated for a whole batch at a time.

A program is rows of whole numbers: operation, destination, and up to four arguments. Registers have a type
(whole number, number, mask) and hold one value for each event of the batch; a mask holds true or false, 64
events to a word. NONE and NaN mean unknown. A comparison answers what it is told to answer for an unknown, so
that "not", "and" and "or" never have to: the compiler turns every rule into a form where only comparisons
meet unknowns. Beyond the lanes of a batch the masks of types are false, and so is whatever is joined with
one: what counts and what fires. Other masks say nothing there.
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
WORD: Final = 64  # lanes in a word of a mask
WORDS: Final = LANES // WORD
OP_COLUMNS: Final = 6  # operation, destination, a, b, c, d

# Comparisons to a mask. c: 1 for the opposite; d: 1 when an unknown counts as true.
INT_ABOVE: Final = 0  # a: int register, b: a constant
INT_IS: Final = 1
NUM_ABOVE: Final = 2  # a: number register, b: place of a constant
NUM_BELOW: Final = 3
NUM_IS: Final = 4
INT_ABOVE_INT: Final = 5  # a, b: int registers
INT_IS_INT: Final = 6
NUM_ABOVE_NUM: Final = 7  # a, b: number registers
NUM_IS_NUM: Final = 8
# Other masks
KNOWN_INT: Final = 9  # a: int register; c: 1 for the opposite
KNOWN_NUM: Final = 10
IN_SET: Final = 11  # a: int register, b: place of the set's size and values; c, d as above
SHARE: Final = 12  # a: int register; true for b of 10,000 values, by a stable hash
ALL: Final = 13  # a: place of a list of masks, b: how many
ANY: Final = 14
# Whole numbers
ADD_INT: Final = 20  # a, b: int registers
SUB_INT: Final = 21
RATIO: Final = 22  # (a + prior) * scale // ((b + prior) * weight); c: place of scale, priors, weight
DISTANCE: Final = 23  # a, b, c, d: number registers lat, lon, lat, lon
SET_INT: Final = 24  # a: a constant
# Numbers
TO_NUM: Final = 30  # a: int register
ADD_NUM: Final = 31  # a, b: number registers
SUB_NUM: Final = 32
MUL_NUM: Final = 33
DIV_NUM: Final = 34
NUM: Final = 35  # a: place of a constant
# Rules
RULE: Final = 40  # destination: the rule; a: a mask; b: rank of its verdict, 0 when it only watches itself

INT_LIMIT: Final = np.int64(2**63 - 1)


@jit
def words_of(n):
    """How many words of a mask hold ``n`` lanes."""
    return (n + WORD - 1) // WORD


@jit
def mark_types(masks, count, types, n):
    """The first ``count`` masks: by type, the events of that type."""
    masks[:count] = 0
    for i in range(n):
        masks[types[i], i // WORD] |= np.uint64(1) << np.uint64(i % WORD)


@jit
def tell(worst, verdicts, hit, n):
    """The worst rank of each event, and whether any rule fired there."""
    verdicts[:n] = 0
    hit[:n] = 0
    for rank in range(worst.shape[0]):
        for i in range(n):
            if holds(worst, rank, i):
                verdicts[i] = rank
                hit[i] = 1


@jit
def count_hits(fired, hits, n):
    """Add to ``hits``, by rule, how many of the first ``n`` lanes it fired at."""
    for rule in range(len(hits)):
        for w in range(words_of(n)):
            word = fired[rule, w]
            while word != 0:
                word &= word - np.uint64(1)
                hits[rule] += 1


@jit
def holds(masks, mask, i):
    """What a mask says of lane ``i``."""
    return (masks[mask, i // WORD] >> np.uint64(i % WORD)) & np.uint64(1) != 0


@jit
def unpack(masks, mask, into, n):
    """A mask as one byte an event."""
    for w in range(words_of(n)):
        word = masks[mask, w]
        for k in range(WORD):
            into[w * WORD + k] = (word >> np.uint64(k)) & np.uint64(1)


@jit
def run_program(ops, first, last, table, numbers, ints, floats, masks, fired, worst, n):
    """Carry out the operations ``first`` to ``last`` for the first ``n`` lanes. ``table``: what operations
    refer to. ``fired``: by rule, a mask; ``worst``: by rank of a verdict, where a rule of that rank fired."""
    words = words_of(n)
    for o in range(first, last):
        op, to, a, b, c, d = ops[o, 0], ops[o, 1], ops[o, 2], ops[o, 3], ops[o, 4], ops[o, 5]
        if op == RULE:
            _all(fired, to, masks, table, a, b, words)
            for w in range(words):
                worst[c, w] |= fired[to, w]
        elif op == ALL:
            _all(masks, to, masks, table, a, b, words)
        elif op == ANY:
            _any(masks, to, masks, table, a, b, words)
        elif op < KNOWN_INT:
            _compare(op, masks, to, ints, floats, numbers, a, b, words)
            _settle(op, masks, to, ints, floats, a, b, c != 0, d != 0, words)
        elif op < ALL:
            _ask(op, masks, to, ints, floats, table, a, b, c != 0, d != 0, words)
        elif op < TO_NUM:
            _whole(op, ints, floats, table, to, a, b, c, d, n)
        else:
            _number(op, ints, floats, numbers, to, a, b, n)


@jit
def _all(into, to, masks, table, place, count, words):
    for w in range(words):
        word = ~np.uint64(0)
        for at in range(place, place + count):
            word &= masks[table[at], w]
        into[to, w] = word


@jit
def _any(into, to, masks, table, place, count, words):
    for w in range(words):
        word = np.uint64(0)
        for at in range(place, place + count):
            word |= masks[table[at], w]
        into[to, w] = word


@jit
def _compare(op, masks, to, ints, floats, numbers, a, b, words):
    """The bare comparison: it is false of an unknown and a constant, and means nothing of two registers of
    which one is unknown."""
    if op == INT_ABOVE:
        for w in range(words):
            masks[to, w] = _above(ints, a, b, w)
    elif op == INT_IS:
        for w in range(words):
            masks[to, w] = _is(ints, a, b, w)
    elif op == NUM_ABOVE:
        for w in range(words):
            masks[to, w] = _above(floats, a, numbers[b], w)
    elif op == NUM_BELOW:
        for w in range(words):
            masks[to, w] = _below(floats, a, numbers[b], w)
    elif op == NUM_IS:
        for w in range(words):
            masks[to, w] = _is(floats, a, numbers[b], w)
    elif op == INT_ABOVE_INT:
        for w in range(words):
            masks[to, w] = _above_other(ints, a, b, w)
    elif op == INT_IS_INT:
        for w in range(words):
            masks[to, w] = _is_other(ints, a, b, w)
    elif op == NUM_ABOVE_NUM:
        for w in range(words):
            masks[to, w] = _above_other(floats, a, b, w)
    else:
        for w in range(words):
            masks[to, w] = _is_other(floats, a, b, w)


@jit
def _settle(op, masks, to, ints, floats, a, b, opposite, unknown, words):
    """Turn a bare comparison round when its opposite is asked for, and answer for unknowns."""
    if opposite:
        for w in range(words):
            masks[to, w] = ~masks[to, w]
    if op < INT_ABOVE_INT and opposite == unknown:
        return  # the bare comparison was false of an unknown, and its opposite true
    for w in range(words):
        if op < NUM_ABOVE:
            missing = _is(ints, a, NONE, w)
        elif op < INT_ABOVE_INT:
            missing = ~_is_other(floats, a, a, w)
        elif op < NUM_ABOVE_NUM:
            missing = _is(ints, a, NONE, w) | _is(ints, b, NONE, w)
        else:
            missing = ~(_is_other(floats, a, a, w) & _is_other(floats, b, b, w))
        if unknown:
            masks[to, w] |= missing
        else:
            masks[to, w] &= ~missing


@jit
def _above(values, a, limit, w):
    word = np.uint64(0)
    for k in range(WORD):
        word |= np.uint64(values[a, w * WORD + k] > limit) << np.uint64(k)
    return word


@jit
def _below(values, a, limit, w):
    word = np.uint64(0)
    for k in range(WORD):
        word |= np.uint64(values[a, w * WORD + k] < limit) << np.uint64(k)
    return word


@jit
def _is(values, a, value, w):
    word = np.uint64(0)
    for k in range(WORD):
        word |= np.uint64(values[a, w * WORD + k] == value) << np.uint64(k)
    return word


@jit
def _above_other(values, a, b, w):
    word = np.uint64(0)
    for k in range(WORD):
        word |= np.uint64(values[a, w * WORD + k] > values[b, w * WORD + k]) << np.uint64(k)
    return word


@jit
def _is_other(values, a, b, w):
    word = np.uint64(0)
    for k in range(WORD):
        word |= np.uint64(values[a, w * WORD + k] == values[b, w * WORD + k]) << np.uint64(k)
    return word


@jit
def _ask(op, masks, to, ints, floats, table, a, b, opposite, unknown, words):
    for w in range(words):
        if op == KNOWN_INT:
            word = ~_is(ints, a, NONE, w)
        elif op == KNOWN_NUM:
            word = _is_other(floats, a, a, w)
        elif op == IN_SET:
            word = _in_set(ints, a, table, b, opposite != unknown, w)
        else:
            word = _share(ints, a, b, w)
        masks[to, w] = ~word if opposite else word


@jit
def _in_set(ints, a, table, place, unknown, w):
    word = np.uint64(0)
    for k in range(WORD):
        value = ints[a, w * WORD + k]
        word |= np.uint64(unknown if value == NONE else _is_listed(table, place, value)) << np.uint64(k)
    return word


@jit
def _is_listed(table, place, value):
    """Whether the hash table at ``place``, which begins with its length less one, holds a value."""
    last, start = table[place], place + 1
    slot = (value ^ (value >> 32)) & last
    while table[start + slot] != NONE:
        if table[start + slot] == value:
            return True
        slot = (slot + 1) & last
    return False


@jit
def _share(ints, a, parts, w):
    """True for ``parts`` of 10,000 values, always the same ones."""
    word = np.uint64(0)
    for k in range(WORD):
        value = ints[a, w * WORD + k]
        word |= np.uint64(value != NONE and ((value >> 17) & 0xFFFFFF) % 10_000 < parts) << np.uint64(k)
    return word


@jit
def _whole(op, ints, floats, table, to, a, b, c, d, n):
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
            ints[to, i] = _ratio(ints[a, i], ints[b, i], table[c], table[c + 1], table[c + 2], table[c + 3])
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
