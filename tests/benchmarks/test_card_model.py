"""The model of the card-payment benchmark: judged as the handbook judges, shown nothing before its time."""

from __future__ import annotations

import csv
import datetime as dt
import random
from pathlib import Path

import msgspec
import numpy as np
import pytest

from benchmarks.card_handbook import handbook_features
from benchmarks.card_model import Rows, lines_of, read_rows, score_week, write_scores
from benchmarks.card_payments import as_event, in_order
from benchmarks.card_protocol import Week, auc_roc, average_precision, card_precision, test_rows
from benchmarks.card_scores import DAY_MS, Payment
from tocsin.engine.events import Event
from tocsin.engine.language.ruleset import load_folder

test_rows.__test__ = False  # type: ignore[attr-defined]  # a function of the protocol, no test

RULES = Path(__file__).resolve().parents[2] / "benchmarks" / "rules"
FIRST = dt.date(2018, 4, 1)
START_MS = int(dt.datetime(2018, 4, 1, tzinfo=dt.UTC).timestamp() * 1000)
TEST_WEEK = FIRST + dt.timedelta(56)


def invented(known_days: int = 63) -> list[Payment]:
    """Nine weeks, 200 payments a day. Terminals 0 to 4 take turns in being bad, two weeks each. Labels of the
    first ``known_days`` are known."""
    chance = random.Random(1)
    made = []
    for number in range(63 * 200):
        day, terminal = number // 200, chance.randrange(60)
        bad = terminal == day // 14 or chance.random() < 0.02
        amount = chance.randrange(1000, 9000) * (5 if bad and terminal >= 5 else 1)
        ts = START_MS + day * DAY_MS + number % 200 * 400_000
        fraud = int(bad) if day < known_days else None
        made.append(Payment(number, ts, chance.randrange(80), terminal, amount, fraud))
    return made


def rows_of(payments: list[Payment]) -> Rows:
    events = in_order(iter(payments), genuine=True)
    return read_rows(RULES, ((p, msgspec.convert(as_event(p, known=k), Event)) for p, k in events))


@pytest.fixture(scope="module")
def known_to_the_end() -> Rows:
    return rows_of(invented())


def test_it_finds_bad_terminals_and_stolen_cards_and_writes_every_score(
    known_to_the_end: Rows, tmp_path: Path
) -> None:
    scored = score_week(RULES, known_to_the_end, TEST_WEEK)
    assert scored.ranking is not None
    assert scored.ranking.auc_roc > 0.95
    assert scored.ranking.card_precision > 0.9 * (scored.ranking.best or 0)
    assert scored.model.training is not None
    # days 14 to 48: two weeks of warm-up, and labels that have arrived when the week of day 56 begins
    assert scored.model.training.rows == 35 * 200
    write_scores(tmp_path / "scores.csv", known_to_the_end, scored)
    with (tmp_path / "scores.csv").open() as file:
        written = list(csv.DictReader(file))
    assert [int(row["TRANSACTION_ID"]) for row in written] == list(range(56 * 200, 63 * 200))
    assert all(0 <= float(row["score"]) <= 1 for row in written)


def test_labels_that_have_not_arrived_change_no_score(known_to_the_end: Rows) -> None:
    with_all = score_week(RULES, known_to_the_end, TEST_WEEK)
    without = score_week(RULES, rows_of(invented(known_days=49)), TEST_WEEK)
    assert without.model.version == with_all.model.version
    # where the labels of the week are not known, it is scored, and not judged
    hidden = score_week(RULES, rows_of(invented(known_days=56)), TEST_WEEK)
    assert hidden.ranking is None
    assert hidden.scores.tolist() == with_all.scores.tolist()


def test_the_figures_of_the_handbook_by_hand() -> None:
    labels, scores = np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.8, 0.1])
    assert auc_roc(labels, scores) == (2 + 1.5) / 4
    assert average_precision(labels, scores) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_customers_known_as_defrauded_are_left_out_and_one_found_is_not_found_again() -> None:
    # customer, day, label: the week of day 14 knows frauds of days 0 to 6, then one more day each day
    table = [(1, 6, 1), (2, 7, 1), (3, 8, 1), (1, 14, 1), (2, 14, 1), (3, 14, 1), (3, 15, 1), (4, 16, 0)]
    customers, days, labels = (np.array(column) for column in zip(*table, strict=True))
    week = Week(days, customers, labels, 14)
    tested = test_rows(week)
    assert [(int(customers[row]), int(days[row])) for row in tested] == [(2, 14), (3, 14), (3, 15), (4, 16)]
    assert card_precision(week, tested, np.ones(4)) == pytest.approx(2 / 100 / 7)


def test_the_forest_of_the_handbook_is_judged_on_the_same_rows(known_to_the_end: Rows) -> None:
    pytest.importorskip("sklearn", reason="only this comparison needs it")
    scored = score_week(RULES, known_to_the_end, TEST_WEEK, forest=True)
    assert scored.ranking is not None
    assert scored.forest is not None
    assert scored.forest.best == scored.ranking.best
    assert 0.5 < scored.forest.auc_roc <= 1
    lines = lines_of([scored])
    assert [line for line in lines if line.startswith(f"  random forest, {TEST_WEEK}")]
    assert score_week(RULES, rows_of(invented(known_days=56)), TEST_WEEK, forest=True).forest is None


def test_the_features_of_the_handbook_are_picked_by_name() -> None:
    inputs = load_folder(RULES).models["payment_fraud"].inputs
    columns = np.arange(2.0 * len(inputs)).reshape(2, -1)
    columns[:, inputs.index("weekday")] = [4, 5]
    columns[:, inputs.index("hour")] = [6, 7]
    columns[0, inputs.index("customer_mean_7d")] = np.nan
    found = handbook_features(inputs, columns)
    assert found.shape == (2, 15)
    assert found[:, 13:].tolist() == [[0, 1], [1, 0]]
    assert found[:, 0].tolist() == columns[:, inputs.index("amount_minor")].tolist()
    assert found[0, 5] == 0
    share = inputs.index("terminal_frauds_known_30d / terminal_labels_30d")
    assert found[:, 12].tolist() == columns[:, share].tolist()
