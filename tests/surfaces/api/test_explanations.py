"""Why an alert was raised, over the API: every value and threshold, what raised a score, what would have
changed it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.domains.detection.desk import PACKAGED
from tests.domains.detection.desk import Desk as Engine
from tests.domains.matter import settle, somebody, taken
from tests.engine.scores.test_score_in_rules import RULES, model_text
from tests.surfaces.api.client import Caller, integration, personal, problem
from tocsin.domains.cases.models import Case
from tocsin.domains.detection.models import Alert, KeptExplanation
from tocsin.domains.detection.ship import ship_once
from tocsin.engine.language.ruleset import load
from tocsin.engine.scores.model import read_model

pytestmark = pytest.mark.django_db
CODE = "Support here: send me the six digit code you got."


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path / "decide")


@pytest.fixture
def caller(world: None) -> Caller:
    return personal(somebody("investigator", "Ines"))


def flagged(engine: Engine) -> Case:
    """The case that what was told opened."""
    ship_once(engine.read)
    settle()
    return Case.objects.get()


def address(case: Case, alert: str = "") -> str:
    return f"/cases/{case.reference}/alerts/{alert or Alert.objects.get().pk}/why"


def test_every_question_with_its_value_and_threshold_and_the_smallest_change(
    caller: Caller, engine: Engine
) -> None:
    engine.test_cards(region="US-WA")
    case = flagged(engine)
    answer = caller("GET", address(case))
    assert answer.status_code == 200, answer.content
    found = answer.json()
    [fired] = found["fired"]
    assert (fired["rule"], fired["code"], fired["verdict"]) == ("card_testing", "V3", "block")
    assert {
        "name": "device_other_declined_cards_1h", "value": 3, "op": ">=", "threshold": 3, "held": True,
        "alternative": fired["checks"][0]["alternative"], "covered": False,
    } in fired["checks"]  # fmt: skip
    assert fired["text"]["en"].startswith("Several different cards were declined on this device")
    assert fired["scores"] == []
    [change] = found["smallest"]["changes"]
    assert (change["value"], change["instead"], found["smallest"]["complete"]) == (3, 2, True)
    assert (found["missing"], found["reproduced"], found["hidden"]) == ("", True, 0)
    assert (found["seq"], found["rules_version"]) == (Alert.objects.get().first_seq, PACKAGED.version)


def test_the_newest_event_is_explained_as_well_as_the_first(caller: Caller, engine: Engine) -> None:
    engine.test_cards(region="US-WA", cards=6)
    case = flagged(engine)
    first, newest = (caller("GET", f"{address(case)}?event={one}").json() for one in ("first", "newest"))
    assert (first["seq"], newest["seq"]) == (Alert.objects.get().first_seq, Alert.objects.get().last_seq)
    assert newest["seq"] > first["seq"]
    values = [{one["name"]: one["value"] for one in found["fired"][0]["checks"]} for found in (first, newest)]
    assert [one["device_other_declined_cards_1h"] for one in values] == [3, 5]
    assert caller("GET", f"{address(case)}?event=second").status_code == 422


def test_the_inputs_that_raised_a_score_are_named_with_their_values(caller: Caller, engine: Engine) -> None:
    rules = load({"a.rules": RULES, "danger.model.json": model_text()})
    engine.switch(rules)
    for amount in (8000, 50_000):
        engine.tell("payment.authorised", customer="c-1", amount_minor=amount, currency="USD", region="US-WA")
    case = flagged(engine)
    found = caller("GET", address(case)).json()
    [score] = found["fired"][0]["scores"]
    assert (score["name"], score["model"]) == ("danger", "danger")
    assert score["model_version"] == read_model(model_text()).version
    assert [one["input"] for one in score["raised"]] == ["amount_minor / paid", "amount_minor"]
    assert [one["value"] for one in score["raised"]] == [pytest.approx(50_000 / 8000), 50_000]
    assert sum(one["share"] for one in score["raised"]) == pytest.approx(1, abs=1e-3)
    assert found["reproduced"] is True


def test_what_people_wrote_is_covered_until_the_case_is_ones_own(engine: Engine, world: None) -> None:
    ines = somebody("investigator", "Ines")
    caller = personal(ines)
    engine.tell("message.sent", customer="c-1", shopper="s-1", sender="shopper", text=CODE, region="US-WA")
    case = flagged(engine)
    alert = Alert.objects.earliest("opened_at").pk
    checks = caller("GET", address(case, alert)).json()["fired"][0]["checks"]
    assert {(one["value"], one["held"], one["covered"]) for one in checks} == {(None, None, True)}
    taken(case, ines)
    answer = caller("GET", address(case, alert))
    assert {one["covered"] for one in answer.json()["fired"][0]["checks"]} == {False}
    assert CODE not in answer.content.decode()


def test_it_says_what_is_not_kept_any_more(caller: Caller, engine: Engine) -> None:
    engine.test_cards(region="US-WA")
    case = flagged(engine)
    KeptExplanation.objects.all().delete()
    found = caller("GET", address(case)).json()
    assert (found["missing"], found["verdict"], found["fired"]) == ("explanation", None, [])


def test_an_alert_of_no_case_of_theirs_and_a_key_without_the_right_get_nothing(
    caller: Caller, engine: Engine
) -> None:
    engine.test_cards(region="US-WA")
    case = flagged(engine)
    assert problem(caller("GET", address(case, "alr_none")))["status"] == 404
    assert problem(personal(somebody("policy_manager", "Paula"))("GET", address(case)))["status"] == 403
    assert problem(integration("cases:read")("GET", address(case)))["status"] == 403
