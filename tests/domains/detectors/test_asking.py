"""Detectors of somebody else's: two people, signed calls after the decision, each event once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.domains import matter
from tests.domains.detection.desk import Desk
from tests.domains.matter import as_
from tests.support.detector import OutsideDetector
from tocsin.core.actor import Actor
from tocsin.core.audit.models import AuditEntry
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput
from tocsin.core.ids import new_id
from tocsin.domains.detection.models import Label
from tocsin.domains.detection.ship import ship_once
from tocsin.domains.detectors import actions, queries
from tocsin.domains.detectors.asking import MAX_TRIES, ask_due
from tocsin.domains.detectors.models import Detector, DetectorCall, DetectorScore

pytestmark = pytest.mark.django_db
NAME = "outside_model"
CLAUSE = "FRD-C.stolen_payment"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "decide")


@pytest.fixture
def outside(settings: Any) -> Iterator[OutsideDetector]:
    settings.TOCSIN_OUTBOUND_ALLOW = ["127.0.0.1"]
    stand_in = OutsideDetector(
        lambda event: 0.9 if event["entities"]["customer"].startswith("thief") else 0.1
    )
    yield stand_in
    stand_in.stop()


@pytest.fixture
def anna() -> Actor:
    return as_(matter.somebody("rules_engineer", "Anna"), "rule_work")


@pytest.fixture
def ben() -> Actor:
    return as_(matter.somebody("supervisor", "Ben"), "rule_work")


def propose(actor: Actor, outside: OutsideDetector, **more: Any) -> Detector:
    told: dict[str, Any] = {"url": outside.url, "about": "customer", "clause": CLAUSE, "threshold": 0.5}
    detector, outside.secret = actions.propose(actor, NAME, **(told | more))
    return detector


def started(anna: Actor, ben: Actor, outside: OutsideDetector, **more: Any) -> Detector:
    propose(anna, outside, **more)
    return actions.start(ben, NAME)


def decide(desk: Desk, *customers: str) -> None:
    for customer in customers:
        desk.tell("account.login", customer=customer, lat=37.8, lon=-122.4)
    while ship_once(desk.read):
        pass


def label(customer: str, name: str) -> None:
    Label.objects.create(
        id=new_id("lbl"), object_kind="customer", object_id=customer, label=name, source="investigator",
        confidence=0.9, at=timezone.now(),
    )  # fmt: skip


def test_whoever_proposed_it_does_not_start_it(anna: Actor, ben: Actor, outside: OutsideDetector) -> None:
    propose(anna, outside)
    entries = AuditEntry.objects.count()
    with pytest.raises(AccessDenied) as refused:
        actions.start(anna, NAME)
    assert refused.value.reason == "own"
    for role in ("auditor", "investigator"):
        with pytest.raises(AccessDenied):
            actions.start(as_(matter.somebody(role)), NAME)
    assert Detector.objects.get().state == "proposed"
    with pytest.raises(IntegrityError), transaction.atomic():
        Detector.objects.update(started_by=anna.id)
    assert actions.start(ben, NAME).state == "shadow"
    assert actions.start(ben, NAME).state == "shadow"
    assert AuditEntry.objects.filter(verb="detector.start").count() == 1
    assert AuditEntry.objects.count() > entries


def test_what_cannot_be_is_refused_and_nothing_is_kept(
    anna: Actor, outside: OutsideDetector, settings: Any
) -> None:
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("about", {"about": "order"}), ("clause", {"clause": "nothing.like_it"}),
        ("threshold", {"threshold": float("nan")}), ("threshold", {"threshold": 1.1}),
        ("share", {"share": 0}), ("timeout_ms", {"timeout_ms": 60_000}),
        ("url", {"url": "https://detector.example/#part"}), ("url", {"url": "https://10.0.0.1/score"}),
    ]  # fmt: skip
    for field, told in wrong:
        with pytest.raises(InvalidInput) as refused:
            propose(anna, outside, **told)
        assert set(refused.value.fields) == {field}
    settings.TOCSIN_OUTBOUND_ALLOW = []
    with pytest.raises(InvalidInput):
        propose(anna, outside)
    assert not Detector.objects.exists()


def test_a_name_is_taken_once(anna: Actor, outside: OutsideDetector) -> None:
    propose(anna, outside)
    with pytest.raises(Conflict):
        propose(anna, outside, threshold=0.9)
    assert Detector.objects.get().threshold == 0.5


def test_it_is_asked_about_each_event_once_and_after_the_decision(
    anna: Actor, ben: Actor, desk: Desk, outside: OutsideDetector
) -> None:
    desk.now -= 3_600_000
    decide(desk, "before")
    propose(anna, outside)
    assert ask_due() == 0
    actions.start(ben, NAME)
    desk.now += 7_200_000  # events that are received after the start
    decide(desk, "thief-1", "calm-1")
    desk.tell("location.ping", shopper="s-1", order="o-1", lat=37.8, lon=-122.4)
    decide(desk, "calm-2")
    assert ask_due() == 4
    assert ask_due() == 0
    assert [event["entities"]["customer"] for event in outside.asked] == ["thief-1", "calm-1", "calm-2"]
    # where somebody was is personal, and stays here
    assert [event["fields"] for event in outside.asked] == [{}, {}, {}]
    assert outside.refused == []
    scores = DetectorScore.objects.order_by("seq").values_list("subject_id", "score", "verdict")
    assert list(scores) == [("thief-1", 0.9, "allow"), ("calm-1", 0.1, "allow"), ("calm-2", 0.1, "allow")]


def test_types_and_share_say_which_events(
    anna: Actor, ben: Actor, desk: Desk, outside: OutsideDetector
) -> None:
    started(anna, ben, outside, types=["payment.declined"], share=5000)
    desk.now += 3_600_000
    decide(desk, "calm-1")
    desk.test_cards("thief-1", cards=40)
    decide(desk)
    ask_due()
    assert {event["type"] for event in outside.asked} == {"payment.declined"}
    assert 8 < len(outside.asked) < 32


def test_a_call_that_failed_is_made_again_and_given_up_in_the_end(
    anna: Actor, ben: Actor, desk: Desk, outside: OutsideDetector
) -> None:
    started(anna, ben, outside)
    desk.now += 3_600_000
    decide(desk, "thief-1")
    outside.down = True
    assert ask_due() == 0
    assert ask_due() == 0  # it has its pause
    assert [call.error for call in DetectorCall.objects.all()] == ["It answered 503."]
    outside.down = False
    now = timezone.now()
    with time_machine.travel(now + dt.timedelta(seconds=3), tick=False):
        assert ask_due() == 1
    assert DetectorScore.objects.get().subject_id == "thief-1"
    outside.down = True
    decide(desk, "thief-2", "thief-3")
    for number in range(MAX_TRIES):
        with time_machine.travel(now + dt.timedelta(minutes=5 * (number + 1)), tick=False):
            ask_due()
    detector = Detector.objects.get()
    assert (detector.missed, detector.failures, DetectorScore.objects.count()) == (2, 0, 1)
    assert DetectorCall.objects.exclude(error="").count() == MAX_TRIES + 1
    outside.down = False
    decide(desk, "thief-4")
    with time_machine.travel(now + dt.timedelta(hours=1), tick=False):
        ask_due()
    assert [event["entities"]["customer"] for event in outside.asked] == ["thief-1", "thief-4"]


@pytest.mark.parametrize("score", [1.5, -0.1, "high", None])
def test_an_answer_that_is_no_score_is_a_failure(
    anna: Actor, ben: Actor, desk: Desk, outside: OutsideDetector, score: Any
) -> None:
    started(anna, ben, outside)
    outside.answer = lambda *_: (200, {"scores": {"x": score}})  # type: ignore[method-assign]
    desk.now += 3_600_000
    decide(desk, "calm-1")
    assert ask_due() == 0
    assert DetectorCall.objects.get().error.startswith("Its answer cannot be read: ")
    assert not DetectorScore.objects.exists()


def test_nothing_is_sent_to_a_private_address_that_is_no_longer_allowed(
    anna: Actor, ben: Actor, desk: Desk, outside: OutsideDetector, settings: Any
) -> None:
    started(anna, ben, outside)
    desk.now += 3_600_000
    decide(desk, "calm-1")
    settings.TOCSIN_OUTBOUND_ALLOW = []
    ask_due()
    assert outside.asked == []
    assert DetectorCall.objects.get().error != ""


def test_it_stands_beside_the_rules_in_force(
    anna: Actor, ben: Actor, desk: Desk, outside: OutsideDetector
) -> None:
    started(anna, ben, outside)
    desk.now += 3_600_000
    desk.test_cards("thief-seen", device="d-1")
    desk.test_cards("clumsy", device="d-2")
    decide(desk, "thief-unseen", "calm")
    ask_due()
    label("thief-seen", CLAUSE)
    label("thief-unseen", CLAUSE)
    label("clumsy", "not:card_testing")
    found = queries.figures(anna, NAME)
    assert (found["events"], found["people"], found["confirmed"], found["cleared"]) == (12, 4, 2, 1)
    mine, live = found["detector"], found["in_force"]
    assert (mine["people"], mine["precision"], mine["recall"]) == (2, 1.0, 1.0)
    assert (live["people"], live["precision"], live["recall"]) == (2, 0.5, 0.5)
    assert (found["both"], found["only_detector"], found["only_in_force"]) == (1, 1, 1)
    assert (found["auc"], found["calls"], found["failed"]) == (1.0, 1, 0)
    with pytest.raises(AccessDenied):
        queries.figures(as_(matter.somebody("specialist")), NAME)
