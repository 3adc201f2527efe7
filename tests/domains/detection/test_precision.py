"""The order of the alert queue, and how right its top was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from tests.domains.actors import staff
from tocsin.core.errors import AccessDenied
from tocsin.domains.detection import precision, queries
from tocsin.domains.detection.harm import Harm, harms
from tocsin.domains.detection.models import Alert, RuleRecord, TopOfDay

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 5, 4, 16, tzinfo=dt.UTC)  # noon in New York, where the tests' marketplace is
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOON, tick=False) as moving:
        yield moving


def alert(name: str, minor: int = 0, at: dt.datetime = NOON, **more: Any) -> Alert:
    held = {
        "subject_kind": "customer", "subject_id": name, "rule": "r", "code": "V3", "severity": "S3",
        "verdict": "review", "value_minor": minor, "currency": "USD", "first_seq": 1, "last_seq": 1,
        "rules_version": "r-1", "opened_at": at, "last_at": at,
    }  # fmt: skip
    return Alert.objects.create(id=name, **held | more)


def settled(name: str, state: str, *, rule: str = "r", at: dt.datetime = NOON - DAY, **more: Any) -> Alert:
    return alert(name, rule=rule, state=state, at=at, dispositioned_at=at, **more)


def order() -> list[str]:
    return [one.pk for one in queries.alerts(staff("investigator"))[0]]


def test_money_counts_times_the_chance_that_the_rule_is_right() -> None:
    for n in range(6):
        settled(f"good-{n}", "confirmed", rule="good")
        settled(f"bad-{n}", "cleared", rule="bad")
    alert("large and doubtful", 20_000, rule="bad")
    alert("small and sure", 9_000, rule="good")
    precision.keep_up()
    # all rules together came to 6 of 12, and count as much as four alerts
    good, bad = (6 + 2) / (6 + 4), (0 + 2) / (6 + 4)
    assert harms(Alert.objects.filter(state="open")) == {
        "large and doubtful": Harm(4_000, bad, 0, 6),
        "small and sure": Harm(7_200, good, 6, 6),
    }
    assert order() == ["small and sure", "large and doubtful"]


def test_danger_to_people_stands_before_any_money() -> None:
    alert("rich", 10_000_000)
    alert("hurt", severity="S1", rule="threat")
    alert("dying", severity="S0", rule="threat")
    alert("moneyless", severity="S2", rule="other")
    assert order() == ["dying", "hurt", "rich", "moneyless"]


def test_without_a_record_the_chance_is_one_half_and_money_may_be_unknown() -> None:
    alert("new", 501)
    alert("unpriced")
    assert harms(Alert.objects.all()) == {"new": Harm(250, 0.5, 0, 0), "unpriced": Harm(None, 0.5, 0, 0)}


def test_what_is_said_today_changes_the_order_of_tomorrow(clock: time_machine.Coordinates) -> None:
    alert("open", 1_000)
    settled("early", "cleared", at=NOON - dt.timedelta(hours=1))  # no worker has run today yet
    precision.keep_up()
    settled("now", "confirmed", at=NOON)
    precision.keep_up()
    assert harms([Alert.objects.get(pk="open")])["open"].settled == 0
    clock.shift(DAY)
    precision.keep_up()
    assert harms([Alert.objects.get(pk="open")])["open"].settled == 2
    clock.shift(91 * DAY)
    precision.keep_up()
    assert [(row.rule, row.confirmed) for row in RuleRecord.objects.all()] == [("*", 0)]


def test_a_day_is_counted_while_it_lasts_and_its_top_is_fixed_when_it_is_over(
    settings: Any, clock: time_machine.Coordinates
) -> None:
    settings.TOCSIN_REVIEW_CAPACITY = 2
    for name, minor in (("a", 500), ("b", 400), ("c", 300)):
        alert(name, minor)
    precision.keep_up()
    Alert.objects.filter(pk="a").update(state="confirmed", dispositioned_at=NOON)
    Alert.objects.filter(pk="c").update(state="confirmed", dispositioned_at=NOON)
    assert precision.keep_up() == 0
    (today,) = precision.days(staff("investigator"))
    assert (today.raised, today.k, today.top, today.confirmed, today.cleared) == (3, 2, 2, 1, 0)
    assert (today.at_k, today.of_judged, today.then, today.over) == (0.5, 1.0, None, False)
    clock.shift(DAY)
    assert precision.keep_up() == 1
    Alert.objects.filter(pk="c").update(value_minor=900)
    Alert.objects.filter(pk="b").update(state="cleared", dispositioned_at=NOON + DAY)
    assert precision.keep_up() == 0
    (day,) = precision.days(staff("investigator"))
    assert TopOfDay.objects.get().top == ["a", "b"]
    assert (day.confirmed, day.cleared, day.of_judged, day.over) == (1, 1, 0.5, True)
    assert day.interval == pytest.approx((0.0945, 0.9055), abs=1e-4)
    row = TopOfDay.objects.get()
    assert (row.confirmed_then, row.cleared_then) == (1, 0)


@pytest.mark.parametrize("worked", [True, False])
def test_the_top_of_a_day_is_chosen_without_its_labels(
    settings: Any, clock: time_machine.Coordinates, worked: bool
) -> None:
    settings.TOCSIN_REVIEW_CAPACITY = 1
    alert("doubtful", 1_000, rule="bad")
    alert("likely", 900, rule="good")
    if worked:
        precision.keep_up()
    for n in range(6):
        settled(f"good-{n}", "confirmed", rule="good", at=NOON)
        settled(f"bad-{n}", "cleared", rule="bad", at=NOON)
    clock.shift(DAY)
    assert precision.keep_up() == 1
    assert TopOfDay.objects.get(day=NOON.date()).top == ["doubtful"]
    alert("tomorrow's doubtful", 1_000, rule="bad", at=NOON + DAY)
    alert("tomorrow's likely", 900, rule="good", at=NOON + DAY)
    precision.keep_up()
    assert TopOfDay.objects.get(day=(NOON + DAY).date()).top == ["tomorrow's likely"]


def test_days_are_those_of_the_main_place_and_none_is_left_out(clock: time_machine.Coordinates) -> None:
    late = dt.datetime(2026, 5, 4, 3, 59, tzinfo=dt.UTC)  # 23:59 of the third in New York
    alert("late", 100, at=late)
    alert("later", 100, at=late + dt.timedelta(minutes=1))
    clock.shift(5 * DAY)
    assert precision.keep_up() == 2
    assert [str(day.day) for day in precision.days(staff("investigator"))] == ["2026-05-04", "2026-05-03"]


def test_after_thirty_days_a_day_stays_as_it_is(clock: time_machine.Coordinates) -> None:
    alert("a", 100)
    clock.shift(DAY)
    precision.keep_up()
    clock.shift(30 * DAY)
    Alert.objects.update(state="confirmed", dispositioned_at=NOON + 31 * DAY)
    precision.keep_up()
    assert TopOfDay.objects.get().confirmed == 0


def test_who_may_not_see_alerts_sees_no_figures() -> None:
    with pytest.raises(AccessDenied):
        precision.days(staff("trainer"))
