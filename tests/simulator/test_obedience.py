"""Harm stops when Tocsin says so, and the kept and lost money adds up to what was at stake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from simulator.events import ALLOW, Answer, Event
from simulator.offline import Judge
from simulator.scenarios import SCENARIOS
from simulator.scenarios.base import Scenario
from simulator.stage import Stage
from simulator.steps import Story
from simulator.stories import lookalikes
from simulator.stories.order import Plan, order
from tests.simulator.support import played, seconds
from tests.simulator.test_lookalikes import alone


def verdict(kind: str, *event_types: str, after: int = 0) -> Judge:
    """Answer so on these event types, once `after` of them have gone through."""
    seen = 0

    def judge(event: Event) -> Answer:
        nonlocal seen
        if event.type not in event_types:
            return Answer("allow")
        seen += 1
        return Answer(kind if seen > after else "allow", ("X1",))

    return judge


STOPPED_BY = {
    "stolen_cards": "order.placed",
    "account_takeover": "account.credential_changed",
    "worker_takeover": "payout.changed",
    "refund_abuse": "refund.requested",
    "promo_ring": "promo.redeemed",
    "tip_baiting": "tip.changed",
    "collusion": "refund.requested",
    "gps_spoofing": "order.assigned",
    "account_renting": "order.assigned",
    "missing_area": "order.assigned",
}


CASES = [(name, "block") for name in STOPPED_BY] + [
    # whoever holds the account, as these three do, can pass a challenge
    (name, "step_up")
    for name in STOPPED_BY
    if name not in ("gps_spoofing", "account_renting", "missing_area")
]


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_verdict_at_the_right_moment_keeps_all_the_money(name: str, kind: str) -> None:
    free = played(name).plant
    at_stake = sum(stake.amount_minor for stake in free.stakes.values())
    assert (free.total("lost"), free.total("stopped")) == (at_stake, 0)
    guarded = played(name, judge=verdict(kind, STOPPED_BY[name])).plant
    assert (guarded.total("lost"), guarded.total("stopped")) == (0, at_stake)
    deed_begun = guarded.first_bad_at is not None
    assert guarded.noticed_by == (f"{kind} X1" if deed_begun else "")


def test_what_went_through_before_the_first_verdict_is_lost() -> None:
    plant = played("refund_abuse", judge=verdict("block", "refund.requested", after=2)).plant
    amounts = [stake.amount_minor for stake in plant.stakes.values()]
    assert plant.total("lost") == sum(amounts[:2])
    assert plant.total("stopped") == sum(amounts[2:])


def test_a_watch_is_noticed_and_stops_nothing() -> None:
    plant = played("tip_baiting", judge=verdict("watch", "tip.changed")).plant
    assert plant.noticed_by == "watch X1"
    assert plant.interrupted_at is None
    assert plant.total("stopped") == 0


def test_a_review_nobody_answers_lets_the_deed_go_on_after_its_time() -> None:
    free = played("tip_baiting")
    reviewed = played("tip_baiting", judge=verdict("review", "tip.changed"))
    assert reviewed.plant.total("lost") == free.plant.total("lost")
    assert len(reviewed.of_type("tip.changed")) == len(free.of_type("tip.changed"))
    second = free.of_type("order.placed")[1], reviewed.of_type("order.placed")[1]
    assert seconds(second[1]) - seconds(second[0]) >= 15, "the first cut waited for its review"


def test_a_lock_with_the_verdict_stops_a_thief_for_good_and_an_owner_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lock_after_reset(event: Event) -> Answer:
        if event.type != "account.credential_changed":
            return Answer("allow")
        return Answer("watch", ("T2",), (("lock_account", "customer", event.entities["customer"]),))

    stolen = played("account_takeover", judge=lock_after_reset)
    assert not stolen.of_type("order.placed")
    assert stolen.plant.total("lost") == 0
    owner = alone(lookalikes.new_phone, monkeypatch, judge=lock_after_reset)
    assert not owner.of_type("order.placed"), "the owner is locked out when trying at once"
    assert {"lock_account"} == next(iter(owner.truth.troubled.values()))


def test_messages_that_are_kept_back_reach_nobody() -> None:
    recorded = played("worker_takeover", judge=verdict("block", "message.sent"))
    assert not recorded.of_type("payout.changed")
    assert recorded.plant.total("lost") == 0
    assert set(SCENARIOS) >= set(STOPPED_BY)


def verified_when(**changes: Any) -> list[dict[str, Any]]:
    """One order that Tocsin wants verified by everything there is, and what the marketplace tells of it."""

    def everything(event: Event) -> Answer:
        if event.type != "order.placed":
            return ALLOW
        ident = event.entities["order"]
        kinds = ("age", "photo", "pin", "receipt")
        return Answer("step_up", ("O4",), tuple((f"verify_{kind}", "order", ident) for kind in kinds))

    @dataclass(frozen=True)
    class OneOrder(Scenario):
        name: ClassVar[str] = "one_order"
        summary: ClassVar[str] = "one order"
        expects: ClassVar[frozenset[str]] = frozenset()

        def play(self, stage: Stage) -> Story:
            customer = stage.world.new_customer(stage.now)
            yield from order(stage, Plan(customer, 5_000, **changes))

    return played(OneOrder(), judge=everything).lines["verifications"]


def test_what_is_demanded_for_the_door_holds_up_nobody_and_is_done_there() -> None:
    told = verified_when()
    assert {one["kind"]: one["outcome"] for one in told} == dict.fromkeys(
        ("age", "photo", "pin", "receipt"), "passed"
    )
    assert len({one["external_id"] for one in told}) == 4
    assert {one["kind"] for one in told if "evidence_sha256" in one} == {"photo", "receipt"}


def test_who_is_not_at_the_door_or_cheats_with_the_receipt_does_not_pass() -> None:
    outcomes = {one["kind"]: one["outcome"] for one in verified_when(drop_off_m=900.0)}
    assert outcomes == {"age": "failed", "photo": "failed", "pin": "failed", "receipt": "passed"}
    [receipt] = [one for one in verified_when(receipt_share=0.7) if one["kind"] == "receipt"]
    assert receipt["outcome"] == "failed"
