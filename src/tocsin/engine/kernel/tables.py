"""Rows by key. A group is a table whose keys are of one kind: all customers, all pairs of customer and
shopper.

A table is 256 small ones, chosen by the highest bits of the key's hash, so that growing touches one of them
at a time. An entry is one word: 32 bits of the hash, and the row's place. When a small table is full, rows
that were not touched within the group's horizon are dropped first; they read the same as rows that never
were, so nobody can tell.

Descriptor of group g, from word AT_GROUPS + g * GROUP_WORDS:
    0 directory | 1 words a row (2^k) | 2 list of free rows | 3 rows in use
    4 horizon in ms (0: for ever) | 5 first used at (engine's clock, ms, plus one)
Directory: 256 times  0 block | 1 k | 2 entries in use
Row:  0 touched at (engine's clock, ms, plus one) | 1 hash of the key | 2… the counters
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tocsin.engine.kernel.memory import AT_GROUPS, GROUP_WORDS, Words, allocate, free, jit, power_for

SHARDS: Final = 256
SHARD_WORDS: Final = 3
ROW_HEAD: Final = 2
FIRST_POWER: Final = 3

G_DIRECTORY: Final = 0
G_ROW_POWER: Final = 1
G_FREE: Final = 2
G_ROWS: Final = 3
G_HORIZON: Final = 4
G_OPENED: Final = 5

LOW32: Final = 0xFFFFFFFF
_MIX_1: Final = np.int64(-49064778989728563)  # splitmix64's first multiplier
_MIX_2: Final = np.int64(-4265267296055464877)  # and its second


@jit
def open_group(memory, group, row_words, horizon):
    """Begin an empty table. False when there is no room."""
    base = AT_GROUPS + group * GROUP_WORDS
    directory = allocate(memory, power_for(SHARDS * SHARD_WORDS))
    if directory == 0:
        return False
    memory[base + G_DIRECTORY] = directory
    memory[base + G_ROW_POWER] = power_for(row_words)
    memory[base + G_HORIZON] = horizon
    for shard in range(SHARDS):
        at = directory + shard * SHARD_WORDS
        memory[at] = allocate(memory, FIRST_POWER)
        memory[at + 1] = FIRST_POWER
        if memory[at] == 0:
            return False
    return True


@jit
def mix(hash_, more):
    """Two hashes to one; the order matters."""
    z = (hash_ * np.int64(31)) ^ (more + np.int64(0x632BE59BD9B4E019))
    z = (z ^ ((z >> 30) & np.int64(0x3FFFFFFFF))) * _MIX_1
    z = (z ^ ((z >> 27) & np.int64(0x1FFFFFFFFF))) * _MIX_2
    return z ^ ((z >> 31) & np.int64(0x1FFFFFFFF))


@jit
def entry_place(memory, group, hash_):
    """Where the search for a key begins: so that it can be fetched ahead."""
    at = memory[AT_GROUPS + group * GROUP_WORDS] + ((hash_ >> 56) & 0xFF) * SHARD_WORDS
    return memory[at] + (hash_ & ((1 << memory[at + 1]) - 1))


@jit
def find(memory, group, hash_):
    """The row of a key, or 0."""
    at = memory[AT_GROUPS + group * GROUP_WORDS] + ((hash_ >> 56) & 0xFF) * SHARD_WORDS
    block = memory[at]
    mask = (1 << memory[at + 1]) - 1
    tag = hash_ & LOW32
    slot = hash_ & mask
    while True:
        entry = memory[block + slot]
        if entry == 0:
            return 0
        if ((entry >> 32) & LOW32) == tag:
            row = (entry & LOW32) << 3
            if memory[row + 1] == hash_:
                return row
        slot = (slot + 1) & mask


@jit
def add(memory, group, hash_, now, idle_from, rings):
    """A new, empty row for a key that has none. 0 when there is no room. ``idle_from``: the time from which
    rows count as idle; ``rings``: places in a row that hold blocks of their own, to be freed with it."""
    base = AT_GROUPS + group * GROUP_WORDS
    at = memory[base] + ((hash_ >> 56) & 0xFF) * SHARD_WORDS
    if memory[base + G_OPENED] == 0:
        memory[base + G_OPENED] = idle_from + 1
    if memory[at + 2] * 10 >= (1 << memory[at + 1]) * 7 and not _make_room(
        memory, base, at, idle_from, rings
    ):
        return 0
    row = memory[base + G_FREE]
    if row != 0:
        memory[base + G_FREE] = memory[row]
        memory[row] = 0
    else:
        row = allocate(memory, memory[base + G_ROW_POWER])
        if row == 0:
            return 0
    memory[row] = now + 1
    memory[row + 1] = hash_
    _enter(memory, memory[at], (1 << memory[at + 1]) - 1, ((hash_ & LOW32) << 32) | (row >> 3))
    memory[at + 2] += 1
    memory[base + G_ROWS] += 1
    return row


@jit
def _enter(memory, block, mask, entry):
    """Put an entry at the first free place after the one that its hash names."""
    slot = (entry >> 32) & mask
    while memory[block + slot] != 0:
        slot = (slot + 1) & mask
    memory[block + slot] = entry


@jit
def _make_room(memory, base, at, idle_from, rings):
    """Drop what is idle, and grow when that was not enough. False when there is no room for a larger one."""
    block, k, live = memory[at], memory[at + 1], memory[at + 2]
    horizon = memory[base + G_HORIZON]
    oldest = idle_from + 1 - horizon
    # before a horizon has passed nothing can be idle, and rows need not be looked at
    sweeps = horizon != 0 and memory[base + G_OPENED] < oldest
    if sweeps:
        live = 0
        for slot in range(block, block + (1 << k)):
            if memory[slot] != 0 and memory[(memory[slot] & LOW32) << 3] >= oldest:
                live += 1
    power = k
    while live * 2 > (1 << power):
        power += 1
    larger = allocate(memory, power)
    if larger == 0:
        return False
    mask = (1 << power) - 1
    for slot in range(block, block + (1 << k)):
        entry = memory[slot]
        if entry == 0:
            continue
        row = (entry & LOW32) << 3
        if not sweeps or memory[row] >= oldest:
            _enter(memory, larger, mask, entry)
        else:
            _drop(memory, base, row, rings)
    free(memory, block, k)
    memory[at], memory[at + 1], memory[at + 2] = larger, power, live
    return True


@jit
def _drop(memory, base, row, rings):
    """Give a row and its blocks back; the next owner finds it empty."""
    for place in rings:
        ring = memory[row + place]
        if ring != 0:
            free(memory, ring >> 24, ring & 0xFF)
    for word in range(row, row + (1 << memory[base + G_ROW_POWER])):
        memory[word] = 0
    memory[row] = memory[base + G_FREE]
    memory[base + G_FREE] = row
    memory[base + G_ROWS] -= 1


def rows_in(memory: Words, group: int) -> int:
    """How many rows a group holds now, idle ones included."""
    return int(memory[AT_GROUPS + group * GROUP_WORDS + G_ROWS])
