"""An order is to be verified, and is; or fails, or nobody says. Results count once, and no PIN is kept."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tests.domains.actors import integration, staff
from tests.domains.detection.desk import Desk
from tocsin.core.clocks.models import Clock
from tocsin.core.clocks.service import fire_due
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput
from tocsin.core.outbox.models import OutboxMessage
from tocsin.domains.detection.models import Alert
from tocsin.domains.detection.ship import ship_once
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.people.models import Order
from tocsin.domains.verification import queries
from tocsin.domains.verification.actions import Told, tell
from tocsin.domains.verification.models import Verification, VerificationResult
from tocsin.surfaces.console import verifying

pytestmark = pytest.mark.django_db
SHOP = integration("entities:write", "entities:read")
LARGE = {"total_minor": 40000, "currency": "USD", "first_order": True}
WHO = {"customer": "c-1", "order": "o-1"}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A large first order was placed, and what decide answered has been shipped."""
    desk = Desk(tmp_path / "decide")
    assert desk.tell("order.placed", region="US-WA", **WHO, **LARGE) == "step_up"
    ship_once(desk.read)
    return desk


def told(ident: str = "r-1", outcome: str = "passed", **more: Any) -> Told:
    given = {"method": "code_in_app", "attempts": 1, "at": timezone.now() - dt.timedelta(minutes=1)}
    return Told(ident, outcome, **(given | more))


def states() -> dict[str, str]:
    return dict(Verification.objects.order_by("kind").values_list("kind", "state"))


def to_engine() -> list[tuple[dict[str, str], dict[str, Any]]]:
    rows = OutboxMessage.objects.filter(kind="event").order_by("created_at", "id")
    assert {row.topic for row in rows} <= {"order.verified"}
    return [(row.data["entities"], row.data["fields"]) for row in rows]


def test_what_decide_demands_is_kept_once_and_the_marketplace_is_told(desk: Desk) -> None:
    assert states() == {"photo": "demanded", "pin": "demanded"}
    row = Verification.objects.get(kind="pin")
    assert (row.order_ref, row.customer, row.region, row.reason_code) == ("o-1", "c-1", "US-WA", "O1")
    desk.tell("order.placed", region="US-WA", **WHO, **LARGE)
    ship_once(desk.read)
    assert Verification.objects.count() == 2
    hooks = OutboxMessage.objects.filter(topic="verification.demanded", destination="webhooks.fan_out")
    assert {(row.data["order"], row.data["kind"]) for row in hooks} == {("o-1", "pin"), ("o-1", "photo")}
    assert hooks.count() == 2


def test_an_ordinary_order_has_to_be_verified_by_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "decide")
    assert desk.tell("order.placed", **WHO, total_minor=4000, currency="USD") == "allow"
    ship_once(desk.read)
    assert not Verification.objects.exists()


def test_a_result_is_stored_once_however_often_it_is_told(desk: Desk) -> None:
    given = told(attempts=2, evidence_sha256="ab" * 32)
    first = tell(SHOP, "o-1", "pin", given)
    again = tell(SHOP, "o-1", "pin", given)
    assert (first.state, first.attempts, again.attempts) == ("passed", 2, 2)
    [kept] = VerificationResult.objects.all()
    assert (kept.external_id, kept.method, kept.evidence_sha256) == ("r-1", "code_in_app", "ab" * 32)
    assert states() == {"photo": "demanded", "pin": "passed"}
    fields = {"verification": "pin", "outcome": "passed", "attempts": 2}
    assert to_engine() == [({"order": "o-1", "customer": "c-1"}, fields)]


@pytest.mark.parametrize(
    ("order", "kind", "change"),
    [("o-1", "pin", {"outcome": "passed"}), ("o-2", "pin", {}), ("o-1", "photo", {}),
     ("o-1", "pin", {"attempts": 4})],
)  # fmt: skip
def test_the_id_of_a_result_is_not_used_for_another(
    desk: Desk, order: str, kind: str, change: dict[str, Any]
) -> None:
    at = timezone.now()
    tell(SHOP, "o-1", "pin", told(outcome="failed", at=at))
    with pytest.raises(Conflict) as refused:
        tell(SHOP, order, kind, told(**({"outcome": "failed", "at": at} | change)))
    assert refused.value.code == "external_id_used"
    assert states() == {"photo": "demanded", "pin": "failed"}
    assert (VerificationResult.objects.count(), len(to_engine())) == (1, 1)


