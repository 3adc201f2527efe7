"""A rule leaves somebody alone for a while: with a reason, by permission, and it ends by itself."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from tests.domains import matter
from tests.domains.detection.desk import Desk
from tests.domains.rules.drafts import engineer, written
from tests.domains.rules.test_on_paper import everything
from tocsin.core.access.hidden import Page
from tocsin.core.actor import system
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.rules import queries, snoozing
from tocsin.domains.rules.in_force import in_force
from tocsin.domains.rules.models import Snooze
from tocsin.domains.staff.models import Staff
from tocsin.engine.language.ruleset import load, load_folder

pytestmark = pytest.mark.django_db
RULE = "card_testing"
WHY = "The shop's reader is broken; the bank knows of it."


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> Path:
    settings.TOCSIN_HOME = str(tmp_path)
    return tmp_path


def left_alone(by: Staff, days: int = 3, **more: Any) -> Snooze:
    told: dict[str, Any] = {"kind": "customer", "entity_id": "c-1", "reason": WHY}
    until = timezone.now().date() + dt.timedelta(days=days)
    return snoozing.snooze(engineer(by), RULE, **({"until": until} | told | more))


def verdicts(desk: Desk) -> list[str]:
    desk.switch(load(in_force().sources()))
    return [desk.test_cards(customer, device=f"d-{customer}-{desk.now}") for customer in ("c-1", "c-2")]


def test_the_rule_leaves_them_alone_until_the_day_and_then_looks_by_itself(
    second: Staff, desk: Desk, home: Path
) -> None:
    assert verdicts(desk) == ["block", "block"]
    left_alone(second)
    assert verdicts(desk)[1] == "block"
    assert verdicts(desk)[0] != "block"
    matter.settle()
    assert load_folder(home / "rules" / "current").rules[RULE].snoozed == ("customer",)
    with time_machine.travel(timezone.now() + dt.timedelta(days=3)):
        assert queries.snoozes(engineer(second), RULE) == Page([], 0)
        assert load(in_force().sources()).rules[RULE].snoozed == ()
    # the engine itself stops leaving them alone, whether or not a new set was published
    desk.now += 3 * 86_400_000
    assert desk.test_cards("c-1", device="another") == "block"


def test_somebody_has_it_look_again_earlier(second: Staff, desk: Desk) -> None:
    made = left_alone(second)
    assert [one.reason for one in queries.snoozes(engineer(second), RULE).items] == [WHY]
    snoozing.end(engineer(second), made.pk)
    before = everything()
    snoozing.end(engineer(second), made.pk)
    assert everything() == before
    assert verdicts(desk) == ["block", "block"]


def test_what_cannot_be_is_refused_and_changes_nothing(author: Staff, second: Staff) -> None:
    written(author)
    left_alone(second)
    before = everything()
    for field, told in (
        ("kind", {"kind": "parrot"}), ("entity_id", {"entity_id": " "}), ("until", {"days": 0}),
        ("until", {"days": 91}), ("until", {"until": None}), ("snooze_reason", {"reason": ""}),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as refused:
            left_alone(second, **told)  # type: ignore[arg-type]
        assert set(refused.value.fields) == {field}
    with pytest.raises(Conflict, match="alone already"):
        left_alone(second, days=9)
    assert everything() == before


def test_it_takes_the_permission_and_not_ones_own_account(second: Staff, author: Staff) -> None:
    before = Snooze.objects.count()
    for role in ("auditor", "investigator"):
        with pytest.raises(AccessDenied):
            left_alone(matter.somebody(role))
    near = matter.somebody("supervisor")
    near.walled_off_accounts = ["customer:c-1"]
    near.save()
    with pytest.raises(AccessDenied):
        left_alone(near)
    assert Snooze.objects.count() == before == 0
    left_alone(second)
    assert queries.snoozes(engineer(near), RULE) == Page([], 1)


def test_not_what_belongs_to_ones_family_or_to_another_region(second: Staff) -> None:
    marketplace = system("tests")
    upsert_entity(
        marketplace, "customer", "c-1", {"region": "US-CA"},
        [
            {"kind": "device", "id": "d-1", "relation": "uses_device"},
            {"kind": "payment_instrument", "id": "pi-1", "relation": "owns"},
        ],
    )  # fmt: skip
    near = matter.somebody("supervisor")
    near.walled_off_accounts = ["customer:c-1"]
    near.save()
    elsewhere = matter.somebody("supervisor", regions=["EU"])
    made = left_alone(second, kind="device", entity_id="d-1")
    before = everything()
    for who in (near, elsewhere):
        assert queries.snoozes(engineer(who), RULE) == Page([], 1)
        with pytest.raises(AccessDenied):
            snoozing.end(engineer(who), made.pk)
        for kind, ident in (("customer", "c-1"), ("device", "d-1"), ("card", "pi-1")):
            with pytest.raises(AccessDenied):
                left_alone(who, kind=kind, entity_id=ident)
    assert everything() == before
    assert [one.ended_at for one in Snooze.objects.all()] == [None]
    assert left_alone(elsewhere, kind="device", entity_id="of nobody we know").ended_at is None


def test_a_draft_looks_at_nobody(author: Staff, second: Staff) -> None:
    draft = written(author)
    with pytest.raises(Conflict):
        snoozing.snooze(
            engineer(second), draft.name, kind="customer", entity_id="c-1", reason=WHY,
            until=timezone.now().date() + dt.timedelta(days=1),
        )  # fmt: skip
    assert not Snooze.objects.exists()
