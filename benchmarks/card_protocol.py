"""How the Fraud Detection Handbook judges a week of scores (chapters 3 and 4, `shared_functions.py`)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmarks.card_scores import DELAY_DAYS, WEEK, K

TRAINING_DAYS = 7  # the handbook's: frauds of these days are known when the test week begins


class Ranking(NamedTuple):
    """The three figures of the handbook, and the card precision of a ranking by the labels themselves."""

    auc_roc: float
    average_precision: float
    card_precision: float
    best: float | None

    def plain(self) -> dict[str, float | None]:
        return {name: None if value is None else round(value, 4) for name, value in self._asdict().items()}


class Week(NamedTuple):
    """All payments by row, and the first day of the week that is judged."""

    days: np.ndarray
    customers: np.ndarray
    labels: np.ndarray
    first: int


def test_rows(week: Week) -> np.ndarray:
    """The rows that are judged: those of customers not known as defrauded.

    Known when the week begins are the frauds of the seven days that end a week before it; one more day of
    frauds becomes known each day.
    """
    start = week.first - DELAY_DAYS - TRAINING_DAYS
    rows = []
    for day in range(week.first, week.first + WEEK):
        news = (week.labels == 1) & (week.days >= start) & (week.days < day - DELAY_DAYS)
        of_day = np.flatnonzero(week.days == day)
        rows.append(of_day[~np.isin(week.customers[of_day], week.customers[news])])
    return np.concatenate(rows)


def judge(week: Week, rows: np.ndarray, scores: np.ndarray) -> Ranking:
    """The figures for the scores of the given rows, all of which have labels."""
    labels = week.labels[rows]
    return Ranking(
        auc_roc(labels, scores),
        average_precision(labels, scores),
        card_precision(week, rows, scores),
        card_precision(week, rows, labels.astype(float)),
    )


def auc_roc(labels: np.ndarray, scores: np.ndarray) -> float:
    """How often a fraud is ranked above another payment; ties count half."""
    values, place = np.unique(scores, return_inverse=True)
    bad = np.bincount(place, labels == 1, len(values))
    good = np.bincount(place, labels == 0, len(values))
    below = np.cumsum(good) - good
    return float((bad * (below + good / 2)).sum() / (bad.sum() * good.sum()))


def average_precision(labels: np.ndarray, scores: np.ndarray) -> float:
    """The mean of precision over the steps of recall; equal scores are one step."""
    values, place = np.unique(-scores, return_inverse=True)
    bad = np.bincount(place, labels == 1, len(values))
    found, flagged = np.cumsum(bad), np.cumsum(np.bincount(place, minlength=len(values)))
    return float((bad / bad.sum() * found / flagged).sum())


def card_precision(week: Week, rows: np.ndarray, scores: np.ndarray) -> float:
    """Mean over the days of (customers really defrauded that day among the 100 whose payment is ranked
    highest) / 100. A customer found on one day is left out on the later ones."""
    found: set[int] = set()
    total = 0
    for day in range(week.first, week.first + WEEK):
        mine = np.flatnonzero(week.days[rows] == day)
        best: dict[int, float] = {}
        for customer, score in zip(week.customers[rows[mine]].tolist(), scores[mine].tolist(), strict=True):
            if customer not in found:
                best[customer] = max(best.get(customer, 0.0), score)
        top = sorted(best, key=lambda customer: (-best[customer], customer))[:K]
        bad = set(week.customers[rows[mine][week.labels[rows[mine]] == 1]].tolist())
        caught = bad & set(top)
        found |= caught
        total += len(caught)
    return total / K / WEEK
