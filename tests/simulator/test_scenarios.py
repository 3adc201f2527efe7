"""Each planted scenario really shows the pattern the signal catalogue (handbook §4.1) describes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from simulator.geo import Point, metres
from simulator.scenarios import SCENARIOS, choose
from tests.simulator.support import Recorded, played, seconds

SEEDS = (1, 7, 42)
DAY = 86_400.0


def most_within(times: list[float], window_s: float) -> int:
    """The largest number of moments inside any window."""
    return max((sum(start <= t <= start + window_s for t in times) for start in times), default=0)


def accounts(recorded: Recorded, kind: str) -> list[str]:
    return [ident for (k, ident), _ in recorded.plant.accounts.items() if k == kind]


def entities_of(recorded: Recorded, event_type: str, kind: str) -> list[str]:
    return [event["entities"][kind] for event in recorded.of_type(event_type)]


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("speed", [1.0, 600.0])
def test_truth_names_real_events_and_accounts_at_any_pace(name: str, speed: float) -> None:
    recorded = played(name, speed=speed, duration_s=60 * DAY)
    plant = recorded.plant
    ids = {event["id"] for event in recorded.events}
    described = {(entity["kind"], entity["id"]) for entity in recorded.lines["entities"]}
    assert plant.events
    assert set(plant.events) <= ids
    assert set(plant.accounts) <= described
    first = next(event for event in recorded.events if event["id"] == plant.events[0])
    assert plant.first_bad_at == pytest.approx(seconds(first), abs=0.001)
    assert all(stake.state == "lost" for stake in plant.stakes.values()), "nobody stopped it, so it is lost"
    filed = {report["external_id"] for report in recorded.lines["reports"]}
    assert set(plant.reports) == filed


@pytest.mark.parametrize("speed", [1.0, 600.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_stolen_cards_declines_then_high_value(seed: int, speed: float) -> None:
    recorded = played("stolen_cards", seed=seed, speed=speed, duration_s=60 * DAY)
    declined = recorded.of_type("payment.declined")
    (device,) = {event["entities"]["device"] for event in declined}
    assert most_within([seconds(event) for event in declined], 600) >= 5
    orders = recorded.of_type("order.placed")
    assert all(seconds(order) > seconds(declined[-1]) for order in orders)
    assert all(order["fields"]["total_minor"] >= 40_000 for order in orders)
    assert {order["entities"]["device"] for order in orders} == {device}
    assert len({event["entities"]["card"] for event in recorded.of_type("payment.added")}) > 2
    assert len(recorded.of_type("chargeback.received")) == len(orders) == 2
    assert sum(s.amount_minor for s in recorded.plant.stakes.values()) == sum(
        order["fields"]["total_minor"] for order in orders
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_account_takeover_far_login_reset_and_value_on_a_new_device(seed: int) -> None:
    recorded = played("account_takeover", seed=seed)
    (victim,) = accounts(recorded, "customer")
    own, stolen = recorded.of_type("account.login")
    far = metres(*(Point(e["fields"]["lat"], e["fields"]["lon"]) for e in (own, stolen)))
    assert far > 100_000
    assert far / (seconds(stolen) - seconds(own)) * 3.6 > 900
    device = stolen["entities"]["device"]
    reset, *contacts = recorded.of_type("account.credential_changed") + recorded.of_type(
        "account.contact_changed"
    )
    assert len(contacts) == 2
    assert {e["entities"]["device"] for e in (reset, *contacts)} == {device}
    for order in recorded.of_type("order.placed"):
        assert order["entities"]["device"] == device
        assert seconds(reset) < seconds(order) < seconds(reset) + DAY
        assert order["fields"]["ship_matches_bill"] is False
        assert order["fields"]["total_minor"] > 35_000
        assert order["fields"]["gift_card_minor"] > 0.6 * 35_000
    (report,) = recorded.lines["reports"]
    assert report["reporter"]["account"] == victim
    assert recorded.plant.accounts == {("customer", victim): "compromised"}


@pytest.mark.parametrize("seed", SEEDS)
def test_worker_takeover_contact_and_payout_within_a_day(seed: int) -> None:
    recorded = played("worker_takeover", seed=seed)
    (victim,) = accounts(recorded, "shopper")
    (contact,), (payout,) = recorded.of_type("account.contact_changed"), recorded.of_type("payout.changed")
    assert contact["entities"]["shopper"] == payout["entities"]["shopper"] == victim
    assert 0 < seconds(payout) - seconds(contact) < DAY
    (message,) = recorded.of_type("message.sent")
    assert "cod" in message["fields"]["text"].lower() or "cód" in message["fields"]["text"].lower()


@pytest.mark.parametrize("seed", SEEDS)
def test_refund_abuse_ratio_and_claims_against_proof(seed: int) -> None:
    recorded = played("refund_abuse", seed=seed)
    paid = recorded.of_type("payment.authorised")
    refunded = recorded.of_type("refund.paid")
    assert len(paid) >= 5
    ratio = sum(e["fields"]["amount_minor"] for e in refunded) / sum(
        e["fields"]["amount_minor"] for e in paid
    )
    assert ratio > 0.25
    claims = recorded.of_type("refund.requested")
    assert (
        sum(c["fields"]["proof_of_delivery"] and c["fields"]["reason"] == "not_received" for c in claims) >= 2
    )
    assert {c["entities"]["customer"] for c in claims} == set(accounts(recorded, "customer"))


@pytest.mark.parametrize("seed", SEEDS)
def test_promo_ring_is_one_component(seed: int) -> None:
    recorded = played("promo_ring", seed=seed)
    uses = recorded.of_type("promo.redeemed")
    assert len({e["entities"]["customer"] for e in uses}) >= 4
    assert len({e["fields"]["promo"] for e in uses}) == 1
    for shared in ("card", "address"):
        assert len({e["entities"][shared] for e in uses}) == 1
    assert len({e["entities"]["device"] for e in uses}) == 2
    created = {e["entities"]["customer"] for e in recorded.of_type("account.created")}
    assert created == set(accounts(recorded, "customer"))


@pytest.mark.parametrize("seed", SEEDS)
def test_tip_baiting_three_cuts_of_three_quarters_in_ten_orders(seed: int) -> None:
    recorded = played("tip_baiting", seed=seed)
    cuts = recorded.of_type("tip.changed")
    deep = [e for e in cuts if e["fields"]["after_minor"] <= e["fields"]["before_minor"] / 4]
    assert len(deep) >= 3
    assert len(recorded.of_type("order.placed")) <= 10
    delivered = {e["entities"]["order"]: seconds(e) for e in recorded.of_type("order.delivered")}
    for cut in deep:
        assert cut["fields"]["after_delivery"] is True
        assert seconds(cut) > delivered[cut["entities"]["order"]]


@pytest.mark.parametrize("seed", SEEDS)
def test_collusion_one_pair_with_refunds_and_short_receipts(seed: int) -> None:
    recorded = played("collusion", seed=seed)
    pairs = Counter(
        (e["entities"]["customer"], e["entities"]["shopper"]) for e in recorded.of_type("order.assigned")
    )
    assert list(pairs.values()) == [8]
    assert len(recorded.of_type("refund.paid")) >= 5
    receipts = recorded.of_type("receipt.submitted")
    charged = sum(e["fields"]["charged_minor"] for e in receipts)
    gap = charged - sum(e["fields"]["receipt_minor"] for e in receipts)
    assert gap / charged > 0.05
    assert {kind for kind, _ in recorded.plant.accounts} == {"customer", "shopper"}


@pytest.mark.parametrize("seed", SEEDS)
def test_gps_spoofing_jumps_and_mock_flags(seed: int) -> None:
    recorded = played("gps_spoofing", seed=seed)
    pings = recorded.of_type("location.ping")
    assert jumps(pings) >= 2
    assert any(ping["fields"]["mock"] for ping in pings)
    assert any(e["fields"]["store_distance_m"] > 150 for e in recorded.of_type("order.picked"))
    assert sum(e["fields"]["drop_distance_m"] > 300 for e in recorded.of_type("order.delivered")) >= 2
    assert len(recorded.of_type("shift.started")) == 1


def jumps(pings: list[dict[str, Any]]) -> int:
    """Moves between consecutive pings of one shopper faster than 200 km/h."""
    found, last = 0, {}
    for ping in pings:
        here = Point(ping["fields"]["lat"], ping["fields"]["lon"])
        shopper = ping["entities"]["shopper"]
        if shopper in last:
            at, there = last[shopper]
            found += metres(here, there) / max(seconds(ping) - at, 0.001) * 3.6 > 200
        last[shopper] = (seconds(ping), here)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_account_renting_failed_selfie_and_two_shifts_at_once(seed: int) -> None:
    recorded = played("account_renting", seed=seed)
    (renter,) = accounts(recorded, "shopper")
    assert any(e["fields"]["match"] is False for e in recorded.of_type("selfie.checked"))
    first, second = recorded.of_type("shift.started")
    assert first["entities"]["shopper"] == second["entities"]["shopper"] == renter
    assert first["zone"] != second["zone"] or first["region"] != second["region"]
    assert first["entities"]["device"] != second["entities"]["device"]
    ended = min(seconds(e) for e in recorded.of_type("shift.ended"))
    assert seconds(second) < ended, "the second shift begins before any ends"
    (report,) = recorded.lines["reports"]
    assert report["subject"] == {"kind": "shopper", "id": renter}


@pytest.mark.parametrize("seed", SEEDS)
def test_harassment_messages_report_and_another_try(seed: int) -> None:
    recorded = played("harassment", seed=seed)
    (offender,) = accounts(recorded, "customer")
    messages = recorded.of_type("message.sent")
    assert len(messages) >= 5
    assert all(m["fields"]["sender"] == "customer" for m in messages)
    (report,) = recorded.lines["reports"]
    assert report["codes"] == ["CON.harassment"]
    assert report["reporter"]["kind"] == "shopper"
    assert report["subject"] == {"kind": "customer", "id": offender}
    pairs = {
        (e["entities"]["customer"], e["entities"]["shopper"]) for e in recorded.of_type("order.assigned")
    }
    assert len(pairs) == 1
    assert len(recorded.of_type("order.assigned")) == 3, "he asks for her again"


@pytest.mark.parametrize("seed", SEEDS)
def test_scam_messages_ask_for_codes_links_and_other_payment(seed: int) -> None:
    recorded = played("scam_messages", seed=seed)
    messages = recorded.of_type("message.sent")
    assert len({m["entities"]["shopper"] for m in messages}) == 6
    assert sum("http" in m["fields"]["text"] for m in messages) == 2


@pytest.mark.parametrize("seed", SEEDS)
def test_missing_area_many_customers_one_place_one_shopper(seed: int) -> None:
    recorded = played("missing_area", seed=seed)
    reports = recorded.lines["reports"]
    assert len(reports) >= 5
    assert {tuple(report["codes"]) for report in reports} == {("DEL.missing",)}
    assert len({report["reporter"]["account"] for report in reports}) == len(reports)
    orders = {report["order"] for report in reports}
    assigned = [e for e in recorded.of_type("order.assigned") if e["entities"]["order"] in orders]
    assert {e["entities"]["shopper"] for e in assigned} == set(accounts(recorded, "shopper"))
    assert len({e["entities"]["store"] for e in assigned}) == 1


def test_scenarios_are_chosen_by_name() -> None:
    assert [s.name for s in choose("tip_baiting, promo_ring")] == ["tip_baiting", "promo_ring"]
    assert choose("none") == []
    assert len(choose("all")) == len(SCENARIOS) == 12
    with pytest.raises(ValueError, match="no scenario called jaywalking"):
        choose("promo_ring,jaywalking")
