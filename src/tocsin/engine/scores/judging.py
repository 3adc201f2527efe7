"""How well scores rank events whose outcome is known, and how sure that is.

An interval is that of 500 bootstrap samples of accounts, not of events: what one account does is not
independent (Field and Welsh, Bootstrapping Clustered Data, 2007). Two models are judged on the same samples,
so that their difference has an interval of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tocsin.engine.scores.model import Measured, Numbers

Labels = npt.NDArray[np.int8]
Whole = npt.NDArray[np.int64]

SAMPLES: Final = 500
SEED: Final = 7
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True)
class Traffic:
    """Events whose outcome is known: their labels (1 fraud, 0 genuine), times (ms), whose they are."""

    labels: Labels
    times: Whole
    accounts: Whole
    """The number of the account, the same for all events of one."""

    @property
    def days(self) -> Whole:
        """UTC."""
        return self.times // _DAY_MS


@dataclass(frozen=True)
class Figures:
    """How a ranking did. ``precision``: of as many events a day as can be looked at, the share that was
    fraud, mean over the days."""

    auc_roc: float
    average_precision: float
    precision: float

    def minus(self, other: Figures) -> Figures:
        """The difference, figure by figure."""
        return Figures(
            self.auc_roc - other.auc_roc,
            self.average_precision - other.average_precision,
            self.precision - other.precision,
        )


@dataclass(frozen=True)
class Comparison:
    """Two models on identical events."""

    events: int
    frauds: int
    accounts: int
    days: int
    capacity: int
    champion: Measured
    challenger: Measured
    difference: Measured
    """Challenger less champion, sample by sample."""
    both: float
    """Of the events that can be looked at, the share that both would choose."""
    rank_correlation: float

    @property
    def proven(self) -> str:
        """Which has the better average precision: "champion", "challenger", or nothing when the interval of
        the difference has 0 in it."""
        _, low, high = self.difference.average_precision
        return "challenger" if low > 0 else "champion" if high < 0 else ""


class Judge:
    """Judges one model's scores of some traffic, as often as samples of it are drawn."""

    def __init__(self, traffic: Traffic, scores: Numbers, capacity: int) -> None:
        """``capacity``: events that can be looked at in a day."""
        self._capacity = capacity
        order = np.argsort(-scores, kind="stable")
        self._order = order
        self._bad = (traffic.labels[order] == 1).astype(np.float64)
        ordered = scores[order]
        self._steps = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        self._by_day = np.lexsort((-scores, traffic.days))
        self._first_of_day = np.unique(traffic.days[self._by_day], return_index=True)[1]
        self._bad_by_day = (traffic.labels[self._by_day] == 1).astype(np.float64)

    def figures(self, weights: Numbers) -> Figures:
        """``weights``: how often each event is in the sample. Figures that need both sorts of events are NaN
        where one is missing."""
        ordered = weights[self._order]
        bad = np.add.reduceat(ordered * self._bad, self._steps)
        good = np.add.reduceat(ordered * (1 - self._bad), self._steps)
        found, flagged = np.cumsum(bad), np.cumsum(bad + good)
        bads, goods = bad.sum(), good.sum()
        if not bads or not goods:
            return Figures(np.nan, np.nan, np.nan)
        above = np.cumsum(good) - good / 2
        auc = 1 - float((bad * above).sum() / (bads * goods))
        average = float((bad / bads * found / np.maximum(flagged, 1)).sum())
        return Figures(auc, average, self._precision(weights[self._by_day]))

    def _precision(self, weights: Numbers) -> float:
        """The best of each day, as many as can be looked at."""
        before = np.cumsum(weights) - weights
        lengths = np.diff(np.append(self._first_of_day, len(weights)))
        of_day = before - np.repeat(before[self._first_of_day], lengths)
        taken = np.clip(self._capacity - of_day, 0, weights)
        return float((taken * self._bad_by_day).sum() / (self._capacity * len(self._first_of_day)))


