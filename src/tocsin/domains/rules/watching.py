"""Looking at a replay batch by batch: where one rule fired, and which others fired with it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

from tocsin.engine.engine import Engine


class Hits:
    """Given to `engine.runtime.history.run` to be told of every batch.

    ``places``: which events of the history the rule fired on. ``together``: other rules, and on how many of
    those events they fired too.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self.places: list[int] = []
        self.together: Counter[str] = Counter()
        self._engine = engine
        self._order = [rule.id for rule in engine.plan.order]
        self._mine = self._order.index(name)

    def __call__(self, _start: int, lanes: int, places: npt.NDArray[np.int64]) -> None:
        fired = self._engine.bench.fired(lanes)
        mine = fired[self._mine]
        if not mine.any():
            return
        self.places += places[mine].tolist()
        beside = fired[:, mine].sum(axis=1)
        beside[self._mine] = 0
        self.together.update({self._order[n]: int(beside[n]) for n in np.flatnonzero(beside)})
