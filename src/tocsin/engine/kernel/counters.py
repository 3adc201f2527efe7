"""Counters: what a row keeps for one feature. Each is read before, and updated after, every event.

One function a kind takes a whole batch through one counter. ``lanes``: the events that read it or count, and
have a row, in order; `run_blank` answers for those without a row. ``rows``: by event, the row's place, 0 when
nothing was ever counted for the key, MISSING without a key. ``tiles``: by event, the number (plus one) of the
tile that is running. ``due``: by event, whether it counts.

A window of length W is cut into N tiles that begin at multiples of the tile since 1970 UTC. At time t it
covers the tile that contains t, as far as it has run, and the N whole tiles before it. Reading may forget
what has left the window; nobody can see that.

Words of each kind, from its place in the row. Tiles and times are stored plus one, so that 0 means "never":
    SUM       total | open tile << 32 | oldest tile in the ring | amount in the open tile | ring of tiles
    LOWEST    open tile | value in the open tile | ring of closed tiles, values rising
    HIGHEST   the same, values falling
    DISTINCT  ring of (value's hash, tile last seen), in the order last seen
    SPAN      first time | last time
    PLACE     latitude | longitude (as bits) | sender's time | engine's time
    LATEST    value | time
    EARLIEST  value | last time (of the unbroken life it is the first value of)
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from tocsin.engine.kernel.memory import jit
from tocsin.engine.kernel.rings import drop, entry_at, length_of, pop, push, shift

MISSING: Final = -1
NONE: Final = np.int64(-(2**63))  # unknown, wherever a whole number is expected
DISTINCT_KEPT: Final = 32

SUM: Final = 0
LOWEST: Final = 1
HIGHEST: Final = 2
DISTINCT: Final = 3
SPAN: Final = 4
PLACE: Final = 5
LATEST: Final = 6
EARLIEST: Final = 7
WORDS: Final = {SUM: 4, LOWEST: 3, HIGHEST: 3, DISTINCT: 1, SPAN: 2, PLACE: 4, LATEST: 2, EARLIEST: 2}
RING_AT: Final = {SUM: 3, LOWEST: 2, HIGHEST: 2, DISTINCT: 0}
_LOW32: Final = 0xFFFFFFFF
EARTH_M: Final = 6_371_008.8  # mean radius (IUGG)
MS_PER_HOUR_PER_KM: Final = 3_600  # metres a millisecond to kilometres an hour


@jit
def run_blank(rows, out, nothing, n):
    """What is read without a row: unknown without a key, and ``nothing`` of a key never seen."""
    for i in range(n):
        out[i] = nothing if rows[i] == 0 else NONE


@jit
def run_sum(memory, rows, at, tiles, span, lanes, due, values, ones, out):
    """Sum of ``values``, or number of events when ``ones``. ``span``: whole tiles of the window."""
    for i in lanes:
        place = rows[i] + at
        tile = tiles[i]
        first = max(tile - span, np.int64(1))
        opened = memory[place + 1] >> 32
        if opened >= first > memory[place + 1] & _LOW32:
            _expire_sum(memory, place, first)
        total = memory[place] if opened >= first else np.int64(0)
        out[i] = total
        if due[i]:
            amount = np.int64(1) if ones else values[i]
            if amount == NONE:
                continue
            memory[place] = total + amount
            if opened == tile:
                memory[place + 2] += amount
                continue
            if opened >= first:
                push(memory, place + 3, opened, memory[place + 2])
                memory[place + 1] = (tile << 32) | (memory[place + 1] & _LOW32)
            else:
                drop(memory, place + 3)
                memory[place + 1] = (tile << 32) | tile
            memory[place + 2] = amount


@jit
def _expire_sum(memory, place, first):
    """Forget what lies before the tile ``first``, up to the open tile, which does not."""
    held = memory[place + 1]
    total = memory[place]
    oldest = held >> 32
    while memory[place + 3] != 0:
        entry = entry_at(memory[place + 3], 0)
        if memory[entry] >= first:
            oldest = memory[entry]
            break
        total -= memory[entry + 1]
        shift(memory, place + 3)
    memory[place] = total
    memory[place + 1] = (held >> 32 << 32) | oldest


@jit
def run_extreme(memory, rows, at, tiles, span, lanes, due, values, sign, out):
    """The lowest (``sign`` 1) or highest (-1) value."""
    for i in lanes:
        place = rows[i] + at
        _expire_extreme(memory, place, tiles[i] - span)
        out[i] = _extreme(memory, place, sign)
        if due[i] and values[i] != NONE:
            _take_extreme(memory, place, tiles[i], values[i], sign)


@jit
def _expire_extreme(memory, place, first):
    if memory[place] < first:
        if memory[place] != 0:
            memory[place] = 0
            drop(memory, place + 2)
        return
    while memory[place + 2] != 0 and memory[entry_at(memory[place + 2], 0)] < first:
        shift(memory, place + 2)


@jit
def _extreme(memory, place, sign):
    if memory[place] == 0:
        return NONE
    if memory[place + 2] != 0:
        front = memory[entry_at(memory[place + 2], 0) + 1]
        if front * sign < memory[place + 1] * sign:
            return front
    return memory[place + 1]


@jit
def _take_extreme(memory, place, tile, value, sign):
    if memory[place] == tile:
        if value * sign < memory[place + 1] * sign:
            memory[place + 1] = value
        return
    if memory[place] != 0:
        while memory[place + 2] != 0:
            ring = memory[place + 2]
            if memory[entry_at(ring, length_of(ring) - 1) + 1] * sign < memory[place + 1] * sign:
                break
            pop(memory, place + 2)
        push(memory, place + 2, memory[place], memory[place + 1])
    memory[place] = tile
    memory[place + 1] = value


@jit
def run_distinct(memory, rows, at, tiles, span, lanes, due, values, searches, out, others):
    """How many of the 32 values seen last lie in the window; ``others``: the same without the event's own,
    where ``searches``."""
    for i in lanes:
        place = rows[i] + at
        first = tiles[i] - span
        while memory[place] != 0 and memory[entry_at(memory[place], 0) + 1] < first:
            shift(memory, place)
        count = length_of(memory[place])
        out[i] = count
        if searches or due[i]:
            value = values[i]
            index = _index_of(memory, memory[place], value)
            others[i] = count - (index < count)
            if due[i] and value != NONE:
                _see(memory, place, index, count, value, tiles[i])


@jit
def _index_of(memory, ring, value):
    """Where in the ring a value is; the ring's length when it is not there."""
    count = length_of(ring)
    index = 0
    while index < count and memory[entry_at(ring, index)] != value:
        index += 1
    return index


