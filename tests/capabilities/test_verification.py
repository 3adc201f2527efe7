"""A high-risk order is verified at the door as the rules demand, and what came of it is kept and shown."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.journeys import desk
from tests.journeys.marketplace import Marketplace
from tests.journeys.people import cast
from tests.journeys.test_by_api_alone import Desk
from tests.support.stack import Stack, until

KINDS = ["age", "photo", "pin", "receipt"]
RISKY = {
    "total_minor": 40_000, "currency": "USD", "first_order": True, "gift_card_minor": 20_000,
    "age_restricted": True,
}  # fmt: skip
PHOTO = "5e" * 32


@pytest.mark.capability("A2.4")
def test_a_risky_order_needs_what_is_configured_and_the_result_is_stored(
    stack: Stack, browser: Browser
) -> None:
    people = cast(stack, "verify", "investigator")
    shop = Marketplace(stack.web, stack.decide, people.key, people.tag)
    shop.listen()
    customer, shopper, order = shop.people_and_order()

    # an ordinary order needs nothing
    plain = {"customer": customer, "order": f"plain-{shop.tag}"}
    assert shop.event("order.placed", plain, total_minor=4000, currency="USD")["verdict"] == "allow"

    # a risky one needs all that the rules demand, by the answer, by webhook, and when asked
    placed = shop.event("order.placed", {"customer": customer, "order": order}, **RISKY)
    assert placed["verdict"] == "step_up"
    demanded = [(one["type"], one["target"]["id"]) for one in placed["actions"]]
    assert sorted(demanded) == [(f"verify_{kind}", order) for kind in KINDS]
    until(lambda: len(_of(shop, order)) == len(KINDS), "the demands to be kept")
    assert {one["kind"]: one["state"] for one in _of(shop, order)} == dict.fromkeys(KINDS, "demanded")
    until(lambda: len(shop.receiver.of("verification.demanded")) == len(KINDS), "the webhooks")
    assert {one["order"] for one in shop.receiver.of("verification.demanded")} == {order}
    assert _of(shop, plain["order"]) == []

    # each result is kept once; a PIN itself is taken by nobody
    for kind in ("photo", "pin", "receipt"):
        told = _result(shop, kind, evidence_sha256=PHOTO if kind == "photo" else "")
        assert [_tell(shop, order, told).status_code for _ in range(2)] == [201, 201]
    assert _tell(shop, order, _result(shop, "pin", attempts=2)).status_code == 409
    refused = _tell(shop, order, {**_result(shop, "age"), "pin": "4711"})
    assert (refused.status_code, "4711" in refused.text) == (422, False)
    assert _tell(shop, order, _result(shop, "age", outcome="failed", attempts=3)).status_code == 201
    kept = {one["kind"]: one for one in _of(shop, order)}
    assert {kind: one["state"] for kind, one in kept.items()} == dict.fromkeys(KINDS, "passed") | {
        "age": "failed"
    }
    assert [len(kept[kind]["results"]) for kind in KINDS] == [1, 1, 1, 1]
    assert kept["photo"]["results"][0]["evidence_sha256"] == PHOTO
    assert (kept["age"]["attempts"], kept["age"]["results"][0]["method"]) == (3, "in_app")

    # what failed is looked at, with the results beside it
    case = shop.case_about(shopper)
    alerts = Desk(stack.web, people["investigator"]).read(f"/cases/{case['id']}")["alerts"]
    assert [alert["rule"] for alert in alerts] == ["age_not_verified"]
    page = desk.sign_in(browser, stack.web, people["investigator"])
    for path in (f"case/{case['reference']}", f"entity/order/{order}"):
        page.goto(f"{stack.web}/console/{path}/")
        shown = page.get_by_role("region", name="Verification of the order").get_by_role("listitem")
        expect(shown).to_have_count(len(KINDS))
        expect(shown.filter(has_text="Age check")).to_contain_text("Failed")
        expect(shown.filter(has_text="Age check")).to_contain_text("3 tries")
        expect(shown.filter(has_text="Hand-off PIN")).to_contain_text("Passed")
        expect(shown.filter(has_text="Photo at the door")).to_contain_text(PHOTO[:12])
    shop.stop()


def _result(shop: Marketplace, kind: str, **more: Any) -> dict[str, Any]:
    at = dt.datetime(2026, 1, 5, 18, 30, tzinfo=dt.UTC).isoformat()
    told = {"external_id": f"{kind}-{shop.tag}", "kind": kind, "outcome": "passed", "method": "in_app"}
    return {**told, "attempts": 1, "at": at, **more}


def _tell(shop: Marketplace, order: str, told: dict[str, Any]) -> httpx.Response:
    return shop.client.post(f"/v1/orders/{order}/verifications", json=told)


def _of(shop: Marketplace, order: str) -> list[dict[str, Any]]:
    answer = shop.client.get(f"/v1/orders/{order}/verifications")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items
