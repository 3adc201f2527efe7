"""Cells and decisions as arrays, and how two of each are compared.

A cell is the value of one feature before one event: a whole number, or the bits of a number with a point;
`NONE` where it is unknown. A decision is four whole numbers, see `DECISION`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tocsin.engine.engine import Engine
from tocsin.engine.hashing import NONE, hash_text
from tocsin.engine.language.nodes import Get

Cells = npt.NDArray[np.int64]

#: Number of the event's line, the verdict's rank, a sum of the hashes of the rules that fired, whether late.
DECISION = ("event", "verdict", "fired", "late")


@dataclass(frozen=True)
class Compared:
    """How many were compared, and how many of them differ. One that only one side has differs."""

    compared: int
    differ: int


def compare(first: Cells, second: Cells) -> Compared:
    """Cell by cell."""
    columns, both, longer = first.shape[1], min(len(first), len(second)), max(len(first), len(second))
    differ = 0
    for start in range(0, both, 65_536):
        stop = min(start + 65_536, both)
        differ += int((first[start:stop] != second[start:stop]).sum())
    return Compared(longer * columns, differ + (longer - both) * columns)


def compare_decisions(first: Cells, second: Cells) -> Compared:
    """Decision by decision."""
    both = min(len(first), len(second))
    longer = max(len(first), len(second))
    differ = int((first[:both] != second[:both]).any(axis=1).sum())
    return Compared(longer, differ + longer - both)


class Reader:
    """Reads the cells and decisions of a batch from an engine that has just run it."""

    def __init__(self, engine: Engine, names: Sequence[str]) -> None:
        self._bench = engine.bench
        features = [engine.rules.features[name] for name in names]
        registers = engine.plan.registers
        self._whole = [i for i, one in enumerate(features) if one.type != "number"]
        self._number = [i for i, one in enumerate(features) if one.type == "number"]
        gets = [Get("feature", one.name, one.type) for one in features]
        self._ints = [registers.ints[gets[i]] for i in self._whole]
        self._numbers = [registers.numbers[gets[i]] for i in self._number]
        self._columns = len(features)
        self._weights = np.array([fired_as(rule.id) for rule in engine.plan.order], np.int64)

    def cells(self, lanes: int) -> Cells:
        """Features by column, one row a lane."""
        found = np.empty((lanes, self._columns), np.int64)
        found[:, self._whole] = self._bench.ints[self._ints, :lanes].T
        found[:, self._number] = bits(self._bench.numbers[self._numbers, :lanes].T)
        return found

    def decisions(self, lanes: int, events: Cells) -> Cells:
        """One row a lane; ``events``: the numbers of the lanes' events."""
        bench = self._bench
        fired = bench.fired(lanes).astype(np.int64)
        late = bench.sent[:lanes] < bench.clocks[:lanes]
        return np.stack(
            [events, bench.verdicts[:lanes].astype(np.int64), self._weights @ fired, late.astype(np.int64)],
            axis=1,
        )


def fired_as(rule: str) -> int:
    """What a rule adds to the sum of those that fired (which may overflow)."""
    return hash_text(rule)


def bits(numbers: npt.NDArray[np.float64]) -> Cells:
    """The cells of numbers with a point."""
    return np.where(np.isnan(numbers), NONE, np.ascontiguousarray(numbers).view(np.int64))


def numbers(cells: Cells) -> npt.NDArray[np.float64]:
    """The other way."""
    return np.where(cells == NONE, np.nan, np.ascontiguousarray(cells).view(np.float64))


def unknown(path: Path, events: int, columns: int) -> Cells:
    """Cells in a file, all unknown: what is written there stays when the writer is killed."""
    made = np.lib.format.open_memmap(path, mode="w+", dtype=np.int64, shape=(events, columns))
    for start in range(0, events, 65_536):
        made[start : start + 65_536] = NONE
    return made


def opened(path: Path) -> Cells:
    """Cells in a file, to read and write."""
    return np.lib.format.open_memmap(path, mode="r+")
