"""Several people at one case, and a session that ends while somebody writes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys import desk
from tests.journeys.marketplace import Marketplace
from tests.journeys.people import Cast, cast
from tests.support.stack import Stack

_FACTS = "Six cards declined within a minute from one device."
_SAID = "Several cards were tried from your account within a minute."
_DECISION = {
    "finding": "Substantiated", "proof": "More likely than not", "internal": _FACTS, "disclosable": _SAID,
}  # fmt: skip
_NOTE = "Asked the bank about the six cards; they answer on Monday."


def _flagged(stack: Stack, people: Cast) -> tuple[Marketplace, dict[str, str]]:
    """A case about a customer who tests cards."""
    shop = Marketplace(stack.web, stack.decide, people.key, people.tag)
    customer, _, _ = shop.people_and_order()
    shop.test_cards(customer)
    return shop, shop.case_about(customer)


def _decided_actions(stack: Stack, case: str) -> int:
    with stack.connect() as database:
        row = database.execute(
            "SELECT count(*) FROM enforcement_action WHERE case_id = %s AND NOT protective", [case]
        ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.journey
def test_of_two_who_decide_at_once_one_is_told_and_nothing_happens_twice(
    stack: Stack, browser: Browser
) -> None:
    people = cast(stack, "race", "investigator", "supervisor")
    shop, case = _flagged(stack, people)
    first = desk.sign_in(browser, stack.web, people["investigator"])
    second = desk.sign_in(browser, stack.web, people["supervisor"])
    desk.open_case(first, stack.web, case["reference"])
    desk.take(first)
    desk.open_case(second, stack.web, case["reference"])
    one, other = desk.draft(first, **_DECISION), desk.draft(second, **_DECISION)

    desk.file(one)
    expect(first.get_by_text("Decided. Whoever has to be told is told.").first).to_be_visible()
    desk.file(other)
    expect(other.get_by_role("alert")).to_contain_text("Somebody changed case")
    expect(other.get_by_label("Facts, for the file")).to_have_value(_FACTS)
    expect(other.get_by_label("Facts, as the person may read them")).to_have_value(_SAID)

    made = shop.client.get(f"/v1/cases/{case['id']}").json()["decisions"]
    assert len(made) == 1
    assert _decided_actions(stack, case["id"]) == 1
    shop.stop()


@pytest.mark.journey
def test_what_is_being_written_outlives_news_and_the_end_of_a_session(stack: Stack, browser: Browser) -> None:
    people = cast(stack, "write", "investigator", "supervisor")
    shop, case = _flagged(stack, people)
    page = desk.sign_in(browser, stack.web, people["investigator"])
    desk.open_case(page, stack.web, case["reference"])
    desk.take(page)
    note = page.get_by_label("Add a note")
    desk.write(note, _NOTE)

    # a colleague adds something: it appears, and takes nothing away
    colleague = desk.sign_in(browser, stack.web, people["supervisor"])
    desk.open_case(colleague, stack.web, case["reference"])
    _add_note(colleague, "The device is known from an older case.")
    expect(page.get_by_text("The device is known from an older case.")).to_be_visible()
    expect(note).to_have_value(_NOTE)
    expect(note).to_be_focused()

    # the session ends: it is said, and what was written stays until it can be sent
    page.context.clear_cookies(name="sessionid")
    desk.press_on(page.get_by_role("button", name="Add note"))
    expect(page.get_by_text("Your session has ended.").first).to_be_visible()
    expect(note).to_have_value(_NOTE)
    again = page.context.new_page()
    desk.enter(again, stack.web, people["investigator"], spare=True)
    page.bring_to_front()
    desk.press_on(page.get_by_role("button", name="Add note"))
    expect(page.get_by_text("Note added.").first).to_be_visible()
    expect(page.locator(".tl").get_by_text(_NOTE)).to_be_visible()

    # the same in the decision panel
    panel = desk.draft(page, **_DECISION)
    page.context.clear_cookies(name="sessionid")
    desk.file(panel)
    expect(page.get_by_text("Your session has ended.").first).to_be_visible()
    expect(panel.get_by_label("Facts, for the file")).to_have_value(_FACTS)
    assert _decided_actions(stack, case["id"]) == 0
    shop.stop()


def _add_note(page: Page, text: str) -> None:
    desk.write(page.get_by_label("Add a note"), text)
    desk.press_on(page.get_by_role("button", name="Add note"))
    expect(page.get_by_text("Note added.").first).to_be_visible()
