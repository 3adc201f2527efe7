"""Why a case was flagged, in full: on the page, and covered where what people wrote is covered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.domains.detection.desk import Desk as Engine
from tests.domains.matter import settle, somebody, taken
from tests.engine.scores.test_score_in_rules import RULES, model_text
from tests.surfaces.console.conftest import Desk
from tocsin.domains.cases.models import Case
from tocsin.domains.detection.models import Alert, KeptExplanation
from tocsin.domains.detection.ship import ship_once
from tocsin.domains.staff.models import Staff
from tocsin.engine.language.ruleset import load

pytestmark = pytest.mark.django_db
CODE = "Support here: send me the six digit code you got."


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path / "decide")


@pytest.fixture
def investigator(world: None) -> Staff:
    return somebody("investigator", "Ines")


def flagged(engine: Engine) -> Case:
    """The case that what was told opened."""
    ship_once(engine.read)
    settle()
    return Case.objects.get()


def address(case: Case) -> str:
    return f"/console/case/{case.reference}/why/?alert={Alert.objects.first().pk}"


def test_the_case_leads_to_every_value_and_threshold_and_the_smallest_change(
    investigator: Staff, engine: Engine
) -> None:
    engine.test_cards(region="US-WA")
    case, desk = flagged(engine), Desk(investigator)
    assert desk.get(f"/console/case/{case.reference}/") == 200
    assert f'href="{address(case)}"' in desk.html
    assert desk.get(address(case)) == 200
    assert "Yes: Other declined cards (device, 1 h) 3 asked: at least 3" in desk.text
    assert '<progress class="bar short" value="3" max="3" aria-hidden="true">' in desk.html
    assert "Other declined cards (device, 1 h) 2 instead of 3 It would have been" in desk.text
    assert "In words for a letter: Several different cards were declined on this device" in desk.text
    assert KeptExplanation.objects.earliest("seq").rules_version in desk.text


def test_what_nearly_fired_is_named_with_what_was_missing(investigator: Staff, engine: Engine) -> None:
    engine.test_cards(region="US-WA", cards=5, ip="198.51.100.1")
    case, desk = flagged(engine), Desk(investigator)
    Alert.objects.update(first_seq=Alert.objects.get().last_seq, opened_at=Alert.objects.get().last_at)
    assert desk.get(address(case)) == 200
    near = desk.text.partition("What nearly fired")[2]
    assert "Card testing from one address" in near
    assert "No: Other declined cards (IP address, 1 h) 4 asked: at least 5" in near


def test_what_people_wrote_is_covered_until_the_case_is_ones_own(investigator: Staff, engine: Engine) -> None:
    engine.tell("message.sent", customer="c-1", shopper="s-1", sender="shopper", text=CODE, region="US-WA")
    case, desk = flagged(engine), Desk(investigator)
    assert desk.get(address(case)) == 200
    assert desk.text.count("covered asked: something of") == 2
    assert "What people wrote is covered for you" in desk.text
    assert re.search(r"\d+ rules that look at covered values are left out", desk.text)
    assert "code you got" not in desk.text
    taken(case, investigator)
    assert desk.get(address(case)) == 200
    assert "What people wrote is covered" not in desk.text
    assert re.search(r"Yes: Message \S[^:]* asked: something of “one time codes”", desk.text)
    assert "Message something else It would have been" in desk.text
    assert "six digit code you got" not in desk.text


def test_it_says_when_it_cannot_be_worked_out_any_more(investigator: Staff, engine: Engine) -> None:
    engine.test_cards(region="US-WA")
    case, desk = flagged(engine), Desk(investigator)
    KeptExplanation.objects.all().delete()
    assert desk.get(address(case)) == 200
    assert "What was looked at then is not kept here any more" in desk.text
    assert "What fired" not in desk.text


def test_an_alert_of_another_case_and_a_person_without_the_right_get_nothing(
    investigator: Staff, engine: Engine
) -> None:
    engine.test_cards(region="US-WA")
    case = flagged(engine)
    assert Desk(investigator).get(f"/console/case/{case.reference}/why/?alert=alr_none") == 404
    assert Desk(somebody("policy_manager", "Paula")).get(address(case)) == 403


def test_the_newest_event_of_an_alert_is_explained_beside_its_first(
    investigator: Staff, engine: Engine
) -> None:
    engine.test_cards(region="US-WA", cards=6)
    case, desk = flagged(engine), Desk(investigator)
    assert desk.get(address(case)) == 200
    assert "Yes: Other declined cards (device, 1 h) 3 asked: at least 3" in desk.text
    assert f'href="{address(case)}&amp;event=newest"' in desk.html
    assert desk.get(f"{address(case)}&event=newest") == 200
    assert "Yes: Other declined cards (device, 1 h) 5 asked: at least 3" in desk.text
    assert f"Place in the log {Alert.objects.get().last_seq}" in desk.text


def test_what_raised_a_score_is_told_in_words(investigator: Staff, engine: Engine) -> None:
    engine.switch(load({"a.rules": RULES, "danger.model.json": model_text()}))
    for amount in (8000, 50_000):
        engine.tell("payment.authorised", customer="c-1", amount_minor=amount, currency="USD", region="US-WA")
    case, desk = flagged(engine), Desk(investigator)
    assert desk.get(address(case)) == 200
    assert "What raised “Danger” most, by the model danger" in desk.text
    assert re.search(r"Amount / Paid 6\.25 \d+ % of it Amount \$500\.00 \d+ % of it", desk.text)
    assert "does not lead to the same answer" not in desk.text
