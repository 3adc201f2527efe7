"""Finding harm: a simulated marketplace streams in through the public doors."""

from __future__ import annotations

import json
import re
import secrets
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from simulator.director import Programme
from simulator.offline import Offline, write_folder
from simulator.scenarios import choose
from tests.journeys import desk
from tests.journeys.marketplace import Marketplace
from tests.journeys.people import cast
from tests.support.stack import Stack, until

#: What the row names, in the words of events.
_KINDS = {"account.login", "location.ping", "message.sent", "order.placed", "payment.authorised"}


@pytest.mark.capability("A1.2")
def test_a_planted_scenario_raises_an_alert_with_account_score_and_reason_codes(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    people = cast(stack, "stream", "investigator")
    shop = Marketplace(stack.web, stack.decide, people.key, people.tag)
    events, planted = _simulate(shop, tmp_path)
    assert {event["type"] for event in events} >= _KINDS
    verdicts = shop.stream(events)
    assert verdicts["block"] > 0
    assert verdicts["allow"] > len(events) / 2

    page = desk.sign_in(browser, stack.web, people["investigator"])

    def seen() -> bool:
        page.goto(f"{stack.web}/console/alerts/")
        return all(page.get_by_role("row").filter(has_text=account).count() for account in planted)

    until(seen, "an alert about everybody who was planted")
    for account in planted:
        row = page.get_by_role("row").filter(has_text=f"customer {account}").filter(has_text="V3").first
        expect(row.get_by_role("rowheader")).to_contain_text(re.compile(r"V3 \w+"))
        harm = row.locator("[data-label='Expected harm']")
        expect(harm).to_contain_text(re.compile(r"\$[1-9]\d*\.\d\d\s*chance \d+ %"))
    shop.stop()


def _simulate(shop: Marketplace, folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Half an hour of a marketplace with card testers in it. Its people are made known, as they would be; the
    events and the accounts of the card testers are returned."""
    run = Offline(
        seed=7,
        programme=Programme(rate=1.0, scenarios=choose("stolen_cards"), every_s=400),
        start=time.time() - 3600,
        duration_s=1500,
        speed=10,
        population=150,
        tag=secrets.token_hex(3),
    )
    truth = write_folder(run, folder)
    read = {
        kind: [json.loads(line) for line in (folder / f"{kind}.jsonl").read_text().splitlines()]
        for kind in ("entities", "events")
    }
    for at in range(0, len(read["entities"]), 500):
        told = shop.client.post("/v1/entities", json={"entities": read["entities"][at : at + 500]})
        assert told.status_code == 200, told.text
    return read["events"], [ident for plant in truth.plants for _, ident in plant.accounts]
