"""The handbook's protocol over the public card payments: a model is trained for each test week on what was
known by its first day, and scores every payment of the week.

Inputs are read from the engine that the events run through, at the moment of each payment, before it counts.
A label is an event seven days after its payment, and counts from then on.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from benchmarks.card_handbook import forest_scores, handbook_features
from benchmarks.card_protocol import Ranking, Week, judge, test_rows
from benchmarks.card_scores import DAY_MS, DELAY_DAYS, Payment
from tocsin.engine.events import Event
from tocsin.engine.language.ruleset import load_folder
from tocsin.engine.runtime import history
from tocsin.engine.scores.drift import in_words, psi, shares_of
from tocsin.engine.scores.examples import Examples, reading_engine, score_rows
from tocsin.engine.scores.model import Model
from tocsin.engine.scores.training import train

NAME: Final = "payment_fraud"
WARM_UP_DAYS: Final = 14  # windows that have hardly begun teach nothing
TEST_WEEKS: Final = tuple(dt.date(2018, 7, day) for day in (4, 11, 18, 25))
_CHUNK: Final = 50_000

#: AUC ROC, average precision, card precision@100 of the week from 8 August 2018, as the handbook prints them.
PUBLISHED: Final = {
    "logistic regression, one week": (0.871, 0.606, 0.291),
    "random forest, one week": (0.867, 0.658, 0.287),
    "XGBoost, one week": (0.862, 0.639, 0.273),
    "XGBoost, tuned, four folds": (0.869, 0.687, 0.303),
    "LSTM with attention, tuned": (0.874, 0.667, 0.295),
    "balanced bagging, tuned": (0.879, 0.680, 0.305),
}


@dataclass(frozen=True)
class Rows:
    """Every payment, in order, and what the model is shown of it."""

    examples: Examples
    numbers: np.ndarray
    customers: np.ndarray

    @property
    def days(self) -> np.ndarray:
        return self.examples.times // DAY_MS


@dataclass(frozen=True)
class Scored:
    """A test week: its rows, their scores, the model, and how it did where labels are known, beside the
    handbook's random forest for the same week where somebody asked for it."""

    start: dt.date
    rows: np.ndarray
    scores: np.ndarray
    model: Model
    drift: float
    ranking: Ranking | None
    forest: Ranking | None

    def plain(self) -> dict[str, Any]:
        about = self.model.training
        return {
            "test_week": self.start.isoformat(),
            "payments": len(self.rows),
            "model": self.model.version,
            "training": msgspec.to_builtins(about),
            "psi": round(self.drift, 4),
            "result": self.ranking.plain() if self.ranking else None,
            "random_forest": self.forest.plain() if self.forest else None,
        }


def read_rows(rules_dir: Path, events: Iterable[tuple[Payment, Event]]) -> Rows:
    """Run payments and labels through an engine. Each event comes with the payment it is, or speaks of."""
    rules = load_folder(rules_dir)
    engine, reader = reading_engine(rules, NAME)
    columns: list[np.ndarray] = []
    payments: list[Payment] = []
    for chunk in _chunks(events):
        encoded = history.encode(engine.plan, [event for _, event in chunk])
        history.run(engine, encoded, lambda _start, lanes, _places: columns.append(reader.read(lanes)[1]))
        payments += [payment for payment, event in chunk if event.type == "payment.authorised"]
    times = np.array([payment.ts for payment in payments], np.int64)
    labels = np.array([-1 if p.fraud is None else p.fraud for p in payments], np.int8)
    return Rows(
        Examples(np.concatenate(columns), times, labels),
        np.array([payment.number for payment in payments]),
        np.array([payment.customer for payment in payments]),
    )


def score_week(rules_dir: Path, rows: Rows, start: dt.date, *, forest: bool = False) -> Scored:
    """Train on payments from two weeks after the first to seven days before the test week, whose labels have
    all arrived by its first day; score the week; judge it where its labels are known."""
    first = (start - dt.date(1970, 1, 1)).days
    days = rows.days
    learnt = rows.examples.chosen((days >= days[0] + WARM_UP_DAYS) & (days < first - DELAY_DAYS))
    model = train(load_folder(rules_dir).models[NAME], learnt, first * DAY_MS)
    assert model.training is not None
    chosen = np.flatnonzero((days >= first) & (days < first + 7))
    if not len(chosen):
        raise SystemExit(f"There are no payments in the week from {start}. Nothing was written.")
    scores = score_rows(model, rows.examples.columns[chosen])
    week = Week(days, rows.customers, rows.examples.labels, first)
    tested = test_rows(week)
    known = len(tested) > 0 and bool((rows.examples.labels[tested] >= 0).all())
    ranking = judge(week, tested, scores[np.searchsorted(chosen, tested)]) if known else None
    drift = psi(model.training.shares, shares_of(scores))
    theirs = None
    if forest and known:
        features = handbook_features(model.inputs, rows.examples.columns)
        theirs = judge(week, tested, forest_scores(features, rows.examples.labels, days, first, tested))
    return Scored(start, chosen, scores, model, drift, ranking, theirs)


def write_scores(path: Path, rows: Rows, scored: Scored) -> None:
    """One line a payment of the week."""
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["TRANSACTION_ID", "score"])
        numbers = rows.numbers[scored.rows].tolist()
        out.writerows((n, f"{s:.9f}") for n, s in zip(numbers, scored.scores.tolist(), strict=True))


def lines_of(weeks: list[Scored]) -> list[str]:
    """The weeks, beside the published figures."""
    head = f"  {'':<34}{'AUC ROC':>9}{'avg. precision':>16}{'card precision@100':>20}{'best possible':>15}"
    lines = ["The handbook's protocol, one model a week:", head]
    for week in weeks:
        if week.ranking is None:
            lines.append(f"  test week {week.start}: scored; its labels are not known here")
        else:
            lines.append(_line(f"test week {week.start}", week.ranking))
    lines += _mean("mean", [week.ranking for week in weeks if week.ranking])
    forests = [week for week in weeks if week.forest]
    lines += [_line(f"random forest, {week.start}", week.forest) for week in forests if week.forest]
    lines += _mean("random forest, mean", [week.forest for week in forests if week.forest])
    lines += ["", "Published, test week 2018-08-08, where the best card precision there could be is .397:"]
    lines += [_line(name, Ranking(*figures, None)) for name, figures in PUBLISHED.items()]
    lines.append("")
    for week in weeks:
        about = week.model.training
        assert about is not None
        drift = f"PSI of its scores {week.drift:.3f}, {in_words(week.drift)}"
        lines.append(
            f"  {week.start}: {week.model.version}, {about.rows:,} payments, {about.frauds:,} frauds; {drift}"
        )
    return lines


def _mean(name: str, judged: list[Ranking]) -> list[str]:
    if len(judged) < 2:
        return []
    return [_line(name, Ranking(*(sum(column) / len(judged) for column in zip(*judged, strict=True))))]


def _line(name: str, ranking: Ranking) -> str:
    best = "" if ranking.best is None else f"{ranking.best:.3f}"
    return (
        f"  {name:<34}{ranking.auc_roc:>9.3f}{ranking.average_precision:>16.3f}"
        f"{ranking.card_precision:>20.3f}{best:>15}"
    )


def _chunks(events: Iterable[tuple[Payment, Event]]) -> Iterator[list[tuple[Payment, Event]]]:
    left = iter(events)
    while chunk := list(islice(left, _CHUNK)):
        yield chunk
