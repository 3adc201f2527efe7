"""Champion and challenger on identical traffic: noted while the log is shipped, compared by what is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tests.domains.detection.desk import Desk
from tests.domains.rules.drafts import NAME, backtested, engineer
from tocsin.core.errors import Conflict
from tocsin.core.ids import new_id
from tocsin.domains.detection.models import Event, KeptRules, Label
from tocsin.domains.detection.ship import ship_once
from tocsin.domains.rules import comparison, promoting, queries, trials
from tocsin.domains.rules.in_force import in_force
from tocsin.domains.rules.models import DetectionRule, RuleStep, Trial
from tocsin.domains.staff.models import Staff
from tocsin.engine.language.ruleset import load

pytestmark = pytest.mark.django_db
CLAUSE = "FRD-C.stolen_payment"
WHY = "It does what its backtest said."


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> None:
    settings.TOCSIN_HOME = str(tmp_path)


@pytest.fixture
def shadow(author: Staff, desk: Desk) -> Desk:
    """The engine with the draft in shadow beside card_testing, which it is to replace."""
    backtested(author, replaces="card_testing")
    promoting.promote(engineer(author), NAME, to="shadow", reason=WHY)
    desk.switch(load(in_force().sources()))
    return desk


def refused(desk: Desk, customer: str, times: int, **more: Any) -> None:
    """One card of a customer is declined again and again: only the challenger minds."""
    for _ in range(times):
        desk.tell(
            "payment.declined", customer=customer, card=f"card-{customer}", amount_minor=100, currency="USD",
            **more,
        )  # fmt: skip


def ship(desk: Desk, limit: int = 3) -> None:
    while ship_once(desk.read, limit=limit):
        pass


def label(customer: str, name: str) -> None:
    Label.objects.create(
        id=new_id("lbl"), object_kind="customer", object_id=customer, label=name, source="investigator",
        confidence=0.9, at=timezone.now(),
    )  # fmt: skip


def test_both_are_noted_on_the_same_events(shadow: Desk) -> None:
    shadow.test_cards("tester", cards=5, region="US-CA")  # both mind from the fourth on, the new one earlier
    refused(shadow, "clumsy", 3)
    ship(shadow)
    found = comparison.figures(NAME)
    assert (found["events"], found["both"], found["only_champion"], found["only_challenger"]) == (8, 2, 0, 2)
    assert (found["neither"], found["agreement"]) == (4, 0.75)
    assert found["champion"]["rules"] == ["card_testing"]
    sides = [(side["hits"], side["people"]) for side in (found["champion"], found["challenger"])]
    assert sides == [(2, 1), (4, 2)]
    assert found["challenger"]["regions"] == {"": 1, "US-CA": 1}
    assert found["difference"] is None


def test_what_was_decided_without_the_challenger_does_not_count(author: Staff, desk: Desk) -> None:
    desk.test_cards("tester", cards=5)
    ship(desk)
    assert comparison.figures(NAME) == {}
    backtested(author)
    promoting.promote(engineer(author), NAME, to="shadow", reason=WHY)
    desk.tell("account.login", customer="calm")
    ship(desk)
    assert not Trial.objects.exists()
    desk.switch(load(in_force().sources()))
    desk.tell("account.login", customer="calm")
    ship(desk)
    assert Trial.objects.get().events == 1
    # it is to replace nobody, so it is compared with what is in force for the same clause
    assert "card_testing" in Trial.objects.get().champions
    assert NAME not in Trial.objects.get().champions


def test_precision_is_counted_on_people_who_became_known(shadow: Desk) -> None:
    shadow.test_cards("thief", cards=5)
    refused(shadow, "clumsy", 3)
    refused(shadow, "unknown", 3)
    ship(shadow)
    label("thief", CLAUSE)
    label("clumsy", f"not:{NAME}")
    found = comparison.figures(NAME)
    champion, challenger = found["champion"], found["challenger"]
    assert (champion["confirmed"], champion["cleared"], champion["unlabelled"]) == (1, 0, 0)
    assert (challenger["confirmed"], challenger["cleared"], challenger["unlabelled"]) == (1, 1, 1)
    assert (champion["precision"], challenger["precision"]) == (1.0, 0.5)
    assert (champion["value"], challenger["value"]) == ({"USD": 200}, {"USD": 300})
    assert challenger["interval"] == [0.094531, 0.905469]
    assert (found["difference"], found["difference_interval"]) == (-0.5, None)


def test_the_difference_has_an_interval_once_enough_is_known(shadow: Desk) -> None:
    for number in range(12):
        shadow.test_cards(f"thief-{number}", cards=4, device=f"d-{number}")
        label(f"thief-{number}", CLAUSE if number else "not:card_testing")
        refused(shadow, f"clumsy-{number}", 3)
        label(f"clumsy-{number}", f"not:{NAME}")
    ship(shadow, limit=50)
    found = comparison.figures(NAME)
    assert found["difference"] == round(11 / 24 - 11 / 12, 6)
    low, high = found["difference_interval"]
    assert low < found["difference"] < high < 0
    assert comparison.figures(NAME) == found


def test_a_promotion_needs_a_comparison_and_keeps_it(shadow: Desk, author: Staff, second: Staff) -> None:
    before = DetectionRule.objects.get(pk=NAME).state
    with pytest.raises(Conflict) as refusal:
        promoting.promote(engineer(second), NAME, to="canary", reason=WHY, early=True)
    assert "met no traffic in shadow" in refusal.value.what
    assert DetectionRule.objects.get(pk=NAME).state == before == "shadow"
    shadow.test_cards("tester", cards=5)
    ship(shadow)
    promoting.promote(engineer(second), NAME, to="canary", reason=WHY, early=True)
    step = RuleStep.objects.get(to_state="canary")
    assert step.compared == queries.compared(engineer(author), NAME)
    assert step.compared["challenger"]["hits"] == 3


def test_shipping_goes_on_when_the_rules_of_the_time_cannot_be_read(shadow: Desk) -> None:
    refused(shadow, "clumsy", 3)
    assert ship_once(shadow.read, limit=2) == 0  # the sets of rules
    KeptRules.objects.update(sources={"old.rules": "what was once allowed"})
    trials._in_shadow.cache_clear()
    ship(shadow)
    trials._in_shadow.cache_clear()
    assert (Event.objects.count(), Trial.objects.count()) == (3, 0)
