"""What others warn of: from their document to a rule with its backtest, and back."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys import desk
from tests.journeys.marketplace import Marketplace
from tests.journeys.people import cast
from tests.support.stack import Stack, until

_AMBER = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"


def _bundle(ident: str, **more: Any) -> str:
    indicator = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": ident,
        "created": "2026-10-01T08:00:00.000Z",
        "modified": "2026-10-01T08:00:00.000Z",
        "name": "A ring of account thieves",
        "pattern": "[ipv4-addr:value = '198.51.100.77' OR ipv4-addr:value = '203.0.113.0/28']",
        "pattern_type": "stix",
        "valid_from": "2026-10-01T08:00:00Z",
        "object_marking_refs": [_AMBER],
        **more,
    }
    return json.dumps({"type": "bundle", "id": f"bundle--{uuid.uuid4()}", "objects": [indicator]})


@pytest.mark.capability("A2.7")
def test_an_indicator_is_matched_drafted_backtested_and_recalled(stack: Stack, browser: Browser) -> None:
    people = cast(stack, "stix", "rules_engineer", "investigator")
    shop = Marketplace(stack.web, stack.decide, people.key, people.tag)
    thief, other, innocent = (f"{name}-{people.tag}" for name in ("thief", "other", "innocent"))
    for customer in (thief, other, innocent):
        shop.tell("customer", customer, region="US-CA")
    for customer, ip in ((thief, "198.51.100.77"), (other, "203.0.113.5"), (innocent, "203.0.113.99")):
        shop.event("account.login", {"customer": customer, "ip": ip})
    shop.event("account.login", {"customer": thief, "ip": "198.51.100.77"})
    until(lambda: _shipped(stack, innocent), "the logins to be in the history")

    # imported: what it points at is found in what is held here
    page = desk.sign_in(browser, stack.web, people["rules_engineer"])
    ident = f"indicator--{uuid.uuid4()}"
    _import(page, stack.web, _bundle(ident))
    expect(page.get_by_text("TLP:AMBER").first).to_be_visible()
    row = page.get_by_role("row").filter(has_text="198.51.100.77")
    expect(row.locator("[data-label='Seen with']")).to_have_text("2")
    row.get_by_role("link").click()
    address = page.url
    expect(page.get_by_text("2 items hidden by access rules")).to_be_visible()
    reader = desk.sign_in(browser, stack.web, people["investigator"])
    reader.goto(address)
    expect(reader.get_by_role("row").filter(has_text=thief).locator("[data-label='Times']")).to_have_text("2")
    expect(reader.get_by_role("row").filter(has_text=other).locator("[data-label='Times']")).to_have_text("1")
    expect(reader.get_by_role("row").filter(has_text=innocent)).to_have_count(0)

    # a draft of a rule, with the results of its backtest attached; it changes no answer
    name = f"ring_{people.tag}".replace("-", "_")
    page.get_by_label("Name of the list or rule").fill(name)
    page.get_by_label("Reason").first.fill("Three marketplaces have met them.")
    page.get_by_role("button", name="Draft a rule").click()
    expect(page.get_by_text("Drafted. It is being checked")).to_be_visible()
    until(lambda: _backtested(page, address), "the backtest")
    drafted = page.get_by_role("region", name="Rules drafted from it")
    expect(drafted.locator("dt", has_text=re.compile("^Hits$")).locator("+ dd")).to_have_text("3")
    expect(drafted.locator("dt", has_text=re.compile("^People$")).locator("+ dd")).to_have_text("2")
    until(lambda: _told(stack, "list.added", name), "the engine to know the list")
    assert shop.event("account.login", {"customer": thief, "ip": "198.51.100.77"})["verdict"] == "allow"

    # taken back by whoever shared it: off the list, and the draft is withdrawn
    _import(page, stack.web, _bundle(ident, revoked=True, modified="2026-10-02T08:00:00.000Z"))
    page.goto(address)
    expect(page.get_by_role("note")).to_contain_text("Taken back by A marketplace nearby")
    expect(page.get_by_role("region", name="On lists")).to_contain_text("taken off")
    expect(drafted).to_contain_text("Retired")
    until(lambda: _told(stack, "list.removed", name), "the engine to forget the value")
    shop.stop()


def _import(page: Page, web: str, document: str) -> None:
    page.goto(f"{web}/console/indicators/import/")
    page.get_by_label("Who shared it").fill("A marketplace nearby")
    page.get_by_label("Why it is taken in").fill("Shared in the fraud circle.")
    page.get_by_label("Or paste it").fill(document)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Imported. What of it is here is being looked for.")).to_be_visible()


def _backtested(page: Page, address: str) -> bool:
    page.goto(address)
    drafted = page.get_by_role("region", name="Rules drafted from it")
    return drafted.get_by_text("Backtested", exact=True).count() > 0


def _shipped(stack: Stack, customer: str) -> bool:
    with stack.connect() as database:
        found = database.execute("SELECT 1 FROM detection_event WHERE customer = %s", [customer])
        return found.fetchone() is not None


def _told(stack: Stack, topic: str, name: str) -> bool:
    """Whether decide has taken the event about an entry of this list."""
    with stack.connect() as database:
        found = database.execute(
            "SELECT count(*) FROM core_outbox_message WHERE topic = %s AND key_scope = %s AND state = 'done'",
            [topic, f"list:{name}"],
        ).fetchone()
        return bool(found and found[0])
