"""What models see at work is counted hour by hour, and told as distance from their training."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.engine.scores.test_score_in_rules import RULES, model_text, payment
from tocsin.engine.engine import Engine
from tocsin.engine.language.ruleset import RuleSet, load
from tocsin.engine.scores.drift import psi
from tocsin.engine.scores.model import Bins, Training, read_model, write_model
from tocsin.engine.scores.observed import drift_of, read_watched, write_watched
from tocsin.engine.scores.watching import ModelWatch

HOUR = 3_600_000
ABOUT = Training(
    data="sha256:x", first=0, until=1, rows=4, frauds=1, library="tests", seed=7,
    shares=[0.0] * 8 + [0.5, 0.5], settings={}, gains=[0.5, 0.5],
    bins=[Bins([1.0], [0.5, 0.25, 0.25]), Bins([8000.0, 9000.0], [0.25, 0.25, 0.5, 0.0])],
)  # fmt: skip


def rules(**changes: object) -> RuleSet:
    model = msgspec.structs.replace(read_model(model_text(**changes)), training=ABOUT)
    return load({"a.rules": RULES, "danger.model.json": write_model(model)})


def watched(made: RuleSet) -> tuple[Engine, ModelWatch]:
    engine = Engine(made)
    watch = ModelWatch(engine)
    engine.after_batch = watch.look
    return engine, watch


def test_inputs_and_scores_fall_into_the_bins_of_the_training() -> None:
    engine, watch = watched(rules())
    engine.decide([payment(n, amount) for n, amount in enumerate((7999, 8000, 9000, 9001))], 0)
    engine.decide([payment(9, 7999, "payment.declined"), payment(3, 9001)], 0)  # not scored; seen before
    [hour] = watch.watched()["danger"].hours.values()
    # amount over what was paid before: nothing, then 8000/7999, 9000/15999, 9001/24999
    assert hour.counts[0] == [2, 1, 1]
    assert hour.counts[1] == [1, 1, 2, 0]
    assert sum(hour.counts[2]) == 4
    drift = drift_of(engine.rules.models["danger"], watch.watched()["danger"])
    assert drift.events == 4
    assert drift.inputs["amount_minor / paid"] == 0
    assert drift.inputs["amount_minor"] == 0
    shares = np.array(hour.counts[2][:-1]) / 4
    assert drift.score == pytest.approx(psi(ABOUT.shares, shares.tolist()))


def test_events_that_no_rule_asks_the_score_of_are_not_counted() -> None:
    model = msgspec.structs.replace(
        read_model(model_text(on=["payment.authorised", "payment.declined"])), training=ABOUT
    )
    engine, watch = watched(load({"a.rules": RULES, "danger.model.json": write_model(model)}))
    engine.decide([payment(0, 7999), payment(1, 8000, "payment.declined"), payment(2, 9000)], 0)
    [hour] = watch.watched()["danger"].hours.values()
    assert hour.counts[:2] == [[0, 1, 1], [1, 0, 1, 0]]  # 9000 of 7999 paid before; nothing before
    assert hour.counts[2][-1] == 0


def test_of_two_scores_of_a_model_each_is_counted_where_it_is_asked() -> None:
    more = RULES.replace('danger = score("danger")', 'spare = score("danger")\ndanger = score("danger")')
    model = msgspec.structs.replace(read_model(model_text()), training=ABOUT)
    engine, watch = watched(load({"a.rules": more, "danger.model.json": write_model(model)}))
    engine.decide([payment(0, 8000)], 0)
    [hour] = watch.watched()["danger"].hours.values()
    assert (sum(hour.counts[2]), hour.counts[2][-1]) == (1, 0)


def test_an_hour_of_the_day_before_is_forgotten() -> None:
    engine, watch = watched(rules())
    engine.decide([payment(0, 100)], 0)
    engine.decide([payment(23 * 60, 100)], 0)
    assert len(watch.watched()["danger"].hours) == 2
    engine.decide([payment(24 * 60, 100)], 0)
    assert len(watch.watched()["danger"].hours) == 2
    assert drift_of(engine.rules.models["danger"], watch.watched()["danger"]).events == 2


def test_counting_goes_on_after_a_restart_and_begins_anew_for_another_version(tmp_path: Path) -> None:
    engine, watch = watched(rules())
    engine.decide([payment(0, 100), payment(1, 9500)], 0)
    write_watched(tmp_path / "models.json", watch.watched())
    kept = read_watched(tmp_path / "models.json")
    assert kept == watch.watched()
    again = ModelWatch(engine, kept)
    engine.after_batch = again.look
    engine.decide([payment(2, 100)], 0)
    assert drift_of(engine.rules.models["danger"], again.watched()["danger"]).events == 3
    other = rules(offset=0.0)
    engine.switch(other)
    engine.decide([payment(3, 100)], 0)
    assert drift_of(engine.rules.models["danger"], again.watched()["danger"]).events == 0
    assert ModelWatch(engine, kept).watched()["danger"].hours == {}


def test_nothing_is_known_without_a_file_or_with_one_that_is_damaged(tmp_path: Path) -> None:
    assert read_watched(tmp_path / "models.json") == {}
    (tmp_path / "models.json").write_text('{"danger": 1}')
    assert read_watched(tmp_path / "models.json") == {}
    assert drift_of(rules().models["danger"], None).score is None


def test_a_model_that_is_not_trained_is_not_watched() -> None:
    engine = Engine(load({"a.rules": RULES, "danger.model.json": model_text()}))
    watch = ModelWatch(engine)
    engine.after_batch = watch.look
    engine.decide([payment(0, 100)], 0)
    assert watch.watched() == {}
