"""The features of one person or thing, worked out from its own events."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from tests.domains import matter
from tests.domains.detection.desk import PACKAGED, Desk
from tests.domains.matter import as_
from tocsin.core.actor import system
from tocsin.core.errors import AccessDenied, NotFound
from tocsin.domains.detection.ship import ship_once
from tocsin.domains.questions import sheets
from tocsin.domains.questions.answering import forget_old
from tocsin.domains.questions.features import features_now
from tocsin.domains.questions.models import FeatureSheet
from tocsin.domains.staff.actions import wall_off

pytestmark = pytest.mark.django_db


def now_and_then(answer: dict[str, Any], name: str) -> tuple[Any, list[Any]]:
    [found] = [one for one in answer["features"] if one["name"] == name]
    return found["now"], found["values"]


def test_values_now_and_at_each_event_are_those_of_the_engine(desk: Desk) -> None:
    desk.tell("order.placed", customer="c-2", device="phone", order="o-0", total_minor=1, currency="USD")
    desk.test_cards(customer="c-1", cards=5, device="phone")
    ship_once(desk.read)
    answer = features_now(PACKAGED, "device", "phone")
    assert (answer["events"], answer["shortened"], len(answer["times"])) == (6, False, 6)
    now, values = now_and_then(answer, "device_other_declined_cards_1h")
    # at an event its own card does not count as another; now there is none, and all five are others
    assert values == [0, 0, 1, 2, 3, 4]
    assert now == 5


def test_what_others_did_does_not_count(desk: Desk) -> None:
    desk.tell("account.login", customer="c-1", device="d-1")
    desk.tell("account.login", customer="c-2", device="d-1")
    desk.tell("account.login", customer="c-1", device="d-2")
    ship_once(desk.read)
    answer = features_now(PACKAGED, "customer", "c-1")
    assert answer["events"] == 2
    assert now_and_then(answer, "customer_other_devices")[1] == [0, 1]
    about_more = [one["name"] for one in answer["features"] if one["name"].startswith("pair_")]
    assert about_more == []


def test_a_sheet_is_worked_out_once_and_is_its_askers(world: None, desk: Desk) -> None:
    desk.tell("account.login", customer="c-1", device="d-1")
    ship_once(desk.read)
    ines = as_(matter.somebody("investigator", "Ines"))
    first = sheets.ask_features(ines, "customer", "c-1")
    assert sheets.ask_features(ines, "customer", "c-1") == first
    assert sheets.work_out_next() == 1
    assert sheets.work_out_next() == 0
    found = sheets.newest(ines, "customer", "c-1")
    assert found is not None
    assert (found.pk, found.state, found.answer["events"]) == (first.pk, "done", 1)
    assert sheets.newest(as_(matter.somebody("investigator", "Other")), "customer", "c-1") is None


@pytest.mark.parametrize(("role", "told"), [("investigator", False), ("supervisor", True)])
def test_a_sheet_holds_what_is_made_of_sealed_fields_only_for_who_may_see_them(
    world: None, desk: Desk, role: str, told: bool
) -> None:
    desk.tell("message.sent", customer="c-1", sender="customer", text="Pay me with gift cards")
    ship_once(desk.read)
    actor = as_(matter.somebody(role))
    sheets.ask_features(actor, "customer", "c-1")
    assert sheets.work_out_next() == 1
    found = sheets.newest(actor, "customer", "c-1")
    assert found is not None
    names = {one["name"] for one in found.answer["features"]}
    assert "customer_other_devices" in names
    assert ("customer_scam_messages_24h" in names) is told


def test_a_sheet_is_kept_until_the_next_and_for_thirty_days(world: None, desk: Desk) -> None:
    ines = as_(matter.somebody("investigator", "Ines"))
    for _ in range(2):
        newest = sheets.ask_features(ines, "customer", "c-1")
        sheets.work_out_next()
    assert [sheet.pk for sheet in FeatureSheet.objects.all()] == [newest.pk]
    assert forget_old() == 0
    FeatureSheet.objects.update(done_at=timezone.now() - dt.timedelta(days=31))
    assert (forget_old(), forget_old()) == (1, 0)
    assert not FeatureSheet.objects.exists()


def test_a_sheet_is_closed_to_who_was_walled_off_since(world: None, desk: Desk) -> None:
    ines = matter.somebody("investigator", "Ines")
    sheets.ask_features(as_(ines), "customer", "c-1")
    sheets.work_out_next()
    wall_off(system("tests"), ines.pk, ["customer:c-1"])
    with pytest.raises(AccessDenied):
        sheets.newest(as_(ines), "customer", "c-1")


def test_a_sheet_that_breaks_off_holds_up_no_other_and_is_given_up(world: None, desk: Desk) -> None:
    ines = as_(matter.somebody("investigator", "Ines"))
    bad = sheets.ask_features(ines, "customer", "c-1")
    FeatureSheet.objects.update(kind="nothing")  # no event names such a thing
    with pytest.raises(TypeError):
        sheets.work_out_next()
    good = sheets.ask_features(ines, "customer", "c-1")
    assert sheets.work_out_next() == 1
    assert FeatureSheet.objects.get(pk=good.pk).state == "done"
    for _ in range(2):
        with pytest.raises(TypeError):
            sheets.work_out_next()
    assert (sheets.work_out_next(), sheets.work_out_next()) == (1, 0)
    given_up = FeatureSheet.objects.get(pk=bad.pk)
    assert (given_up.state, given_up.problem) == ("failed", "Working them out broke off three times.")


def test_who_may_not_see_a_person_asks_nothing_about_them(world: None) -> None:
    elsewhere = as_(matter.somebody("investigator", "Ida", regions=["US-CA"]))
    with pytest.raises(AccessDenied):
        sheets.ask_features(elsewhere, "customer", "c-1")
    with pytest.raises(NotFound):
        sheets.ask_features(elsewhere, "customer", "nobody")
    with pytest.raises(AccessDenied):
        sheets.ask_features(as_(matter.somebody("trainer", "Tom")), "customer", "c-1")
    assert not FeatureSheet.objects.exists()
