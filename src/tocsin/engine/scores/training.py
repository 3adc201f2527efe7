"""Training: gradient-boosted trees by LightGBM, calibrated, as a model that the engine runs without it.

LightGBM is the extra ``model``: only training needs it. With the same examples and the same version of it the
same model comes out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from msgspec.structs import replace

from tocsin.engine.scores.drift import bins_of, shares_of
from tocsin.engine.scores.examples import Examples, score_rows
from tocsin.engine.scores.model import Judged, Model, Numbers, Training, Tree

SEED: Final = 7
ROUNDS: Final = 150
LEAST_FRAUDS: Final = 50
_HELD_OUT: Final = 0.2  # of the examples, the newest: they set the calibration
_SETTINGS: Final[Mapping[str, Any]] = {
    "objective": "binary",
    "learning_rate": 0.06,
    "num_leaves": 31,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "verbose": -1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": SEED,
}


class TrainingError(ValueError):
    """Examples that no model can be made of."""


def train(
    model: Model, examples: Examples, until: int, assumed: int = 0, judged: Judged | None = None
) -> Model:
    """The model with trees. ``until``: labels that arrived later are not among the examples (ms).
    ``assumed``: how many of the examples count as genuine because nobody said anything about them.
    ``judged``: how a twin did.

    The trees are grown on all examples; how their sum becomes a probability is learnt from the newest fifth,
    by trees grown on the others.

    Raises:
        TrainingError: too few examples of either sort, or LightGBM is not installed.
    """
    known = examples.chosen(examples.labels >= 0)
    held = int(len(known.labels) * (1 - _HELD_OUT))
    for part in (known.labels[:held], known.labels[held:]):
        if part.sum() < LEAST_FRAUDS or len(part) - part.sum() < LEAST_FRAUDS:
            raise TrainingError(
                f"There are {int(known.labels.sum())} known frauds among {len(known.labels)} events with "
                f"labels. A model needs at least {LEAST_FRAUDS} frauds and as many others, both before and "
                "within the newest fifth."
            )
    lightgbm = _library()
    first = _grow(lightgbm, known.columns[:held], known.labels[:held])
    margins = np.asarray(first.predict(known.columns[held:], raw_score=True), np.float64)
    slope, offset = platt(margins, known.labels[held:])
    grown = _grow(lightgbm, known.columns, known.labels)
    made = replace(model, trees=_trees(grown), slope=slope, offset=offset, training=None)
    about = Training(
        data=_hash(known),
        first=int(known.times[0]),
        until=until,
        rows=len(known.labels),
        frauds=int(known.labels.sum()),
        library=f"lightgbm {lightgbm.__version__}",
        seed=SEED,
        shares=shares_of(score_rows(made, known.columns)),
        settings={**_SETTINGS, "rounds": ROUNDS},
        gains=_gains(grown),
        bins=[bins_of(column) for column in known.columns.T],
        assumed=assumed,
        judged=judged,
    )
    return replace(made, training=about)


def platt(margins: Numbers, labels: np.ndarray) -> tuple[float, float]:
    """Slope and offset of the logistic curve that fits labels to margins best, by Newton's method, with
    Platt's targets, which keep probabilities off 0 and 1 (Lin, Lin and Weng, 2007)."""
    good = int((labels == 0).sum())
    bad = len(labels) - good
    targets = np.where(labels == 1, (bad + 1) / (bad + 2), 1 / (good + 2))
    design = np.column_stack([margins, np.ones(len(margins))])
    weights = np.array([1.0, 0.0])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-(design @ weights)))
        curvature = design.T @ (design * (chance * (1 - chance))[:, None]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, design.T @ (targets - chance))
        weights += step
        if np.abs(step).max() < 1e-10:
            break
    return float(weights[0]), float(weights[1])


def _library() -> Any:
    try:
        import lightgbm
    except ImportError:
        raise TrainingError(
            "Training needs LightGBM, which is not installed: pip install 'tocsin[model]'. "
            "Models that are trained already are scored without it."
        ) from None
    return lightgbm


def _grow(lightgbm: Any, columns: Numbers, labels: np.ndarray) -> Any:
    return lightgbm.train(dict(_SETTINGS), lightgbm.Dataset(columns, labels), ROUNDS)


def _gains(booster: Any) -> list[float]:
    gains = np.asarray(booster.feature_importance("gain"), np.float64)
    return [round(float(share), 6) for share in gains / max(gains.sum(), 1e-12)]


def _trees(booster: Any) -> list[Tree]:
    return [_tree(info["tree_structure"]) for info in booster.dump_model()["tree_info"]]


def _tree(root: dict[str, Any]) -> Tree:
    tree = Tree([], [], [], [], [], [])
    _add(tree, root)
    return tree


def _add(tree: Tree, node: dict[str, Any]) -> int:
    """Add a node and all below it; the number of the node."""
    number = len(tree.inputs)
    leaf = "leaf_value" in node
    tree.inputs.append(-1 if leaf else int(node["split_feature"]))
    tree.thresholds.append(float(node["leaf_value"] if leaf else node["threshold"]))
    # a tree of one leaf says no count, and needs none
    tree.counts.append(float(node.get("leaf_count", 1) if leaf else node["internal_count"]))
    tree.unknown_left.append(0 if leaf else int(_unknown_goes_left(node)))
    tree.lefts.append(0)
    tree.rights.append(0)
    if not leaf:
        tree.lefts[number] = _add(tree, node["left_child"])
        tree.rights[number] = _add(tree, node["right_child"])
    return number


def _unknown_goes_left(node: dict[str, Any]) -> bool:
    """LightGBM takes an unknown for 0 where it never met one in training."""
    if node["missing_type"] == "None":
        return bool(node["threshold"] >= 0)
    return bool(node["default_left"])


def _hash(examples: Examples) -> str:
    told = hashlib.sha256()
    for part in (examples.columns, examples.times, examples.labels):
        told.update(np.ascontiguousarray(part).tobytes())
    return "sha256:" + told.hexdigest()