def test_what_failed_may_pass_later_and_what_passed_is_settled(desk: Desk) -> None:
    tell(SHOP, "o-1", "pin", told("r-1", "failed", attempts=3))
    assert tell(SHOP, "o-1", "pin", told("r-2", "passed")).attempts == 4
    with pytest.raises(Conflict) as refused:
        tell(SHOP, "o-1", "pin", told("r-3", "failed"))
    assert refused.value.code == "already_passed"
    assert states()["pin"] == "passed"
    assert [fields["outcome"] for _, fields in to_engine()] == ["failed", "passed"]


def test_a_result_may_arrive_before_the_demand_and_without_one(tmp_path: Path) -> None:
    assert tell(SHOP, "o-1", "pin", told()).demanded_at is None
    assert tell(SHOP, "o-9", "age", told("r-9")).state == "passed"
    desk = Desk(tmp_path / "decide")
    desk.tell("order.placed", **WHO, **LARGE)
    ship_once(desk.read)
    row = Verification.objects.get(order_ref="o-1", kind="pin")
    assert (row.state, row.demanded_at is not None, row.reason_code) == ("passed", True, "O1")


def test_what_nobody_tells_after_the_delivery_is_missing_and_may_still_come(desk: Desk) -> None:
    tell(SHOP, "o-1", "pin", told())
    desk.tell("order.delivered", shopper="s-1", **WHO, total_minor=40000, currency="USD")
    ship_once(desk.read)
    [clock] = Clock.objects.filter(subject_type="verification")
    assert (clock.basis, clock.amount, clock.on_breach) == ("minutes", 30, "escalate")
    fire_due(clock.due_at - dt.timedelta(seconds=1))
    assert states() == {"photo": "demanded", "pin": "passed"}
    fire_due(clock.due_at + dt.timedelta(seconds=1))
    fire_due(clock.due_at + dt.timedelta(seconds=2))
    assert states() == {"photo": "missing", "pin": "passed"}
    who = {"order": "o-1", "customer": "c-1", "shopper": "s-1"}
    assert to_engine()[1:] == [(who, {"verification": "photo", "outcome": "missing", "attempts": 0})]
    assert tell(SHOP, "o-1", "photo", told("r-2")).state == "passed"


def test_a_result_in_time_stops_the_wait(desk: Desk) -> None:
    desk.tell("order.delivered", shopper="s-1", **WHO, total_minor=40000, currency="USD")
    ship_once(desk.read)
    for kind in ("pin", "photo"):
        tell(SHOP, "o-1", kind, told(f"r-{kind}"))
    fire_due(timezone.now() + dt.timedelta(hours=1))
    assert states() == {"photo": "passed", "pin": "passed"}


def test_nothing_is_waited_for_when_the_order_is_cancelled(desk: Desk) -> None:
    tell(SHOP, "o-1", "pin", told())
    desk.tell("order.cancelled", **WHO, total_minor=40000, currency="USD", reason="stopped_later")
    desk.tell("order.delivered", shopper="s-1", **WHO, total_minor=40000, currency="USD")
    ship_once(desk.read)
    assert states() == {"photo": "dropped", "pin": "passed"}
    assert not Clock.objects.filter(subject_type="verification").exists()


def test_a_result_of_the_future_is_refused(desk: Desk) -> None:
    with pytest.raises(InvalidInput) as refused:
        tell(SHOP, "o-1", "pin", told(at=timezone.now() + dt.timedelta(minutes=6)))
    assert refused.value.fields == {"at": "This lies in the future."}
    assert not VerificationResult.objects.exists()


def test_only_who_may_write_tells_and_only_who_may_look_reads(desk: Desk) -> None:
    with pytest.raises(AccessDenied):
        tell(integration("entities:read"), "o-1", "pin", told())
    with pytest.raises(AccessDenied):
        queries.of_order(integration("entities:write"), "o-1")
    assert states() == {"photo": "demanded", "pin": "demanded"}
    assert [row.kind for row in queries.of_order(SHOP, "o-1")] == ["photo", "pin"]