def samples(traffic: Traffic) -> Iterator[Numbers]:
    """How often each event is in each of the samples."""
    chance = np.random.default_rng(SEED)
    _, account = np.unique(traffic.accounts, return_inverse=True)
    many = int(account.max()) + 1
    for _ in range(SAMPLES):
        yield np.bincount(chance.integers(0, many, many), minlength=many)[account].astype(np.float64)


def measure(traffic: Traffic, scores: Numbers, capacity: int) -> Measured:
    """One model's figures."""
    judge = Judge(traffic, scores, capacity)
    return _measured(judge.figures(np.ones(len(scores))), [judge.figures(one) for one in samples(traffic)])


def compare(traffic: Traffic, champion: Numbers, challenger: Numbers, capacity: int) -> Comparison:
    """Two models on the same events."""
    judges = [Judge(traffic, scores, capacity) for scores in (champion, challenger)]
    first, second = (judge.figures(np.ones(len(champion))) for judge in judges)
    sampled = [[judge.figures(one) for judge in judges] for one in samples(traffic)]
    return Comparison(
        events=len(champion),
        frauds=int((traffic.labels == 1).sum()),
        accounts=len(np.unique(traffic.accounts)),
        days=len(np.unique(traffic.days)),
        capacity=capacity,
        champion=_measured(first, [one for one, _ in sampled]),
        challenger=_measured(second, [other for _, other in sampled]),
        difference=_measured(second.minus(first), [other.minus(one) for one, other in sampled]),
        both=_both(traffic, champion, challenger, capacity),
        rank_correlation=_rank_correlation(champion, challenger),
    )


def _measured(whole: Figures, sampled: list[Figures]) -> Measured:
    return Measured(
        *(
            [round(getattr(whole, name), 6), *interval([getattr(one, name) for one in sampled])]
            for name in ("auc_roc", "average_precision", "precision")
        )
    )


def interval(values: list[float]) -> tuple[float, float]:
    """The middle 95 % of figures of samples; NaN when there is none."""
    known = [value for value in values if value == value]
    low, high = np.quantile(known, [0.025, 0.975]) if known else (np.nan, np.nan)
    return round(float(low), 6), round(float(high), 6)


def _both(traffic: Traffic, champion: Numbers, challenger: Numbers, capacity: int) -> float:
    """Of the events a day that can be looked at, the share that both would choose."""
    together = chosen = 0
    for day in np.unique(traffic.days):
        of_day = np.flatnonzero(traffic.days == day)
        ours, theirs = (
            set(of_day[np.argsort(-scores[of_day], kind="stable")[:capacity]].tolist())
            for scores in (champion, challenger)
        )
        together += len(ours & theirs)
        chosen += len(ours)
    return round(together / chosen, 6)


def _rank_correlation(a: Numbers, b: Numbers) -> float:
    """Spearman's, with mean ranks for ties; 0 where one of them says the same of all."""
    ranks = [_ranks(one) for one in (a, b)]
    if any(rank.std() == 0 for rank in ranks):
        return 0.0
    return round(float(np.corrcoef(ranks[0], ranks[1])[0, 1]), 6)


def _ranks(values: Numbers) -> Numbers:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean = np.cumsum(counts) - (counts - 1) / 2
    return np.asarray(mean[place], np.float64)


def brier(labels: Labels, scores: Numbers) -> float:
    """The mean squared distance of a probability from what happened (Brier, 1950)."""
    return float(np.mean((scores - labels) ** 2))


def reliability(labels: Labels, scores: Numbers) -> list[list[float]]:
    """Tenths of the events by score: how many, their mean score, the share that was fraud."""
    order = np.argsort(scores, kind="stable")
    return [
        [float(len(part)), round(float(scores[part].mean()), 6), round(float(labels[part].mean()), 6)]
        for part in np.array_split(order, 10)
        if len(part)
    ]
