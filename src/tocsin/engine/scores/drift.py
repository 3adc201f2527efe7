"""Drift: how far the scores of today lie from those a model was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

#: Bins of probabilities: below the first, between two, from the last on.
EDGES: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
_LEAST: Final = 1e-4  # the share that an empty bin counts as
_SOME: Final = 0.1
_MUCH: Final = 0.25


def shares_of(scores: npt.NDArray[np.float64]) -> list[float]:
    """The share of the scores in each bin. Raises ValueError when there is none."""
    if len(scores) == 0:
        raise ValueError("There are no scores.")
    counts = np.bincount(np.searchsorted(EDGES, scores, side="right"), minlength=len(EDGES) + 1)
    return [round(float(share), 9) for share in counts / len(scores)]


def psi(before: Sequence[float], now: Sequence[float]) -> float:
    """The population stability index, the sum over bins of (now - before) * ln(now / before) (Siddiqi, Credit
    Risk Scorecards, 2006). 0: the same shares."""
    old, new = np.maximum(before, _LEAST), np.maximum(now, _LEAST)
    return float(((new - old) * np.log(new / old)).sum())


def in_words(index: float) -> str:
    """What an index means by Siddiqi's rule of thumb: below 0.1 nothing, from 0.25 a model to train again."""
    if index < _SOME:
        return "stable"
    return "shifting" if index < _MUCH else "shifted: train again"
