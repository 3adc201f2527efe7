"""Why a score is what it is: how much each input moved it, along the paths through the trees."""

from __future__ import annotations

import numpy as np

from tocsin.engine.scores.examples import Numbers
from tocsin.engine.scores.model import Model, Tree


def contributions(model: Model, row: Numbers) -> list[tuple[str, float]]:
    """What each input added to the margin (log-odds before calibration) of one example, largest first.

    At each node on the way the mean of what lies below changes; the change is due to the input that the node
    looks at (Saabas, Interpreting Random Forests, 2014). Together with the means at the roots they add up to
    the margin.
    """
    moved = np.zeros(len(model.inputs))
    for tree in model.trees:
        _walk(tree, row, moved)
    order = sorted(range(len(moved)), key=lambda j: (-moved[j], j))
    return [(model.inputs[j], float(moved[j])) for j in order if moved[j] != 0]


def _walk(tree: Tree, row: Numbers, moved: Numbers) -> None:
    at = 0
    while (looked_at := tree.inputs[at]) >= 0:
        value = row[looked_at]
        left = bool(tree.unknown_left[at]) if np.isnan(value) else bool(value <= tree.thresholds[at])
        below = tree.lefts[at] if left else tree.rights[at]
        moved[looked_at] += tree.means[below] - tree.means[at]
        at = below
