"""The handbook's own model on the week that ours is judged on: its random forest, its fifteen features, its
one week of training (chapter 3, *Baseline fraud detection system*; scikit-learn, ``random_state=0``).

Its published figures are of one week; on any other week only a model trained for that week says something
about ours. The features are read from the engine, whose windows are tiled: a day is 24 to 24.5 hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from benchmarks.card_protocol import TRAINING_DAYS
from benchmarks.card_scores import DELAY_DAYS

_FEATURES: Final = (
    "amount_minor",
    *(f"customer_{what}_{window}" for what in ("payments", "mean") for window in ("24h", "7d", "30d")),
    *(f"terminal_payments_{window}" for window in ("24h", "7d", "30d")),
    *(f"terminal_frauds_known_{window} / terminal_labels_{window}" for window in ("24h", "7d", "30d")),
)


def handbook_features(inputs: Sequence[str], columns: np.ndarray) -> np.ndarray:
    """Amount; of the customer the number of payments and their mean; of the terminal the number of payments
    and the share of known frauds, each over a day, a week and a month; weekend, night. Unknown is 0."""
    place = {name: number for number, name in enumerate(inputs)}
    weekend, night = columns[:, place["weekday"]] >= 5, columns[:, place["hour"]] <= 6
    found = [columns[:, place[name]] for name in _FEATURES]
    return np.nan_to_num(np.column_stack([*found, weekend, night]).astype(np.float64))


def forest_scores(
    features: np.ndarray, labels: np.ndarray, days: np.ndarray, first: int, tested: np.ndarray
) -> np.ndarray:
    """Train on the seven days that end a week before the first day, and score the tested rows."""
    from sklearn.ensemble import RandomForestClassifier

    learnt = np.flatnonzero((days >= first - DELAY_DAYS - TRAINING_DAYS) & (days < first - DELAY_DAYS))
    forest = RandomForestClassifier(random_state=0).fit(features[learnt], labels[learnt])
    return np.asarray(forest.predict_proba(features[tested])[:, 1], np.float64)
