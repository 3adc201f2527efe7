"""Watching models at work: into which bins their inputs and scores fall, hour by hour of the last day, as the
engine saw them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from tocsin.engine.engine import Engine
from tocsin.engine.kernel.bins import count_bins
from tocsin.engine.kernel.program import STRIDE
from tocsin.engine.language.nodes import Get
from tocsin.engine.scores.drift import EDGES
from tocsin.engine.scores.examples import InputReader, scores_of
from tocsin.engine.scores.model import Model
from tocsin.engine.scores.observed import HOURS, Hour, Watched

_HOUR_MS: Final = 3_600_000
_Whole = npt.NDArray[np.int64]


class ModelWatch:
    """Counts for the trained models of an engine's rules. Goes on with what was counted for the same models
    before, and forgets other models."""

    def __init__(self, engine: Engine, before: Mapping[str, Watched] | None = None) -> None:
        self._engine = engine
        asked = engine.plan.models.numbers
        self._counters = [
            _Counter(engine, name, model, (before or {}).get(name))
            for name, model in engine.rules.models.items()
            if name in asked and model.training is not None
        ]

    def look(self, lanes: int) -> None:
        """Count a batch that was just run."""
        for counter in self._counters:
            counter.look(lanes, self._engine.clock // _HOUR_MS)

    def watched(self) -> dict[str, Watched]:
        """What was counted in the last day of the engine's clock, by model name."""
        hour = self._engine.clock // _HOUR_MS
        return {counter.name: counter.watched(hour) for counter in self._counters}


class _Counter:
    """Counts for one model: a row for each input, and the last one for the score."""

    def __init__(self, engine: Engine, name: str, model: Model, before: Watched | None) -> None:
        self.name = name
        self._version = model.version
        self._reader = InputReader(engine, name)
        self._bench = engine.bench
        self._scores = [
            engine.plan.registers.number(Get("feature", score, "number")) for score in scores_of(engine, name)
        ]
        bins = [*(one.edges for one in model.training.bins), list(EDGES)] if model.training else []
        self._lengths = np.array([len(edges) for edges in bins], np.int64)
        self._edges = np.full((len(bins), max(self._lengths) or 1), np.inf)
        for row, edges in enumerate(bins):
            self._edges[row, : len(edges)] = edges
        self._values = np.full((len(bins), STRIDE), np.nan)
        self._hours: dict[int, _Whole] = {}
        if before is not None and before.version == self._version:
            self._hours = {int(hour): self._of_lists(one.counts) for hour, one in before.hours.items()}

    def look(self, lanes: int, hour: int) -> None:
        chosen, columns = self._reader.read(lanes)
        if not len(chosen):
            return
        self._values[:-1, : len(chosen)] = columns.T
        self._values[-1, : len(chosen)] = np.fmax.reduce(self._bench.numbers[self._scores])[chosen]
        if hour not in self._hours:
            self._hours = {old: one for old, one in self._hours.items() if old > hour - HOURS}
            self._hours[hour] = self._of_lists([])
        count_bins(self._values, np.arange(len(chosen)), self._edges, self._lengths, self._hours[hour])

    def watched(self, hour: int) -> Watched:
        told = {
            str(old): Hour(
                [row[: length + 2].tolist() for row, length in zip(one, self._lengths, strict=True)]
            )
            for old, one in self._hours.items()
            if old > hour - HOURS
        }
        return Watched(self._version, told)

    def _of_lists(self, rows: list[list[int]]) -> _Whole:
        counts = np.zeros((len(self._lengths), self._edges.shape[1] + 2), np.int64)
        for row, told in enumerate(rows):
            counts[row, : len(told)] = told
        return counts
