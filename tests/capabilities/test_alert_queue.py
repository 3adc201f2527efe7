"""The alert queue: ranked by expected harm, and its daily precision."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys import desk
from tests.journeys.marketplace import Marketplace
from tests.journeys.people import cast
from tests.support.stack import Stack, until


@pytest.mark.capability("A4.2")
def test_flagged_accounts_are_ranked_and_the_precision_of_the_top_is_reported_by_day(
    own_stack: Stack, browser: Browser
) -> None:
    people = cast(own_stack, "ranked", "investigator")
    shop = Marketplace(own_stack.web, own_stack.decide, people.key, people.tag)
    _stolen_order(shop, "small", 30_000)
    _stolen_order(shop, "large", 90_000)
    page = desk.sign_in(browser, own_stack.web, people["investigator"])
    rows = page.get_by_role("row").filter(has_text=people.tag)

    def both_in_cases() -> bool:
        page.goto(f"{own_stack.web}/console/alerts/?state=in_case")
        return rows.count() == 2

    until(both_in_cases, "two alerts in cases")
    expect(rows.nth(0)).to_contain_text(f"large-{people.tag}")
    expect(rows.nth(0).locator("[data-label='Expected harm']")).to_contain_text(
        re.compile(r"\$450\.00\s*chance 50 %: none of this rule settled yet")
    )
    expect(rows.nth(1)).to_contain_text(f"small-{people.tag}")
    expect(rows.nth(1).locator("[data-label='Expected harm']")).to_contain_text("$150.00")

    _say_it_was_right(page, own_stack, people.tag)
    today = page.get_by_role("row").filter(has_text="so far")

    def counted() -> bool:
        page.goto(f"{own_stack.web}/console/alerts/precision/")
        return today.count() == 1 and "50 %" in today.locator("[data-label='precision@k']").inner_text()

    until(counted, "the day to be counted")
    figures = {
        label: today.locator(f"[data-label='{label}']").inner_text()
        for label in ("Raised", "k", "In the top", "Right", "Wrong", "Not judged")
    }
    assert figures == {
        "Raised": "2", "k": "100", "In the top": "2", "Right": "1", "Wrong": "0", "Not judged": "1",
    }  # fmt: skip
    expect(today.locator("[data-label='Of those judged']")).to_contain_text("100 % (21 – 100)")
    shop.stop()


def _stolen_order(shop: Marketplace, name: str, minor: int) -> None:
    """A large order from a device never seen, after a new password."""
    customer = f"{name}-{shop.tag}"
    shop.tell("customer", customer, region="US-CA", zone="America/Los_Angeles")
    at_home = {"customer": customer, "device": f"home-{customer}"}
    shop.event("account.login", at_home)
    shop.event("account.credential_changed", at_home, credential="password")
    order = {"customer": customer, "device": f"new-{customer}", "order": f"order-{customer}"}
    assert shop.event("order.placed", order, total_minor=minor, currency="USD")["verdict"] == "block"


def _say_it_was_right(page: Page, stack: Stack, tag: str) -> None:
    row = page.get_by_role("row").filter(has_text=f"large-{tag}")
    page.goto(f"{stack.web}{row.locator('[data-label=Case]').get_by_role('link').get_attribute('href')}")
    page.get_by_role("button", name=re.compile("^Right or wrong")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Right").check()
    dialog.get_by_role("button", name="Say so").click()
    expect(dialog).to_be_hidden()
