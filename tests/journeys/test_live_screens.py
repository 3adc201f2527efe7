"""Two people at work: what one does shows on the other's screen, without anybody reloading."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys import desk
from tests.journeys.marketplace import Marketplace
from tests.journeys.people import cast
from tests.support.browser import holds
from tests.support.stack import Stack, until

_LISTEN = """() => {
  window.heard = [];
  for (const name of ["queue", "case"]) {
    document.body.addEventListener(`live:${name}`, (event) => window.heard.push(event.detail.topic));
  }
}"""


def open_and_listen(page: Page, address: str) -> None:
    """Open a page, wait until its stream is open, and note what it hears."""
    with page.expect_response(lambda response: "/live/console" in response.url and response.ok):
        page.goto(address)
    page.evaluate(_LISTEN)


@pytest.mark.journey
def test_what_one_does_shows_on_the_others_screen(stack: Stack, browser: Browser) -> None:
    people = cast(stack, "live", "investigator", "supervisor")
    shop = Marketplace(stack.web, stack.decide, people.key, people.tag)
    watching = desk.sign_in(browser, stack.web, people["supervisor"])
    open_and_listen(watching, f"{stack.web}/console/queue/?tab=all&desk=fraud")

    customer, _, _ = shop.people_and_order()
    shop.test_cards(customer)
    case = shop.case_about(customer)
    expect(watching.locator("[data-queue]")).to_contain_text(case["reference"])

    open_and_listen(watching, f"{stack.web}/console/case/{case['reference']}/")
    working = desk.sign_in(browser, stack.web, people["investigator"])
    desk.open_case(working, stack.web, case["reference"])
    desk.take(working)
    until(lambda: holds(watching, f"heard.includes('case:{case['id']}')"), "the screen to hear of the case")
    expect(watching.locator("#case")).to_contain_text(people["investigator"].name)
    shop.stop()
