"""Figures of a ranking, against their definitions in plain Python and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tocsin.engine.scores.judging import (
    Judge,
    Traffic,
    brier,
    compare,
    interval,
    measure,
    reliability,
    samples,
)

DAY = 86_400_000


def traffic(rows: int = 3000) -> tuple[Traffic, np.ndarray]:
    """Ten days of events of a hundred accounts, and scores with many ties that rank them well."""
    chance = np.random.default_rng(1)
    labels = (chance.random(rows) < 0.1).astype(np.int8)
    scores = np.round(chance.random(rows) * 0.5 + labels * 0.4, 2)
    return Traffic(labels, np.arange(rows) * (10 * DAY // rows), chance.integers(0, 100, rows)), scores


def auc_roc(labels: np.ndarray, scores: np.ndarray) -> float:
    """How often a fraud is above another event; ties count half."""
    bad, good = scores[labels == 1], scores[labels == 0]
    return float(((bad[:, None] > good).sum() + (bad[:, None] == good).sum() / 2) / (len(bad) * len(good)))


def average_precision(labels: np.ndarray, scores: np.ndarray) -> float:
    """The mean of precision over the frauds, each at its own threshold."""
    return float(np.mean([labels[scores >= score].mean() for score in scores[labels == 1]]))


def test_figures_are_as_defined_and_a_weight_is_so_many_times_the_event() -> None:
    told, scores = traffic()
    judge = Judge(told, scores, 20)
    for weights in (np.ones(len(scores)), next(samples(told))):
        found = judge.figures(weights)
        each = np.repeat(np.arange(len(scores)), weights.astype(int))
        assert found.auc_roc == pytest.approx(auc_roc(told.labels[each], scores[each]))
        assert found.average_precision == pytest.approx(average_precision(told.labels[each], scores[each]))


def test_precision_is_of_the_best_of_each_day_by_hand() -> None:
    told = Traffic(np.array([1, 0, 1, 0, 1], np.int8), np.array([0, 1, 2, DAY, DAY + 1]), np.arange(5))
    judge = Judge(told, np.array([0.9, 0.8, 0.1, 0.7, 0.6]), 2)
    assert judge.figures(np.ones(5)).precision == (1 + 1) / 4
    assert judge.figures(np.array([2.0, 1, 1, 3, 1])).precision == (2 + 0) / 4


def test_a_ranking_of_one_sort_of_events_has_no_figures() -> None:
    told = Traffic(np.zeros(3, np.int8), np.arange(3), np.arange(3))
    found = Judge(told, np.arange(3.0), 1).figures(np.ones(3))
    assert np.isnan(found.auc_roc)
    assert np.isnan(interval([float("nan")])[0])


def test_an_interval_is_of_samples_of_accounts() -> None:
    told, scores = traffic()
    value, low, high = measure(told, scores, 20).auc_roc
    assert low < value < high
    weights = next(samples(told))
    assert all(len(set(weights[told.accounts == one])) == 1 for one in range(100))
    alone = Traffic(told.labels, told.times, np.zeros(len(scores), np.int64))
    assert measure(alone, scores, 20).auc_roc == [value, value, value]


def test_a_better_challenger_is_proven_better_and_an_equal_one_is_not() -> None:
    told, scores = traffic()
    worse = scores * 0.2 + np.random.default_rng(2).random(len(scores))
    found = compare(told, worse, scores, 20)
    assert (found.proven, found.events, found.accounts, found.days) == ("challenger", 3000, 100, 10)
    assert found.difference.average_precision[1] > 0
    assert compare(told, scores, worse, 20).proven == "champion"
    again = compare(told, scores, scores * 2, 20)
    assert (again.proven, again.both, again.rank_correlation) == ("", 1.0, 1.0)
    assert compare(told, scores, np.zeros(len(scores)), 20).rank_correlation == 0


def test_probabilities_against_what_happened() -> None:
    labels, scores = np.array([0, 0, 1, 1], np.int8), np.array([0.1, 0.3, 0.5, 0.9])
    assert brier(labels, scores) == pytest.approx((0.01 + 0.09 + 0.25 + 0.01) / 4)
    assert reliability(labels, scores) == [[1, 0.1, 0], [1, 0.3, 0], [1, 0.5, 1], [1, 0.9, 1]]
