"""Models as the kernel is given them: arrays, and where each input is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from tocsin.engine.kernel import scores
from tocsin.engine.kernel.program import STRIDE
from tocsin.engine.scores.model import Model, Tree, read_input

#: ("int" or "number", register) of a feature or field.
Where = Callable[[str], tuple[str, int]]
_Array = np.ndarray

_HOW: Final[Mapping[str, int]] = {"": scores.VALUE, "/": scores.QUOTIENT, "-": scores.DIFFERENCE}
_CLOCK: Final[Mapping[str, int]] = {"hour": scores.HOUR, "weekday": scores.WEEKDAY}


@dataclass
class Models:
    """The models that scores ask, in the order in which they were first asked."""

    numbers: dict[str, int] = field(default_factory=dict)
    _rows: list[tuple[int, ...]] = field(default_factory=list)
    _curves: list[tuple[float, float]] = field(default_factory=list)
    _inputs: list[tuple[int, ...]] = field(default_factory=list)
    _roots: list[tuple[int, ...]] = field(default_factory=list)
    _nodes: list[tuple[int, ...]] = field(default_factory=list)
    _thresholds: list[float] = field(default_factory=list)

    def add(self, name: str, model: Model, where: Where) -> int:
        """The number of a model, which is laid out when it is asked for the first time."""
        if name not in self.numbers:
            self.numbers[name] = len(self._rows)
            inputs, roots = len(self._inputs), len(self._roots)
            self._inputs += [_input_row(text, where) for text in model.inputs]
            for tree in model.trees:
                self._add_tree(tree)
            self._rows.append((inputs, len(self._inputs), roots, len(self._roots)))
            self._curves.append((model.slope, model.offset))
        return self.numbers[name]

    def _add_tree(self, tree: Tree) -> None:
        first, depths = len(self._nodes), [0] * len(tree.inputs)
        columns = zip(tree.inputs, tree.lefts, tree.rights, tree.unknown_left, strict=True)
        for node, (input_, left, right, unknown_left) in enumerate(columns):
            if input_ < 0:
                self._nodes.append((0, first + node, first + node, 0))
            else:
                depths[left] = depths[right] = depths[node] + 1
                self._nodes.append((input_, first + left, first + right, unknown_left))
        self._thresholds += tree.thresholds
        self._roots.append((first, max(depths)))

    def inputs(self, name: str) -> np.ndarray:
        """Where the inputs of a model are read, as `kernel.scores.read_inputs` wants it."""
        row = self._rows[self.numbers[name]]
        return np.array(self._inputs[row[0] : row[1]], np.int64)

    def arrays(self) -> tuple[_Array, _Array, _Array, _Array, _Array, _Array, _Array]:
        """models, curves, inputs, roots, nodes, thresholds, and room for the inputs of one batch."""
        most = max((row[1] - row[0] for row in self._rows), default=1)
        return (
            _whole(self._rows, scores.MODEL_COLUMNS),
            np.array(self._curves or [(1.0, 0.0)]),
            _whole(self._inputs, scores.INPUT_COLUMNS),
            _whole(self._roots, scores.ROOT_COLUMNS),
            _whole(self._nodes, scores.NODE_COLUMNS),
            np.array(self._thresholds or [0.0]),
            np.zeros((most, STRIDE)),
        )


def _whole(rows: list[tuple[int, ...]], columns: int) -> np.ndarray:
    return np.array(rows or [(0,) * columns], np.int64)


def _input_row(text: str, where: Where) -> tuple[int, ...]:
    if text in _CLOCK:
        return (_CLOCK[text], 0, 0, 0, 0)
    read = read_input(text)
    places = [where(name) for name in read.names]
    kind, a = places[0]
    kind_b, b = places[-1]
    return (_HOW[read.sign], a, int(kind == "number"), b, int(kind_b == "number"))
