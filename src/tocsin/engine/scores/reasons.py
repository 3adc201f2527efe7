"""Why a score is what it is: how much each input moved it."""

from __future__ import annotations

from collections.abc import Iterator
from math import factorial

import numpy as np

from tocsin.engine.scores.model import Model, Numbers, Tree

#: Of one input on the way to a leaf: the share of training rows that went this way, and whether the row does.
Way = dict[int, tuple[float, float]]


def contributions(model: Model, row: Numbers) -> list[tuple[str, float]]:
    """What each input added to the margin (log-odds before calibration) of one example, largest first; inputs
    that added nothing are left out.

    These are the Shapley values of the inputs, where an input that is not told goes each way as often as the
    training rows did (Lundberg et al., Consistent Individualized Feature Attribution for Tree Ensembles,
    2018); the same as LightGBM's ``pred_contrib``. Together with `expected` they add up to the margin.
    """
    leaves = [found for tree in model.trees for found in _leaves(tree, row)]
    moved = _shapley(leaves, len(model.inputs))
    order = sorted(range(len(moved)), key=lambda j: (-moved[j], j))
    return [(model.inputs[j], float(moved[j])) for j in order if moved[j] != 0]


def expected(model: Model) -> float:
    """The mean margin of the training rows that grew each tree."""
    row = np.full(len(model.inputs), np.nan)
    return sum(
        value * float(np.prod([share for share, _ in way.values()]))
        for tree in model.trees
        for value, way in _leaves(tree, row)
    )


def _leaves(tree: Tree, row: Numbers) -> Iterator[tuple[float, Way]]:
    """What each leaf adds, and the way to it."""
    waiting: list[tuple[int, Way]] = [(0, {})]
    while waiting:
        at, way = waiting.pop()
        asked = tree.inputs[at]
        if asked < 0:
            yield tree.thresholds[at], way
            continue
        value = row[asked]
        left = bool(tree.unknown_left[at]) if np.isnan(value) else bool(value <= tree.thresholds[at])
        share, goes = way.get(asked, (1.0, 1.0))
        for below, chosen in ((tree.lefts[at], left), (tree.rights[at], not left)):
            part = tree.counts[below] / tree.counts[at]
            waiting.append((below, {**way, asked: (share * part, goes * chosen)}))


def _shapley(leaves: list[tuple[float, Way]], inputs: int) -> Numbers:
    """Shapley values of the sum of games, one a leaf: with the inputs of a set told, it adds its value times
    ``goes`` of those in the set and ``share`` of the others.

    The product over all inputs of ``share + goes * x`` has, at x to the k, the sum over the sets of k inputs.
    Inputs that a leaf does not ask have 1 and 1, which moves nothing.
    """
    most = max((len(way) for _, way in leaves), default=0)
    asked = np.zeros((len(leaves), most), np.int64)
    share, goes = np.ones((2, len(leaves), most))
    for number, (_, way) in enumerate(leaves):
        for place, (input_, (part, chosen)) in enumerate(way.items()):
            asked[number, place], share[number, place], goes[number, place] = input_, part, chosen
    values = np.array([value for value, _ in leaves])
    weights = [factorial(k) * factorial(most - 1 - k) / factorial(most) for k in range(most)]
    moved = np.zeros(inputs)
    for place in range(most):
        sums = np.zeros((len(leaves), most))
        sums[:, 0] = 1.0
        for other in range(most):
            if other != place:
                more = sums[:, :-1] * goes[:, other, None]
                sums *= share[:, other, None]
                sums[:, 1:] += more
        amounts = values * (goes[:, place] - share[:, place]) * (sums @ weights)
        np.add.at(moved, asked[:, place], amounts)
    return moved
