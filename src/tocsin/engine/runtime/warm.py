"""Compiling the kernels ahead of time, so that nobody waits for it.

    python -m tocsin.engine.runtime.warm

The first run of a new version takes some seconds; what was compiled is kept and loaded from then on.
"""

from __future__ import annotations

import time

import numpy as np

from tocsin.engine.engine import Engine
from tocsin.engine.events import Entities, Event
from tocsin.engine.kernel.bins import count_bins
from tocsin.engine.kernel.program import STRIDE
from tocsin.engine.kernel.scores import INPUT_COLUMNS, read_inputs
from tocsin.engine.language.ruleset import NO_RULES

MEMORY = 16 * 1024 * 1024


def warm() -> float:
    """Decide one event, look for it again, and count what a model would see of it, on an engine of its own.
    Returns the seconds it took."""
    started = time.monotonic()
    engine = Engine(NO_RULES, MEMORY)
    event = Event("warm", "account.login", 1, Entities(customer="-"), {})
    [outcome] = engine.decide([event], 0)
    engine.amend(event, outcome.decision)  # type: ignore[union-attr]  # a new event is decided
    _count(engine)
    return time.monotonic() - started


def _count(engine: Engine) -> None:
    """As `scores.watching` does it for each batch, with one input and no score."""
    inputs, values = np.zeros((1, INPUT_COLUMNS), np.int64), np.zeros((1, STRIDE))
    read_inputs(inputs, engine.bench.ints, engine.bench.numbers, engine.bench.clocks, 1, values)
    edges, lengths, counts = np.zeros((1, 1)), np.ones(1, np.int64), np.zeros((1, 3), np.int64)
    count_bins(values, np.arange(1), edges, lengths, counts)


if __name__ == "__main__":
    print(f"the engine's kernels are ready after {warm():.1f} s")
