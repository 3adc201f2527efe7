"""The main job in one journey: event, block, alert, case, decision, action, notice, appeal, reversal."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys import desk
from tests.journeys.marketplace import Marketplace
from tests.journeys.people import cast
from tests.support.stack import Stack, until


@pytest.mark.journey
@pytest.mark.capability("A1.4")
def test_from_event_to_reversal_by_keyboard(stack: Stack, browser: Browser) -> None:
    people = cast(stack, "main", "investigator", "appeals_reviewer")
    shop = Marketplace(stack.web, stack.decide, people.key, people.tag)
    shop.listen()
    customer, _, _ = shop.people_and_order()

    # an event comes in, and people are protected at once
    answer = shop.test_cards(customer)
    assert answer["verdict"] == "block"
    assert [reason["code"] for reason in answer["reasons"]][:1] == ["V3"]

    # it becomes a case, with a protective, timed action
    case = shop.case_about(customer)
    until(lambda: shop.receiver.of("action.requested"), "the protective action")
    assert all(one["protective"] for one in shop.receiver.of("action.requested"))

    # a specialist works it from one page and decides under a clause
    page = desk.sign_in(browser, stack.web, people["investigator"])
    desk.open_case(page, stack.web, case["reference"])
    desk.take(page)
    for heading in ("Why it was flagged", "Timeline", "Links", "Evidence", "Other cases about them"):
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    decision_panel = desk.draft(
        page, finding="Substantiated", proof="More likely than not",
        internal="Six cards declined within a minute from one device.",
        disclosable="Several cards were tried from your account within a minute.",
    )  # fmt: skip
    desk.file(decision_panel)
    expect(page.get_by_text("Decided. Whoever has to be told is told.").first).to_be_visible()

    # the action takes effect at the marketplace, and the letter is there
    until(
        lambda: [a for a in shop.receiver.of("action.requested") if not a["protective"]], "the decided action"
    )
    until(lambda: shop.receiver.of("decision.issued"), "the decision")
    decided = shop.receiver.of("decision.issued")[0]
    assert decided["finding"] == "substantiated"
    letters = shop.client.get("/v1/notices", params={"account": f"customer:{customer}"}).json()["items"]
    letter = next(one for one in letters if one["kind"] == "statement_of_reasons")
    assert letter["can_appeal"] is True
    now = shop.client.get(f"/v1/cases/{case['id']}").json()
    decision = now["decisions"][0]["id"]
    assert _standing(stack, decision) > 0

    # the person reads why, and appeals
    reader = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    reader.goto(letter["link"])
    expect(reader.get_by_text("Several cards were tried from your account")).to_be_visible()
    desk.write(
        reader.get_by_role("textbox").first, "It was my own new card, and the shop's reader did not work."
    )
    desk.press_on(reader.get_by_role("button", name="appeal", exact=False).last)
    expect(reader.get_by_text("appeal", exact=False).first).to_be_visible()
    until(lambda: _appeals(stack, decision) == 1, "the appeal")

    # somebody who did not decide hears it, and reverses: everything is undone
    reviewer = desk.sign_in(browser, stack.web, people["appeals_reviewer"])
    reviewer.goto(f"{stack.web}/console/appeals/")
    desk.press_on(reviewer.get_by_role("link", name=case["reference"]))
    desk.press_on(reviewer.get_by_role("button", name="Take"))
    expect(reviewer.get_by_text("It was my own new card")).to_be_visible()
    desk.pick(reviewer.get_by_role("group", name="Outcome"), "Decision reversed")
    desk.write(reviewer.get_by_label("Reasons, as the person will read them"), "The card was yours.")
    desk.press_on(reviewer.get_by_role("button", name="Answer the appeal"))
    expect(reviewer.get_by_text("Answered. The person is told.").first).to_be_visible()

    until(lambda: shop.receiver.of("appeal.decided"), "the answer to the appeal")
    asked = {one["action_id"] for one in shop.receiver.of("action.requested")}
    until(
        lambda: {one["action_id"] for one in shop.receiver.of("action.reversed")} == asked,
        "every action undone",
    )
    after = shop.client.get(f"/v1/cases/{case['id']}").json()
    assert after["parties"][0]["status"] == "normal"
    assert {one["state"] for one in after["decisions"]} == {"reversed"}
    assert _standing(stack, decision) == 0
    assert shop.receiver.refused == []
    shop.stop()

    # and the record of it all is whole
    verified = stack.tocsin("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def _count(stack: Stack, sql: str, decision: str) -> int:
    with stack.connect() as database:
        row = database.execute(sql, {"decision": decision}).fetchone()
    assert row is not None
    return int(row[0])


def _appeals(stack: Stack, decision: str) -> int:
    return _count(stack, "SELECT count(*) FROM enforcement_appeal WHERE decision_id = %(decision)s", decision)


def _standing(stack: Stack, decision: str) -> int:
    """Effects of a decision that are not undone, and its strikes and findings still in force."""
    return _count(
        stack,
        "SELECT (SELECT count(*) FROM enforcement_effect"
        " WHERE decision_id = %(decision)s AND undone_at IS NULL)"
        " + (SELECT count(*) FROM enforcement_strike WHERE decision_id = %(decision)s AND revoked_at IS NULL)"
        " + (SELECT count(*) FROM detection_label WHERE decision_id = %(decision)s AND revoked_at IS NULL"
        " AND source = 'investigator')",
        decision,
    )
