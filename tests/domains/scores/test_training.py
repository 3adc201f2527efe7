"""Training and comparing on an installation's own past."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest

from tests.domains.scores.marketplace import (
    NOW,
    PAYMENTS,
    QUIET,
    RULES,
    SOURCES,
    START,
    Marketplace,
    label,
    model_text,
    time_of,
)
from tocsin.core.errors import Conflict, InvalidInput
from tocsin.domains.detection.models import Event, KeptExplanation, Label
from tocsin.domains.scores.past import read_past
from tocsin.domains.scores.training import Trained, compare_on_past, train_from_past
from tocsin.engine.language.ruleset import load
from tocsin.engine.scores.model import Training, write_model

pytestmark = pytest.mark.django_db
TEST_DAYS = 15
CUT = NOW - QUIET - dt.timedelta(days=TEST_DAYS)


def trained(name: str = "danger", now: dt.datetime = NOW) -> Trained:
    return train_from_past(RULES, name, now=now, test_days=TEST_DAYS, capacity=20)


def about(made: Trained) -> Training:
    assert made.model.training is not None
    return made.model.training


def ms(moment: dt.datetime) -> int:
    return round(moment.timestamp() * 1000)


def test_a_replay_of_what_was_shipped_sees_what_the_engine_saw(marketplace: Marketplace) -> None:
    found = read_past(RULES, ["danger", "guess"])
    danger, guess = found["danger"], found["guess"]
    assert danger.columns.shape == (PAYMENTS, 4)
    kept = KeptExplanation.objects.count()
    assert kept > 100
    assert (danger.compared, danger.differing) == (2 * kept, 0)
    assert danger.times.tolist() == [ms(time_of(number)) for number in range(PAYMENTS)]
    assert np.array_equal(danger.columns[:, [1, 3]], guess.columns)
    first = {one["customer"]: n for n, one in reversed(list(enumerate(danger.entities)))}
    assert {danger.columns[n, 1] for n in first.values()} == {0.0}
    assert danger.columns[:, 3].tolist() == [float(n // 4 % 24) for n in range(PAYMENTS)]


def test_values_that_were_kept_and_do_not_agree_are_counted(marketplace: Marketplace) -> None:
    one = KeptExplanation.objects.earliest("seq")
    one.explanation["features"]["paid_24h"] += 1
    one.save()
    assert read_past(RULES, ["danger"])["danger"].differing == 1


def test_without_the_beginning_of_the_log_it_counts_only_when_windows_are_full(
    marketplace: Marketplace,
) -> None:
    Event.objects.filter(seq__lt=102).delete()
    found = read_past(RULES, ["danger"])["danger"]
    left = PAYMENTS - 100
    assert (found.events, len(found.times), found.differing) == (left, left - 7 * 24 * 4, 0)


def test_a_model_is_trained_on_what_is_known_and_a_twin_is_judged_on_what_came_later(
    marketplace: Marketplace,
) -> None:
    made = trained()
    old = [f"order-{n}" for n in range(PAYMENTS) if time_of(n) < NOW - QUIET]
    frauds = marketplace.frauds.keys()
    assert (about(made).rows, about(made).frauds) == (len(old), len(frauds & set(old)))
    assert (about(made).assumed, about(made).until) == (len(set(old) - frauds), ms(NOW))
    judged = about(made).judged
    assert judged is not None
    later = [f"order-{n}" for n in range(PAYMENTS) if CUT <= time_of(n) < NOW - QUIET]
    assert (judged.rows, judged.frauds) == (len(later), len(frauds & set(later)))
    assert (judged.learnt_until, judged.first, judged.until) == (ms(CUT), ms(CUT), ms(NOW))
    assert made.model.inputs[int(np.argmax(about(made).gains))] == "amount_minor"
    value, low, high = judged.figures.auc_roc
    assert 0.8 < low < value < high < 1
    assert trained().model.version == made.model.version


def test_a_label_that_arrives_after_the_cut_judges_and_does_not_teach_the_twin(
    marketplace: Marketplace,
) -> None:
    before = about(trained())
    orders = [f"order-{n}" for n in range(PAYMENTS) if f"order-{n}" not in marketplace.frauds]
    old, late = (next(o for o in orders if time_of(int(o[6:])) >= day) for day in (START, CUT))
    Label.objects.bulk_create([label(order, NOW - dt.timedelta(days=1)) for order in (old, late)])
    after = about(trained())
    assert before.judged is not None
    assert after.judged is not None
    assert (after.frauds, after.assumed) == (before.frauds + 2, before.assumed - 2)
    assert after.judged.frauds == before.judged.frauds + 1
    assert Label.objects.filter(at__gte=CUT, object_id=late).update(revoked_at=NOW - dt.timedelta(hours=1))
    assert about(trained()).judged == before.judged


def test_too_few_labels_are_said_with_their_number(marketplace: Marketplace) -> None:
    moment = START + dt.timedelta(days=12)
    with pytest.raises(Conflict) as refused:
        trained(now=moment)
    old = [n for n in range(PAYMENTS) if time_of(n) < moment - QUIET]
    frauds = sum(f"order-{n}" in marketplace.frauds for n in old)
    assert f"There are {frauds} known frauds among {len(old)} events with labels" in refused.value.what
    assert f"Of 4,800 events that it scores, {frauds} were known to be fraud" in refused.value.what


def test_where_too_little_was_known_earlier_there_is_no_twin(marketplace: Marketplace) -> None:
    made = train_from_past(RULES, "danger", now=NOW, test_days=38)
    assert about(made).judged is None
    few = train_from_past(RULES, "danger", now=START + dt.timedelta(days=25), test_days=15)
    assert (about(few).judged, about(few).rows) == (None, 15 * 96)


@pytest.mark.parametrize(
    ("name", "labels", "said"),
    [
        ("nothing", {}, 'There is no model "nothing" beside the rules. There are: danger, guess.'),
        ("danger", None, "danger.model.json does not say what it learns from."),
    ],
)
def test_a_model_that_cannot_be_trained_is_refused(name: str, labels: object, said: str) -> None:
    without = {"danger.model.json": model_text(["hour"], labels=None)}
    rules = RULES if labels is not None else load(SOURCES | without)
    with pytest.raises((InvalidInput, Conflict)) as refused:
        train_from_past(rules, name, now=NOW)
    assert refused.value.what == said


def test_champion_and_challenger_are_judged_on_the_same_events(marketplace: Marketplace) -> None:
    made = {f"{name}.model.json": write_model(trained(name, CUT).model) for name in ("danger", "guess")}
    rules = load(SOURCES | made)
    found = compare_on_past(rules, "danger", "guess", now=NOW, capacity=20)
    same = compare_on_past(rules, "danger", "danger", now=NOW, capacity=20)
    later = [f"order-{n}" for n in range(PAYMENTS) if CUT <= time_of(n) < NOW - QUIET]
    assert (found.events, found.frauds) == (len(later), len(marketplace.frauds.keys() & set(later)))
    assert (found.days, found.accounts) == (TEST_DAYS, 60)
    assert found.champion == same.champion
    assert found.proven == "champion"
    assert found.difference.average_precision[2] < 0
    assert (same.both, same.rank_correlation, same.proven) == (1.0, 1.0, "")
    assert same.difference.auc_roc == [0.0, 0.0, 0.0]
    assert 0 <= found.both < 0.5
    assert not math.isnan(found.rank_correlation)


def test_too_few_events_after_both_were_trained_say_nothing(marketplace: Marketplace) -> None:
    rules = load(SOURCES | {"danger.model.json": write_model(trained().model)})
    with pytest.raises(Conflict) as refused:
        compare_on_past(rules, "danger", "danger", now=NOW)
    assert refused.value.what.startswith("Of the events after both were trained, 0 are known to be fraud")
    with pytest.raises(InvalidInput, match="guess is not trained yet"):
        compare_on_past(rules, "danger", "guess", now=NOW)


def test_nothing_was_shipped_yet() -> None:
    with pytest.raises(Conflict, match="There are 0 known frauds among 0 events"):
        trained()
