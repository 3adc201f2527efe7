"""A ring: a short queue of pairs of words, in a block of its own, described by one word of its row.

    word: block << 24 | head << 16 | length << 8 | k        0: no block, no entries

It grows by powers of two from four entries, and its block is freed when it is empty.
"""

from __future__ import annotations

from typing import Final

from tocsin.engine.kernel.memory import SMALLEST, allocate, free, jit

PAIR: Final = 2


@jit
def length_of(ring):
    """How many entries."""
    return (ring >> 8) & 0xFF


@jit
def entry_at(ring, index):
    """Place of the entry number ``index``, from the front."""
    capacity = 1 << ((ring & 0xFF) - 1)
    return (ring >> 24) + ((((ring >> 16) & 0xFF) + index) & (capacity - 1)) * PAIR


@jit
def push(memory, at, first, second):
    """Put a pair at the end of the ring described at ``at``. Nothing happens when there is no room at all."""
    ring = memory[at]
    if ring == 0:
        block = allocate(memory, SMALLEST)
        if block == 0:
            return
        ring = (block << 24) | SMALLEST
    elif length_of(ring) == (1 << ((ring & 0xFF) - 1)):
        ring = _grow(memory, ring)
        if ring == 0:
            return
    place = entry_at(ring, length_of(ring))
    memory[place] = first
    memory[place + 1] = second
    memory[at] = ring + (1 << 8)


@jit
def shift(memory, at):
    """Take the first pair away."""
    ring = memory[at]
    if length_of(ring) == 1:
        drop(memory, at)
        return
    capacity = 1 << ((ring & 0xFF) - 1)
    head = (((ring >> 16) & 0xFF) + 1) & (capacity - 1)
    memory[at] = (ring & ~(0xFF << 16)) + (head << 16) - (1 << 8)


@jit
def pop(memory, at):
    """Take the last pair away."""
    ring = memory[at]
    if length_of(ring) == 1:
        drop(memory, at)
    else:
        memory[at] = ring - (1 << 8)


@jit
def drop(memory, at):
    """Forget all entries."""
    ring = memory[at]
    if ring != 0:
        free(memory, ring >> 24, ring & 0xFF)
        memory[at] = 0


@jit
def _grow(memory, ring):
    k = ring & 0xFF
    block = allocate(memory, k + 1)
    if block == 0:
        return 0
    count = length_of(ring)
    for index in range(count):
        place = entry_at(ring, index)
        memory[block + index * PAIR] = memory[place]
        memory[block + index * PAIR + 1] = memory[place + 1]
    free(memory, ring >> 24, k)
    return (block << 24) | (count << 8) | (k + 1)
