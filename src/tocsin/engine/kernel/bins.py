"""Counting into which bins values fall."""

from __future__ import annotations

from tocsin.engine.kernel.memory import jit


@jit
def count_bins(values, lanes, edges, lengths, counts):
    """Add to ``counts[row, bin]`` for ``values[row, lane]`` of the given lanes. The bins of a row lie below,
    between and from its first ``lengths[row]`` edges on; the one after them is for unknown values."""
    for row in range(values.shape[0]):
        last = lengths[row]
        for lane in lanes:
            value = values[row, lane]
            if value != value:
                counts[row, last + 1] += 1
                continue
            place = 0
            while place < last and value >= edges[row, place]:
                place += 1
            counts[row, place] += 1
