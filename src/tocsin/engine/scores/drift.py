"""Drift: how far the scores and inputs of today lie from those a model was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tocsin.engine.scores.model import Bins

#: Bins of probabilities: below the first, between two, from the last on.
EDGES: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
_TENTHS: Final = np.arange(1, 10) / 10
_LEAST: Final = 1e-4  # the share that an empty bin counts as
SOME: Final = 0.1
MUCH: Final = 0.25


def shares_of(scores: npt.NDArray[np.float64]) -> list[float]:
    """The share of the scores in each bin. Raises ValueError when there is none."""
    if len(scores) == 0:
        raise ValueError("There are no scores.")
    return as_shares(counts_in(scores, EDGES)[:-1])


def bins_of(column: npt.NDArray[np.float64]) -> Bins:
    """Tenths of the known values of an input as bins, and the share of the rows in each."""
    known = column[~np.isnan(column)]
    edges = np.unique(np.quantile(known, _TENTHS)).tolist() if len(known) else []
    return Bins(edges, as_shares(counts_in(column, edges)))


def counts_in(column: npt.NDArray[np.float64], edges: Sequence[float]) -> npt.NDArray[np.int64]:
    """How many values lie in each bin; the last bin is the unknown ones."""
    known = column[~np.isnan(column)]
    counts = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)
    return np.append(counts, len(column) - len(known))


def as_shares(counts: npt.NDArray[np.int64]) -> list[float]:
    """Each count as a share of all, nine digits."""
    return [round(float(share), 9) for share in counts / counts.sum()]


def psi(before: Sequence[float], now: Sequence[float]) -> float:
    """The population stability index, the sum over bins of (now - before) * ln(now / before) (Siddiqi, Credit
    Risk Scorecards, 2006). 0: the same shares."""
    old, new = np.maximum(before, _LEAST), np.maximum(now, _LEAST)
    return float(((new - old) * np.log(new / old)).sum())


def in_words(index: float) -> str:
    """What an index means by Siddiqi's rule of thumb: below 0.1 nothing, from 0.25 a model to train again."""
    if index < SOME:
        return "stable"
    return "shifting" if index < MUCH else "shifted: train again"