def test_a_demand_after_the_delivery_is_waited_for_at_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "decide")
    desk.tell("order.delivered", shopper="s-1", **WHO, total_minor=40000, currency="USD")
    desk.tell("order.placed", **WHO, **LARGE)
    ship_once(desk.read)
    clocks = Clock.objects.filter(subject_type="verification", name="report")
    assert set(clocks.values_list("subject_id", flat=True)) == set(
        Verification.objects.values_list("id", flat=True)
    )
    assert states() == {"photo": "demanded", "pin": "demanded"}


def test_history_and_cancelled_orders_demand_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "decide")
    desk.tell("order.cancelled", **WHO, total_minor=40000, currency="USD", reason="stopped_later")
    assert desk.tell("order.placed", **WHO, **LARGE) == "step_up"
    assert desk.tell("order.placed", late_ms=90_000_000, customer="c-2", order="o-2", **LARGE) == "step_up"
    ship_once(desk.read)
    assert not Verification.objects.exists()
    assert not OutboxMessage.objects.filter(topic="verification.demanded").exists()


def test_what_has_passed_unasked_is_not_asked_for(tmp_path: Path) -> None:
    tell(SHOP, "o-1", "pin", told())
    desk = Desk(tmp_path / "decide")
    desk.tell("order.placed", **WHO, **LARGE)
    ship_once(desk.read)
    hooks = OutboxMessage.objects.filter(topic="verification.demanded", destination="webhooks.fan_out")
    assert [row.data["kind"] for row in hooks] == ["photo"]


@pytest.mark.parametrize("known", [True, False], ids=["order known", "order not known"])
def test_neither_another_region_nor_whoever_is_kept_from_the_people_reads_it(desk: Desk, known: bool) -> None:
    if known:
        upsert_entity(SHOP, "order", "o-1", {"customer": "c-1", "store": "st-1"})
        Order.objects.update(region="US-WA")
    assert [row.kind for row in queries.of_order(staff("investigator"), "o-1")] == ["photo", "pin"]
    for kept in (
        staff("investigator", regions=("EU",)),
        staff("investigator", kept_from=frozenset({"customer:c-1"})),
    ):
        with pytest.raises(AccessDenied) as refused:
            queries.of_order(kept, "o-1")
        assert refused.value.reason in ("region", "walled_off")
        assert verifying.of_order(kept, "o-1") == []


def accused() -> list[tuple[str, str, str, str]]:
    """What the rules make of what the engine was told: whom each alert is about, and the other side."""
    names = ("subject_kind", "subject_id", "counterpart_kind", "counterpart_id")
    return list(Alert.objects.order_by("opened_at", "id").values_list(*names))


def hear(desk: Desk) -> None:
    """The engine decides what it was told, and that is shipped."""
    for who, fields in to_engine():
        desk.tell("order.verified", region="US-WA", **who, **fields)
    ship_once(desk.read)


def test_what_fails_at_the_door_is_about_who_carries_the_order_then(desk: Desk) -> None:
    desk.tell("order.assigned", shopper="s-1", **WHO)
    desk.tell("order.assigned", shopper="s-2", **WHO)
    ship_once(desk.read)
    tell(SHOP, "o-1", "pin", told(outcome="failed"))
    hear(desk)
    assert accused() == [("shopper", "s-2", "customer", "c-1")]


def test_what_is_missing_is_about_who_delivered(desk: Desk) -> None:
    desk.tell("order.placed", customer="c-1", order="o-2", shopper="s-1", **LARGE)
    ship_once(desk.read)
    assert set(Verification.objects.filter(order_ref="o-2").values_list("shopper", flat=True)) == {"s-1"}
    desk.tell("order.delivered", customer="c-1", order="o-2", shopper="s-2", total_minor=1, currency="USD")
    ship_once(desk.read)
    assert set(Verification.objects.filter(order_ref="o-2").values_list("shopper", flat=True)) == {"s-2"}


def test_a_failure_before_anybody_carries_the_order_accuses_no_customer(desk: Desk) -> None:
    tell(SHOP, "o-1", "pin", told(outcome="failed"))
    hear(desk)
    assert accused() == [("order", "o-1", "", "")]
