"""What Tocsin asked for is enforced, ends when it should, and can be undone in any order."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.events import Answer, Event
from simulator.model import Ref
from simulator.obey import CannotDo, Obedience
from simulator.pace import Pace
from simulator.standing import Gate, Standing
from simulator.truth import Truth

CUSTOMER: Ref = ("customer", "cus-1")
SHOPPER: Ref = ("shopper", "sho-1")
NOW = 1_000_000.0


def event(event_type: str = "order.placed", **entities: str) -> Event:
    return Event("ev-1", event_type, "US-WA", "America/Los_Angeles", {"customer": "cus-1", **entities}, {})


@pytest.fixture
def obedience() -> Obedience:
    return Obedience(Standing(), Truth(), Pace(1.0))


def request(action: str, target: Ref = CUSTOMER, ident: str = "act_1", **more: Any) -> dict[str, Any]:
    return {"action_id": ident, "type": action, "target": {"kind": target[0], "id": target[1]}, **more}


def gate(obedience: Obedience, said: Event, actor: Ref = CUSTOMER, now: float = NOW) -> Gate:
    return obedience.standing.rule(said, actor, now).gate


@pytest.mark.parametrize("action", ["lock_account", "suspend_interim", "suspend_fixed", "terminate"])
def test_a_stopped_account_does_nothing_until_it_is_restored(obedience: Obedience, action: str) -> None:
    obedience.action(request(action), NOW)
    assert gate(obedience, event()) is Gate.SHUT
    assert gate(obedience, event("account.login")) is Gate.SHUT
    assert gate(obedience, event(customer="cus-2"), ("customer", "cus-2")) is Gate.OPEN
    obedience.reversal(request("restore_account", reverses="act_1"))
    assert gate(obedience, event()) is Gate.OPEN


def test_an_action_is_applied_once_and_outlives_the_reversal_of_another(obedience: Obedience) -> None:
    for _ in range(3):
        obedience.action(request("lock_account"), NOW)
    assert obedience.counts["action lock_account"] == 1
    obedience.action(request("lock_account", ident="act_2"), NOW)
    obedience.reversal(request("unlock_account", reverses="act_1"))
    assert gate(obedience, event()) is Gate.SHUT
    obedience.reversal(request("unlock_account", reverses="act_2"))
    assert gate(obedience, event()) is Gate.OPEN


def test_a_reversal_that_overtakes_its_action_wins(obedience: Obedience) -> None:
    obedience.reversal(request("unlock_account", reverses="act_1"))
    obedience.action(request("lock_account"), NOW)
    assert gate(obedience, event()) is Gate.OPEN


def test_a_time_boxed_action_ends_by_itself(obedience: Obedience) -> None:
    obedience.action(request("lock_account", ends_at="1970-01-12T13:56:40+00:00"), NOW)
    assert gate(obedience, event(), now=NOW + 599) is Gate.SHUT
    assert gate(obedience, event(), now=NOW + 600) is Gate.OPEN


def test_a_blocked_order_is_never_captured_and_a_held_one_waits(obedience: Obedience) -> None:
    order: Ref = ("order", "ord-1")
    obedience.action(request("hold_order", order, ident="act_h"), NOW)
    said = event("payment.authorised", order="ord-1")
    assert gate(obedience, said) is Gate.HELD
    obedience.action(request("block_transaction", order), NOW)
    assert gate(obedience, said) is Gate.SHUT
    assert gate(obedience, event("payment.authorised", order="ord-2")) is Gate.OPEN
    obedience.reversal(request("allow_transaction", order, reverses="act_1"))
    obedience.reversal(request("release_order", order, reverses="act_h"))
    assert gate(obedience, said) is Gate.OPEN


def test_a_stopped_card_pays_nothing_and_the_account_may_use_another(obedience: Obedience) -> None:
    answer = Answer("block", ("V3",), (("block_transaction", "card", "card-1"),))
    obedience.verdict(event("payment.declined", card="card-1"), CUSTOMER, answer, NOW)
    assert gate(obedience, event("payment.authorised", card="card-1")) is Gate.SHUT
    assert gate(obedience, event("payment.authorised", card="card-2")) is Gate.OPEN
    assert gate(obedience, event("account.login", card="card-1")) is Gate.OPEN


def test_a_parted_pair_is_not_matched_and_both_may_meet_others(obedience: Obedience) -> None:
    obedience.action(request("unmatch", ("pair", "cus-1|sho-1")), NOW)
    assert obedience.standing.parted("cus-1", "sho-1", NOW)
    assert gate(obedience, event("order.assigned", shopper="sho-1"), SHOPPER) is Gate.SHUT
    assert gate(obedience, event("message.sent", shopper="sho-1")) is Gate.SHUT
    assert gate(obedience, event("order.assigned", shopper="sho-2"), ("shopper", "sho-2")) is Gate.OPEN
    assert not obedience.truth.troubled, "parting accuses nobody"
    obedience.reversal(request("allow_match", ("pair", "cus-1|sho-1"), reverses="act_1"))
    assert gate(obedience, event("order.assigned", shopper="sho-1"), SHOPPER) is Gate.OPEN


def test_a_held_refund_waits_and_the_rest_goes_on(obedience: Obedience) -> None:
    obedience.action(request("hold_refund"), NOW)
    assert gate(obedience, event("refund.paid", order="ord-1")) is Gate.HELD
    assert gate(obedience, event("order.placed", order="ord-2")) is Gate.OPEN


def test_a_feature_restriction_stops_only_risky_deeds(obedience: Obedience) -> None:
    obedience.action(request("restrict_feature"), NOW)
    assert gate(obedience, event("promo.redeemed")) is Gate.SHUT
    assert gate(obedience, event("order.placed")) is Gate.OPEN


def test_what_the_marketplace_cannot_do_is_said_and_changes_nothing(obedience: Obedience) -> None:
    with pytest.raises(CannotDo, match="knows no action called exile"):
        obedience.action(request("exile"), NOW)
    with pytest.raises(CannotDo, match="no target"):
        obedience.action({"action_id": "act_1", "type": "lock_account"}, NOW)
    assert gate(obedience, event()) is Gate.OPEN
    assert not obedience.truth.troubled


def test_a_verdict_lock_is_undone_by_the_reversal_of_the_action_it_became(obedience: Obedience) -> None:
    answer = Answer("block", ("T2",), (("lock_account", "customer", "cus-1"),))
    obedience.verdict(event("account.login"), CUSTOMER, answer, NOW)
    assert gate(obedience, event()) is Gate.SHUT
    obedience.action(request("lock_account"), NOW)
    obedience.reversal(request("unlock_account", reverses="act_1"))
    assert gate(obedience, event()) is Gate.OPEN


def test_review_holds_an_order_for_its_thirty_minutes(obedience: Obedience) -> None:
    obedience.verdict(event(order="ord-1"), CUSTOMER, Answer("review", ("O1",)), NOW)
    paying = event("payment.authorised", order="ord-1")
    assert gate(obedience, paying, now=NOW + 1_799) is Gate.HELD
    assert gate(obedience, paying, now=NOW + 1_800) is Gate.OPEN


def test_a_verdict_on_a_ping_does_not_cancel_the_customers_order(obedience: Obedience) -> None:
    ping = event("location.ping", order="ord-1", shopper="sho-1")
    obedience.verdict(ping, SHOPPER, Answer("block", ("G1",)), NOW)
    assert gate(obedience, event("order.delivered", order="ord-1"), SHOPPER) is Gate.OPEN
