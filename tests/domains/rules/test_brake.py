"""The brake pauses a rule that does something else than its backtest said, or too much."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db.models import Max

from tests.domains.matter import settle, somebody
from tests.domains.rules.drafts import NAME, backtested, engineer, met_traffic
from tests.domains.rules.test_on_paper import everything
from tocsin.core.audit.models import AuditEntry
from tocsin.core.errors import InvalidInput
from tocsin.core.outbox.models import OutboxMessage
from tocsin.core.outbox.parcels import prepare
from tocsin.domains.detection.models import Event, RuleHits
from tocsin.domains.detection.records import Record
from tocsin.domains.detection.store import write_events, write_verdicts
from tocsin.domains.rules import promoting
from tocsin.domains.rules.brake import brake, out_of_band
from tocsin.domains.rules.models import DetectionRule, RuleReport, RuleStep
from tocsin.domains.staff.models import Staff

NOON = dt.datetime(2026, 11, 25, 12, 10, tzinfo=dt.UTC)
HOUR = NOON.replace(minute=0)
WHY = "It does what its backtest said."


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> None:
    settings.TOCSIN_HOME = str(tmp_path)


@pytest.fixture
def running(author: Staff, second: Staff) -> DetectionRule:
    """A rule in shadow from ten past twelve on, that its backtest says fires on one event in a hundred."""
    backtested(author)
    met_traffic()
    report = RuleReport.objects.get(kind="backtest")
    RuleReport.objects.update(figures={**report.figures, "rate": 0.01})
    with time_machine.travel(NOON, tick=False):
        return promoting.promote(engineer(author), NAME, to="shadow", reason=WHY)


def go(second: Staff, to: str, **more: int) -> None:
    promoting.promote(engineer(second), NAME, to=to, reason=WHY, early=True, **more)  # type: ignore[arg-type]


def hour(events: int, *, fired: int = 0, watched: int = 0, at: dt.datetime = HOUR) -> None:
    """What was counted in an hour until now."""
    RuleHits.objects.update_or_create(rule="*", hour=at, defaults={"fired": events})
    RuleHits.objects.update_or_create(rule=NAME, hour=at, defaults={"fired": fired, "watched": watched})


def met(rule: str, people: int, *, times: int = 1, at: dt.datetime = NOON) -> None:
    """So many customers met a rule that acts, each so many times."""
    first = (Event.objects.aggregate(last=Max("seq"))["last"] or 0) + 1
    records = [
        Record(
            seq=first + n, event_id=f"e{first + n}", type="payment.declined", ts=at, received_at=at,
            region="", entities={"customer": f"c{first + n % people}"}, fields={}, verdict="review",
            reasons=({"rule": rule, "text": "", "values": {}},),
        )
        for n in range(people * times)
    ]  # fmt: skip
    write_events(records)
    write_verdicts(records)


def letters() -> dict[str, str]:
    """The e-mails about the brake, by address."""
    settle()
    parcels = map(prepare, OutboxMessage.objects.filter(kind="email", topic="rule.brake"))
    return {parcel.to: parcel.body["text"] for parcel in parcels}


def braked() -> RuleStep:
    """The step of the brake."""
    return RuleStep.objects.get(to_state="paused")


def state(name: str = NAME) -> str:
    return DetectionRule.objects.get(pk=name).state


@pytest.mark.parametrize(
    ("hits", "expected", "why"),
    [
        (0, 0.0, ""), (4, 0.0, ""), (5, 0.0, "at most 4.0"), (3, 0.5, ""), (30, 10.0, ""),
        (31, 10.0, "forecast 10.0, at most 30.0"), (0, 19.9, ""), (6, 20.0, "at least 6.7"), (7, 20.0, ""),
        (300, 100.0, ""), (301, 100.0, "at most 300.0"),
    ],
)  # fmt: skip
def test_the_band(hits: int, expected: float, why: str) -> None:
    said = out_of_band(hits, expected)
    assert why in said
    assert bool(said) is bool(why)


@pytest.mark.django_db
@time_machine.travel(NOON + dt.timedelta(minutes=20), tick=False)
def test_a_rule_in_its_band_goes_on(running: DetectionRule) -> None:
    hour(1000, watched=30)
    before = everything()
    assert brake() == 0
    assert everything() == before


@pytest.mark.django_db
@time_machine.travel(NOON + dt.timedelta(minutes=20), tick=False)
@pytest.mark.parametrize(("events", "watched"), [(1000, 31), (3000, 9)])
def test_a_rule_in_shadow_that_leaves_its_band_is_paused(
    running: DetectionRule, events: int, watched: int
) -> None:
    hour(events, watched=watched, fired=10_000)
    assert brake() == 1
    rule = DetectionRule.objects.get()
    assert (rule.state, rule.paused_from) == ("paused", "shadow")
    assert braked().by == "system:rules brake"
    assert (braked().reason or "").startswith(
        f"The brake: {watched} hits in this hour; its backtest forecast"
    )
    assert brake() == 0


@pytest.mark.django_db
@time_machine.travel(NOON + dt.timedelta(minutes=20), tick=False)
def test_a_canary_is_held_to_its_share_and_to_what_came_since(running: DetectionRule, second: Staff) -> None:
    hour(1000, watched=10, fired=7)
    go(second, "canary", share=1000)
    met(NAME, 38, at=NOON + dt.timedelta(minutes=20))
    hour(11_000, watched=10, fired=37)
    assert brake() == 0
    hour(11_000, watched=10, fired=38)
    assert brake() == 1
    promoting.resume(engineer(second), NAME, reason=WHY)
    assert (brake(), state()) == (0, "canary")


@pytest.mark.django_db
@time_machine.travel(NOON + dt.timedelta(minutes=20), tick=False)
def test_a_rule_that_reaches_its_cap_is_paused(running: DetectionRule, second: Staff) -> None:
    go(second, "canary")
    go(second, "active", hourly_cap=50)
    hour(5000, fired=49)
    assert brake() == 0
    hour(5000, fired=50)
    assert brake() == 1
    assert braked().reason == "The brake: 50 hits in this hour; its cap is 50."


@pytest.mark.django_db
def test_every_hour_begins_anew(running: DetectionRule, second: Staff) -> None:
    with time_machine.travel(NOON, tick=False):
        go(second, "canary")
        go(second, "active", hourly_cap=50)
        hour(5000, fired=49)
    later = HOUR + dt.timedelta(hours=1)
    with time_machine.travel(later + dt.timedelta(minutes=1), tick=False):
        hour(100, fired=2, at=later)
        assert (brake(), state()) == (0, "active")


@pytest.mark.django_db
def test_a_cap_that_cannot_be_is_refused(running: DetectionRule, second: Staff) -> None:
    before = everything()
    for cap in (0, -1, 1_000_001):
        with pytest.raises(InvalidInput) as refused:
            go(second, "canary", hourly_cap=cap)
        assert set(refused.value.fields) == {"cap"}
    assert everything() == before


def packaged_hours(*fired: int, days: int = 8) -> None:
    """What card_testing did in hours before this one, in an installation of so many days."""
    RuleHits.objects.create(rule="*", hour=HOUR - dt.timedelta(days=days), fired=1000)
    for number, hits in enumerate(fired, 1):
        RuleHits.objects.create(rule="card_testing", hour=HOUR - dt.timedelta(hours=number), fired=hits)


def now_it_fires(hits: int, *, people: int = 0) -> None:
    """So often in this hour, on so many more people."""
    RuleHits.objects.update_or_create(rule="card_testing", hour=HOUR, defaults={"fired": hits})
    met("card_testing", people)


@pytest.mark.django_db
@time_machine.travel(NOON, tick=False)
def test_a_packaged_rule_is_held_to_its_busiest_hour() -> None:
    packaged_hours(0, 12, 9)
    now_it_fires(36, people=36)
    assert (brake(), DetectionRule.objects.count()) == (0, 0)
    now_it_fires(37, people=1)
    assert brake() == 1
    assert (DetectionRule.objects.get().name, state("card_testing")) == ("card_testing", "paused")
    assert braked().reason == (
        "The brake: 37 hits in this hour; its busiest hour of four weeks had 12.0, at most 36.0."
    )
    assert brake() == 0


@pytest.mark.django_db
@time_machine.travel(NOON, tick=False)
def test_one_person_cannot_have_a_rule_paused() -> None:
    packaged_hours(12, 9)
    now_it_fires(500)
    met("card_testing", 1, times=500)
    assert (brake(), DetectionRule.objects.count(), letters()) == (0, 0, {})


@pytest.mark.django_db
@time_machine.travel(NOON, tick=False)
def test_whoever_answers_for_a_rule_hears_that_it_was_paused(second: Staff) -> None:
    leader = somebody("supervisor")
    somebody("investigator")
    packaged_hours(12, 9)
    now_it_fires(37, people=37)
    assert brake() == 1
    told = letters()
    assert set(told) == {second.email, leader.email}
    assert all("/console/rules/card_testing/" in text for text in told.values())


@pytest.mark.django_db
@time_machine.travel(NOON, tick=False)
def test_a_rule_that_keeps_people_safe_goes_on_and_people_hear_of_it_once_an_hour(second: Staff) -> None:
    packaged_hours(12, 9)
    RuleHits.objects.filter(rule="card_testing").update(rule="threat_in_message")
    RuleHits.objects.create(rule="threat_in_message", hour=HOUR, fired=37)
    met("threat_in_message", 37)
    assert (brake(), brake(), DetectionRule.objects.count()) == (0, 0, 0)
    assert ["37 hits in this hour" in text for text in letters().values()] == [True]
    entry = AuditEntry.objects.get(verb="rule.alarm")
    assert (entry.object_id, letters().keys()) == ("threat_in_message", {second.email})


@pytest.mark.django_db
@time_machine.travel(NOON, tick=False)
def test_a_packaged_rule_that_was_let_go_on_counts_from_then(second: Staff) -> None:
    packaged_hours(12, 9)
    now_it_fires(37, people=37)
    assert brake() == 1
    promoting.resume(engineer(second), "card_testing", reason=WHY)
    assert (brake(), state("card_testing")) == (0, "active")
    now_it_fires(37 + 37, people=37)
    assert brake() == 1


@pytest.mark.django_db
@time_machine.travel(NOON, tick=False)
@pytest.mark.parametrize(("fired", "days"), [((12, 7), 8), ((12, 9), 6), ((), 8)])
def test_what_is_usual_has_to_be_known_first(fired: tuple[int, ...], days: int) -> None:
    packaged_hours(*fired, days=days)
    now_it_fires(500, people=500)
    assert (brake(), DetectionRule.objects.count()) == (0, 0)