@jit
def _see(memory, place, index, count, value, tile):
    if index == count:
        if count == DISTINCT_KEPT:
            shift(memory, place)
        push(memory, place, value, tile)
        return
    ring = memory[place]
    for later in range(index + 1, count):  # move it to the end
        here, there = entry_at(ring, later - 1), entry_at(ring, later)
        memory[here] = memory[there]
        memory[here + 1] = memory[there + 1]
    last = entry_at(ring, count - 1)
    memory[last] = value
    memory[last + 1] = tile


@jit
def run_span(memory, rows, at, clocks, length, lanes, due, since, age):
    """Whole seconds ``since`` the last time and since the first (``age``). A life ends when nothing comes for
    longer than the window; then both are unknown."""
    for i in lanes:
        place = rows[i] + at
        now = clocks[i] + 1
        last = memory[place + 1]
        over = last == 0 or now - last > length
        since[i] = NONE if over else (now - last) // 1000
        age[i] = NONE if over else (now - memory[place]) // 1000
        if due[i]:
            if over:
                memory[place] = now
            memory[place + 1] = now


@jit
def run_value(memory, rows, at, clocks, length, lanes, due, values, latest, out):
    """The value that came last (``latest``), or the first of an unbroken life."""
    for i in lanes:
        place = rows[i] + at
        now = clocks[i] + 1
        last = memory[place + 1]
        over = last == 0 or now - last > length
        out[i] = NONE if over else memory[place]
        if due[i] and values[i] != NONE:
            if latest or over:
                memory[place] = values[i]
            memory[place + 1] = now


@jit
def run_place(memory, as_numbers, rows, at, clocks, length, lanes, due, lats, lons, sent, speed, metres):
    """``metres`` from the last place, and km/h by the senders' clocks. ``as_numbers``: the memory, read as
    numbers. A place whose sender's time is older than that of the one held changes nothing."""
    for i in lanes:
        speed[i] = metres[i] = NONE
        if np.isnan(lats[i]) or np.isnan(lons[i]):
            continue
        place = rows[i] + at
        now = clocks[i] + 1
        held = memory[place + 3]
        over = held == 0 or now - held > length
        if not over:
            metres[i] = haversine_m(as_numbers[place], as_numbers[place + 1], lats[i], lons[i])
            elapsed = sent[i] - memory[place + 2]
            speed[i] = metres[i] * MS_PER_HOUR_PER_KM // elapsed if elapsed > 0 else NONE
        if due[i] and (over or memory[place + 2] <= sent[i]):
            as_numbers[place] = lats[i]
            as_numbers[place + 1] = lons[i]
            memory[place + 2] = sent[i]
            memory[place + 3] = now


@jit
def haversine_m(lat1, lon1, lat2, lon2):
    """Great-circle distance in whole metres, on a sphere of the Earth's mean radius."""
    p1, p2 = math.radians(lat1), math.radians(lat2)
    d1, d2 = (p2 - p1) / 2, math.radians(lon2 - lon1) / 2
    a = math.sin(d1) ** 2 + math.cos(p1) * math.cos(p2) * math.sin(d2) ** 2
    return np.int64(np.rint(2 * EARTH_M * math.asin(math.sqrt(min(1.0, a)))))
