"""Somebody who was removed comes back under another name; and people who only look like them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.marketplace import Marketplace
from tests.journeys.people import Cast, cast
from tests.journeys.test_by_api_alone import Desk
from tests.support.stack import Stack, until

NAME, WIFI = "Ruth Vane", "198.51.100.23"
REASONS = "The cards were the account holder's own, as the bank has confirmed."


@pytest.mark.capability("A2.2")
def test_who_was_removed_is_routed_to_review_and_look_alikes_are_let_in(stack: Stack) -> None:
    people = cast(stack, "back", "supervisor")
    shop = Marketplace(stack.web, stack.decide, people.key, people.tag)
    omar = Desk(stack.web, people["supervisor"])
    ruth, used = f"ruth-{shop.tag}", _instruments(shop)
    _register(shop, ruth, **used)
    shop.event("payment.added", {"customer": ruth, "card": used["card"]})
    decision = _removed(stack, shop, people, ruth)

    # the same name, the same building and the same wireless network are no links
    alike = f"alike-{shop.tag}"
    registered = _register(shop, alike, device=f"own-{shop.tag}", address=f"unit-2-{shop.tag}")
    assert (registered["verdict"], registered["actions"]) == ("allow", [])

    # an instrument of the removed account is, and a person looks; nothing is refused or held
    for kind, ident in used.items():
        event = "payment.added" if kind == "card" else "account.created"
        back = f"back-{kind}-{shop.tag}"
        shop.tell("customer", back, name=NAME, region="US-CA")
        told = shop.event(event, {"customer": back, kind: ident, "ip": WIFI})
        assert (told["verdict"], told["actions"]) == ("review", []), kind
        assert [reason["code"] for reason in told["reasons"]] == ["D5"], kind
        case = shop.case_about(back)
        [alert] = omar.read(f"/cases/{case['id']}")["alerts"]
        assert (alert["rule"], alert["code"]) == ("returns_after_removal", "D5")
        [party] = [one for one in case["parties"] if one["id"] == back]
        assert (party["status"], case["actions"]) == ("normal", []), kind
    assert not _cases_about(shop, alike)

    # the removal was a mistake: the engine forgets it, and the next on that phone is nobody's matter
    other = Desk(stack.web, cast(stack, "undo", "supervisor")["supervisor"])
    other.do(f"/decisions/{decision}/reversal", {"reason": REASONS})
    until(lambda: _events(shop, ruth, "account.reinstated"), "the engine to know of the reversal")
    later = _register(shop, f"later-{shop.tag}", device=used["device"], address=f"unit-3-{shop.tag}")
    assert later["verdict"] == "allow"
    assert len(_events(shop, ruth, "account.removed")) == 1
    assert len(_events(shop, ruth, "account.reinstated")) == 1
    shop.stop()


def _instruments(shop: Marketplace) -> dict[str, str]:
    return {kind: f"{kind}-{shop.tag}" for kind in ("device", "address", "phone", "payout", "card")}


def _register(shop: Marketplace, customer: str, **instruments: str) -> dict[str, Any]:
    shop.tell("customer", customer, name=NAME, region="US-CA")
    return shop.event("account.created", {"customer": customer, "ip": WIFI, **instruments})


def _removed(stack: Stack, shop: Marketplace, people: Cast, customer: str) -> str:
    """Have an account terminated by one supervisor and confirmed by another; returns the decision."""
    shop.test_cards(customer)
    case = shop.case_about(customer)
    first = Desk(stack.web, people["supervisor"])
    second = Desk(stack.web, cast(stack, "reads", "supervisor")["supervisor"])
    first.do(f"/cases/{case['id']}/assign")
    [subject] = [party["account_id"] for party in case["parties"] if party["part"] == "subject"]
    filed = first.do(
        f"/cases/{case['id']}/decisions",
        {
            "finding": "substantiated", "standard_of_proof": "preponderance", "subject": subject,
            "clause": "C4.1", "facts_internal": "Six cards of other people within a minute.",
            "facts_disclosable": "Cards of other people were tried from your account.",
        },
        expected=201,
    )  # fmt: skip
    assert filed["state"] == "awaiting_second_reader"
    assert not _events(shop, customer, "account.removed")
    second.do(f"/decisions/{filed['id']}/second-reading", {"agree": True})
    until(lambda: _events(shop, customer, "account.removed"), "the engine to know of the removal")
    return str(filed["id"])


def _events(shop: Marketplace, customer: str, event_type: str) -> list[dict[str, Any]]:
    """What the engine was told about a customer, as it can be read back."""
    asked = {"entity_kind": "customer", "entity_id": customer, "type": event_type}
    answer = shop.client.get("/v1/events", params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def _cases_about(shop: Marketplace, customer: str) -> list[str]:
    listed = shop.client.get("/v1/cases", params={"tab": "all", "limit": 200}).json()["items"]
    read = [shop.client.get(f"/v1/cases/{brief['id']}").json() for brief in listed]
    return [case["id"] for case in read if customer in [party["id"] for party in case["parties"]]]
