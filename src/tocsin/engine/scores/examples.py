"""Examples: what a model would have seen of past events, read from the registers that it will be run on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.engine.engine import Engine
from tocsin.engine.kernel import scores
from tocsin.engine.kernel.program import LANES, STRIDE
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.plan.models import Models
from tocsin.engine.scores.model import Model, ModelError, Numbers


@dataclass(frozen=True)
class Examples:
    """Events by inputs, NaN where unknown, oldest first."""

    columns: Numbers
    times: npt.NDArray[np.int64]
    """When each event happened, ms since 1970 UTC."""
    labels: npt.NDArray[np.int8]
    """1 fraud, 0 genuine, -1 not known in time."""

    def chosen(self, which: npt.NDArray[np.bool_]) -> Examples:
        """Some of them."""
        return Examples(self.columns[which], self.times[which], self.labels[which])


class InputReader:
    """Reads the inputs of one model after each batch of an engine, for the events whose score is asked:
    elsewhere the inputs may not have been read. An engine that reads every feature asks all events that the
    model is for."""

    def __init__(self, engine: Engine, name: str) -> None:
        """Raises ModelError when no score of the rules asks the model."""
        if name not in engine.plan.models.numbers:
            raise ModelError(f'No feature of these rules is score("{name}") with a file {name}.model.json.')
        self._bench = engine.bench
        self._inputs = engine.plan.models.inputs(name)
        self._scratch = np.zeros((len(self._inputs), STRIDE))
        plan = engine.plan
        on = {plan.types[type_] for type_ in engine.rules.models[name].on}
        asked = on.intersection(frozenset().union(*map(plan.asked_on.__getitem__, scores_of(engine, name))))
        self._scored = np.isin(np.arange(len(plan.types) + 1), list(asked))

    def read(self, lanes: int) -> tuple[npt.NDArray[np.int64], Numbers]:
        """The lanes whose score was asked, and their inputs."""
        bench = self._bench
        scores.read_inputs(self._inputs, bench.ints, bench.numbers, bench.clocks, lanes, self._scratch)
        chosen = np.flatnonzero(self._scored[bench.types[:lanes]])
        return chosen, self._scratch[:, chosen].T


def scores_of(engine: Engine, name: str) -> list[str]:
    """The features that are scores of a model."""
    features = engine.rules.features.values()
    return [one.name for one in features if one.kind == "score" and one.word == name]


def reading_engine(rules: RuleSet, name: str) -> tuple[Engine, InputReader]:
    """An engine without a past, and a reader of what a model sees in it. Raises ModelError."""
    engine = Engine(rules, read_all=True)
    return engine, InputReader(engine, name)


def score_rows(model: Model, columns: Numbers) -> Numbers:
    """The scores of examples, from the kernel that scores events."""
    models = Models()
    width = len(model.inputs)
    names = [f"input_{number}" for number in range(width)]
    models.add("rows", Model(model.on, names, model.trees, model.slope, model.offset), _place)
    rows, curves, inputs, roots, nodes, thresholds, scratch = models.arrays()
    numbers = np.full((width + 1, STRIDE), np.nan)
    none, asked = np.zeros((1, STRIDE), np.int64), np.ones(STRIDE, np.uint8)
    found = np.zeros(len(columns))
    for start in range(0, len(columns), LANES):
        n = min(LANES, len(columns) - start)
        numbers[:width, :n] = columns[start : start + n].T
        scores.run_score(
            rows[0], curves[0], inputs, roots, nodes, thresholds, none, numbers, none[0], asked, scratch,
            width, n,
        )  # fmt: skip
        found[start : start + n] = numbers[width, :n]
    return found


def _place(name: str) -> tuple[str, int]:
    return "number", int(name.removeprefix("input_"))
