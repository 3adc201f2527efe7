"""Finding harm: a simulated marketplace streams in through the public doors."""

from __future__ import annotations

import datetime as dt
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
        expect(harm).to_contain_text(re.compile(r"\$(?!0\.00)\d[\d,]*\.\d\d\s*chance \d+ %"))
    shop.stop()


@pytest.mark.capability("A4.8")
@pytest.mark.parametrize(
    ("said", "label", "what_holds"),
    [("Right", "FRD-C.stolen_payment", 2), ("Wrong", "not:purchase_after_card_testing", 0)],
)
def test_a_payment_is_stopped_before_capture_reviewed_in_time_and_labelled(
    stack: Stack, browser: Browser, said: str, label: str, what_holds: int
) -> None:
    people = cast(stack, "capture", "investigator")
    shop = Marketplace(stack.web, stack.decide, people.key, people.tag)
    shop.listen()
    customer, _, order = shop.people_and_order()

    # four cards are declined, each on a device of its own; a fifth is authorised and waits for capture
    for number in range(4):
        shop.event(
            "payment.declined",
            {"customer": customer, "card": f"card-{number}-{shop.tag}", "device": f"dev-{number}-{shop.tag}"},
            amount_minor=8400, currency="USD", decline_code="do_not_honor",
        )  # fmt: skip
    card = f"card-5-{shop.tag}"
    answer = shop.event(
        "payment.authorised", {"customer": customer, "order": order, "card": card},
        amount_minor=8400, currency="USD",
    )  # fmt: skip
    assert answer["verdict"] == "block"
    held = {"hold_order": order, "block_transaction": card}
    assert {one["type"]: one["target"]["id"] for one in answer["actions"]} == held

    # somebody has to look at it within half an hour
    case = shop.case_about(customer)
    until(lambda: len(shop.receiver.of("action.requested")) == 2, "both actions")
    for one in shop.receiver.of("action.requested"):
        assert one["protective"]
        lasts = dt.datetime.fromisoformat(one["ends_at"]) - dt.datetime.fromisoformat(one["starts_at"])
        assert dt.timedelta(0) < lasts <= dt.timedelta(minutes=30)
    page = desk.sign_in(browser, stack.web, people["investigator"])
    desk.open_case(page, stack.web, case["reference"])
    expect(page.locator("#actions").get_by_text("ends in")).to_have_count(2)

    # they say whether it was right: that is its label, and what was wrong is let go
    desk.press_on(page.get_by_role("button", name="Right or wrong?").first)
    dialog = page.locator("#dialog")
    desk.pick(dialog.get_by_role("group", name="It was"), said)
    desk.press_on(dialog.get_by_role("button", name="Say so"))
    expect(page.get_by_text("Thank you. The rules learn from it.").first).to_be_visible()
    assert _labels(stack, customer) == [label]
    until(lambda: len(shop.receiver.of("action.reversed")) == 2 - what_holds, "what is let go")
    page.reload()
    expect(page.locator("#actions").get_by_text("ends in")).to_have_count(what_holds)
    shop.stop()


def _labels(stack: Stack, customer: str) -> list[str]:
    with stack.connect() as database:
        rows = database.execute(
            "SELECT label FROM detection_label WHERE object_kind = 'customer' AND object_id = %s"
            " AND revoked_at IS NULL",
            (customer,),
        ).fetchall()
    return [str(row[0]) for row in rows]


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
