"""Training, calibration, reasons and drift: what the engine runs is what LightGBM grew."""

from __future__ import annotations

import lightgbm
import msgspec
import numpy as np
import pytest

from tocsin.engine.scores import training
from tocsin.engine.scores.drift import EDGES, bins_of, in_words, psi, shares_of
from tocsin.engine.scores.examples import Examples, score_rows
from tocsin.engine.scores.model import Bins, Model, read_model, write_model
from tocsin.engine.scores.reasons import contributions, expected
from tocsin.engine.scores.training import TrainingError, platt, train

BLANK = Model(["payment.authorised"], ["amount_minor", "since", "count"])


def examples(rows: int = 4000) -> Examples:
    """Fraud is likely where the first input is large or the second unknown; the third says nothing."""
    chance = np.random.default_rng(3)
    columns = chance.normal(size=(rows, 3))
    columns[chance.random(rows) < 0.1, 1] = np.nan
    odds = np.where(columns[:, 0] > 1, 0.7, 0.02) + np.where(np.isnan(columns[:, 1]), 0.25, 0.0)
    return Examples(columns, np.arange(rows), (chance.random(rows) < odds).astype(np.int8))


@pytest.fixture(scope="module")
def trained() -> Model:
    return train(BLANK, examples(), until=5000)


def test_the_kernel_adds_up_what_lightgbm_adds_up(trained: Model) -> None:
    known = examples()
    grown = lightgbm.train(
        dict(training._SETTINGS), lightgbm.Dataset(known.columns, known.labels), training.ROUNDS
    )
    unseen = np.vstack([np.random.default_rng(4).normal(size=(600, 3)), np.full((1, 3), np.nan)])
    margins = np.asarray(grown.predict(unseen, raw_score=True))
    expected = 1 / (1 + np.exp(-(trained.slope * margins + trained.offset)))
    assert score_rows(trained, unseen) == pytest.approx(expected, abs=1e-8)


def test_the_same_examples_make_the_same_model_and_a_file_keeps_it_to_the_bit(trained: Model) -> None:
    again = train(BLANK, examples(), until=5000)
    kept = read_model(write_model(trained))
    assert trained.version == again.version == kept.version
    columns = examples().columns
    assert score_rows(kept, columns).tobytes() == score_rows(trained, columns).tobytes()
    assert trained.training is not None
    assert (trained.training.rows, trained.training.until) == (4000, 5000)
    assert trained.training.frauds == int(examples().labels.sum())


def test_labels_that_are_not_known_are_not_learnt_from(trained: Model) -> None:
    known, more = examples(), examples(100)
    both = Examples(
        np.vstack([known.columns, more.columns]),
        np.arange(4100),
        np.concatenate([known.labels, np.full(100, -1, np.int8)]),
    )
    assert train(BLANK, both, until=5000).version == trained.version


def test_probabilities_mean_what_they_say(trained: Model) -> None:
    unseen = examples(8000).chosen(np.arange(8000) >= 4000)
    scores = score_rows(trained, unseen.columns)
    assert abs(scores.mean() - unseen.labels.mean()) < 0.02
    high = scores > 0.5
    assert abs(scores[high].mean() - unseen.labels[high].mean()) < 0.08


def test_platt_finds_the_curve_that_labels_were_drawn_from() -> None:
    chance = np.random.default_rng(5)
    margins = chance.normal(size=200_000)
    labels = chance.random(200_000) < 1 / (1 + np.exp(-(1.5 * margins - 0.5)))
    assert platt(margins, labels) == pytest.approx((1.5, -0.5), abs=0.05)


def test_too_few_frauds_make_no_model() -> None:
    with pytest.raises(TrainingError, match="A model needs at least 50 frauds"):
        train(BLANK, examples(200), until=5000)


def test_reasons_name_what_moved_the_score_as_lightgbm_says_it(trained: Model) -> None:
    known = examples()
    grown = lightgbm.train(
        dict(training._SETTINGS), lightgbm.Dataset(known.columns, known.labels), training.ROUNDS
    )
    rows = np.array([[3.0, 0.0, 0.0], [-1.0, np.nan, 0.0], [0.9, 0.1, 2.0]])
    for row, theirs in zip(rows, np.asarray(grown.predict(rows, pred_contrib=True)), strict=True):
        ours = dict(contributions(trained, row))
        assert [ours[name] for name in BLANK.inputs] == pytest.approx(theirs[:3], abs=1e-9)
        assert expected(trained) == pytest.approx(theirs[3], abs=1e-9)
        margin = expected(trained) + sum(ours.values())
        probability = 1 / (1 + np.exp(-(trained.slope * margin + trained.offset)))
        assert score_rows(trained, row[None, :])[0] == pytest.approx(probability, abs=1e-8)
    assert [contributions(trained, row)[0][0] for row in rows[:2]] == ["amount_minor", "since"]


def test_the_stability_index_by_hand() -> None:
    before = [0.5, 0.5, *[0.0] * 8]
    now = [0.25, 0.75, *[0.0] * 8]
    assert psi(before, now) == pytest.approx(-0.25 * np.log(0.5) + 0.25 * np.log(1.5))
    assert psi(before, before) == 0
    assert [in_words(index) for index in (0.05, 0.1, 0.3)] == ["stable", "shifting", "shifted: train again"]


def test_scores_fall_into_the_bins_of_their_edges() -> None:
    assert shares_of(np.array([0.0, EDGES[0], 0.3, 1.0])) == [0.25, 0.25, *[0.0] * 6, 0.25, 0.25]
    with pytest.raises(ValueError, match="There are no scores"):
        shares_of(np.array([]))


def test_inputs_fall_into_tenths_of_what_is_known_of_them() -> None:
    column = np.array([*range(10), np.nan, np.nan])
    found = bins_of(column)
    assert found.edges == pytest.approx([0.9, 1.8, 2.7, 3.6, 4.5, 5.4, 6.3, 7.2, 8.1])
    assert found.shares == [*[0.083333333] * 10, 0.166666667]
    assert bins_of(np.array([0.0, 0.0, 0.0, np.nan])).edges == [0.0]
    assert bins_of(np.array([0.0, 0.0, 0.0, np.nan])).shares == [0.0, 0.75, 0.25]
    assert bins_of(np.array([np.nan])) == Bins([], [0.0, 1.0])


def test_a_model_remembers_what_it_was_made_of(trained: Model) -> None:
    made = trained.training
    assert made is not None
    assert made.settings["rounds"] == training.ROUNDS
    assert sum(made.gains) == pytest.approx(1, abs=1e-5)
    assert made.gains[0] == max(made.gains)
    assert [sum(one.shares) for one in made.bins] == pytest.approx([1, 1, 1])


def test_a_model_without_trees_scores_nothing() -> None:
    assert np.isnan(score_rows(BLANK, np.zeros((2, 3)))).all()
    assert msgspec.json.decode(write_model(BLANK))["trees"] == []
