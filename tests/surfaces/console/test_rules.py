"""The rules engineer's desk without scripts: from a first text into force, and out again."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tests.domains import matter
from tests.domains.rules.drafts import NAME, STORIES, TEXT, checked, engineer, met_traffic
from tests.surfaces.console.conftest import Desk
from tocsin.domains.detection.models import RuleHits
from tocsin.domains.rules import promoting, reports
from tocsin.domains.rules.models import DetectionRule, RuleReport, Snooze
from tocsin.domains.staff.models import Staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("plain_files")]
PAGE = f"/console/rules/{NAME}/"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> None:
    settings.TOCSIN_HOME = str(tmp_path)


@pytest.fixture
def anna() -> Staff:
    return matter.somebody("rules_engineer", "Anna")


@pytest.fixture
def ben() -> Staff:
    return matter.somebody("supervisor", "Ben")


def state() -> str:
    return DetectionRule.objects.get(pk=NAME).state


def test_a_rule_is_written_checked_backtested_and_put_into_force_by_two(anna: Staff, ben: Staff) -> None:
    author, second = Desk(anna), Desk(ben)
    wrong = TEXT.replace("small_refusals >= 2", "small_refusal >= 2")
    assert author.post("/console/rules/new/", name=NAME, text=wrong, stories=STORIES) == 200
    assert "Kept as a draft." in author.text
    author.post(PAGE + "ask/", kind="check")
    assert "It is being checked." in author.text
    reports.make_next()
    author.get(PAGE)
    assert "Line 10, column 12" in author.text
    assert 'Did you mean "small_refusals"?' in author.text
    assert "\n           ^^^^^^^^^^^^^" in author.html
    assert author.post(PAGE + "write/", text=TEXT, stories=STORIES) == 200
    author.post(PAGE + "ask/", kind="check")
    reports.make_next()
    assert state() == "checked"
    author.post(PAGE + "ask/", kind="backtest", days="7")
    reports.make_next()
    author.get(PAGE)
    assert state() == "backtested"
    assert "Precision —" in author.text
    author.post(PAGE + "step/", verb="promote", to="shadow", reason="Let us see.")
    assert state() == "shadow"
    assert "somebody else has to take it further" in author.text
    assert "It has met no traffic in shadow yet." in author.text
    go = {"verb": "promote", "to": "canary", "reason": "Go on.", "early": "on"}
    assert second.post(PAGE + "step/", **go) == 409
    assert (state(), "nobody can compare it" in second.text) == ("shadow", True)
    met_traffic()
    assert author.post(PAGE + "step/", verb="promote", to="canary", reason="Go on.", early="on") == 403
    assert state() == "shadow"
    assert second.post(PAGE + "step/", verb="promote", to="canary", reason="Go on.", percent="2.5") == 422
    assert "has not been in shadow for long" in second.text
    second.post(PAGE + "step/", verb="promote", to="canary", reason="Go on.", percent="2.5", early="on")
    assert (state(), DetectionRule.objects.get().share) == ("canary", 250)
    second.post(PAGE + "step/", verb="promote", to="active", reason="It holds.")
    assert state() == "active"
    second.post(PAGE + "step/", verb="pause", reason="Too many.")
    assert state() == "paused"
    second.post(PAGE + "step/", verb="resume", reason="Mended.")
    assert state() == "active"
    second.post(PAGE + "step/", verb="roll_back", reason="Not what we wanted.")
    assert state() == "retired"
    assert "Not what we wanted." in second.text
    assert second.text.count("Events compared: 1. Hits: champion 0, challenger 0.") == 2


def test_the_list_shows_states_and_hits(anna: Staff) -> None:
    checked(anna)
    RuleHits.objects.create(rule="card_testing", hour=timezone.now(), fired=1234)
    RuleHits.objects.create(rule="card_testing", hour=timezone.now() - dt.timedelta(days=2), fired=5)
    desk = Desk(anna)
    assert desk.get("/console/rules/") == 200
    rows = desk.html.split("<tr>")
    mine = next(row for row in rows if NAME in row)
    assert "Checked" in mine
    assert "Anna" in mine
    packaged = next(row for row in rows if "/card_testing/" in row)
    assert "1,234" in packaged
    assert "comes with Tocsin" in packaged


def test_what_cannot_be_kept_comes_back_as_it_was_typed(anna: Staff) -> None:
    desk = Desk(anna)
    assert desk.post("/console/rules/new/", name="No", text="typed", stories="too") == 422
    assert 'aria-describedby="r-n-error"' in desk.html
    assert ">typed</textarea>" in desk.html
    assert not DetectionRule.objects.exists()
    checked(anna)
    assert desk.post(PAGE + "write/", text="x = 1", stories="too", replaces="nobody_knows") == 422
    assert ">x = 1</textarea>" in desk.html
    assert "There is no other rule of this name." in desk.text
    assert DetectionRule.objects.get().text == TEXT


def test_mistakes_are_told_while_typing_and_nothing_is_kept(anna: Staff) -> None:
    checked(anna)
    desk = Desk(anna)
    assert desk.post(PAGE + "problems/", text=TEXT.replace("verdict", "verdct")) == 200
    assert 'A rule has no setting "verdct". Did you mean "verdict"?' in desk.text
    assert desk.post(PAGE + "problems/", text=TEXT) == 200
    assert "The text can be read." in desk.text
    assert DetectionRule.objects.get().text == TEXT


@pytest.mark.parametrize(
    "sent",
    [
        {"verb": "promote", "reason": "x"}, {"verb": "nothing"}, {},
        {"verb": "promote", "to": "canary", "reason": "Go on.", "percent": "many", "early": "on"},
        {"verb": "promote", "to": "canary", "reason": "Go on.", "percent": "1e999", "early": "on"},
        {"verb": "promote", "to": "canary", "reason": "Go on.", "percent": "nan", "early": "on"},
    ],
)  # fmt: skip
def test_odd_input_moves_nothing(anna: Staff, ben: Staff, sent: dict[str, str]) -> None:
    checked(anna)
    DetectionRule.objects.update(state="shadow")
    assert Desk(ben).post(PAGE + "step/", **sent) < 500
    assert state() == "shadow"


def test_odd_days_and_kinds_ask_for_nothing(anna: Staff) -> None:
    checked(anna)
    desk = Desk(anna)
    for sent in ({"kind": "backtest", "days": "-1"}, {"kind": "backtest", "days": "٣"}, {"kind": "?"}):
        assert desk.post(PAGE + "ask/", **sent) < 500
    assert RuleReport.objects.count() == 1


def test_who_may_look_sees_and_cannot_act(anna: Staff) -> None:
    checked(anna)
    desk = Desk(matter.somebody("auditor"))
    assert desk.get(PAGE) == 200
    assert "<form" not in desk.html.split('id="main"')[1].split("</main>")[0]
    assert desk.get("/console/rules/card_testing/") == 200
    assert "payment.declined" in desk.text
    assert desk.get("/console/rules/nothing_like_it/") == 404
    assert desk.post(PAGE + "step/", verb="pause", reason="No more.") == 403


def test_a_pause_of_a_packaged_rule_is_offered_and_done(ben: Staff) -> None:
    desk = Desk(ben)
    desk.get("/console/rules/card_testing/")
    assert "Roll back" in desk.text
    desk.post("/console/rules/card_testing/step/", verb="pause", reason="Too many hits.")
    assert "Paused" in desk.text
    assert promoting.resume(engineer(ben), "card_testing", reason="Mended.").state == "active"


def test_somebody_is_left_alone_and_looked_at_again(ben: Staff) -> None:
    desk = Desk(ben)
    page = "/console/rules/card_testing/"
    until = timezone.now().date() + dt.timedelta(days=5)
    sent = {"kind": "customer", "entity_id": "c-1", "until": f"{until}", "snooze_reason": "A broken reader."}
    for field, value in (("until", "soon"), ("entity_id", ""), ("snooze_reason", "x"), ("kind", "parrot")):
        assert desk.post(page + "snooze/", **(sent | {field: value})) == 422
        assert 'aria-invalid="true"' in desk.html
    assert not Snooze.objects.exists()
    assert desk.post(page + "snooze/", **sent) == 200
    assert "customer c-1" in desk.text
    assert "A broken reader." in desk.text
    assert desk.post(page + "snooze/", **sent) == 409
    assert Snooze.objects.count() == 1
    reader = Desk(matter.somebody("auditor"))
    reader.get(page)
    assert ("A broken reader." in reader.text, "Look again" in reader.text) == (True, False)
    assert reader.post(page + "snooze/", end=Snooze.objects.get().pk) == 403
    desk.post(page + "snooze/", end=Snooze.objects.get().pk)
    assert "It leaves nobody alone." in desk.text
    assert desk.post(page + "snooze/", end="rsn_unknown") == 404


def test_the_names_a_rule_may_use_are_known_while_typing(anna: Staff) -> None:
    desk = Desk(anna)
    assert desk.get("/console/rules/names.json") == 200
    kinds = {one["name"]: one["kind"] for one in desk.page.json()["names"]}
    expected = {
        "amount_minor": "field", "payment.declined": "event type", "customer": "entity",
        "card_declines_1h": "feature", "count": "function", "verdict": "setting", "review": "verdict",
        "hold_order": "action",
    }  # fmt: skip
    assert {name: kinds[name] for name in expected} == expected
    assert Desk(matter.somebody("auditor")).get("/console/rules/names.json") == 403


def test_mistakes_of_a_new_rule_are_told_by_the_name_in_its_form(anna: Staff) -> None:
    desk = Desk(anna)
    assert desk.post("/console/rules/new/problems/", name=NAME, text=TEXT) == 200
    assert "The text can be read." in desk.text
    desk.post("/console/rules/new/problems/", name="another_one", text=TEXT)
    assert "Expected one rule, and that it is called another_one." in desk.text
    assert not DetectionRule.objects.exists()
