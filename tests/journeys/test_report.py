"""A report without an account: filed, worked, answered, closed and followed with number and PIN."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys import desk
from tests.journeys.marketplace import Marketplace
from tests.journeys.people import cast
from tests.support.stack import Stack, until
from tocsin.core.ids.crockford import SYMBOLS

_NARRATIVE = "He shouted at me in the lobby and would not leave."
_ANSWER = "We have read your report. Did he say where he was going?"
_REPLY = "No. The neighbour saw him walk to the bus stop."
_WHY = "No second witness, and the camera of the lobby was off."


@pytest.mark.journey
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_from_report_to_outcome_by_keyboard(stack: Stack, browser: Browser, scripts: bool) -> None:
    people = cast(stack, "report", "specialist")
    shop = Marketplace(stack.web, stack.decide, people.key, people.tag)
    _, shopper, order = shop.people_and_order()
    phone = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=scripts)
    reporter = phone.new_page()
    reporter.set_default_timeout(20_000)

    # told on the help centre; a number and a PIN come back
    number, pin = _report(reporter, stack.web, order)
    case = _case_of(shop, number)

    # a specialist finds it in the queue, takes it, and asks something
    page = desk.sign_in(browser, stack.web, people["specialist"])
    desk.open_case(page, stack.web, case["reference"])
    desk.take(page)
    expect(page.get_by_text(_NARRATIVE)).to_be_visible()
    desk.press_on(page.locator("summary", has_text="Write to the reporter"))
    desk.write(page.get_by_label("Message", exact=True), _ANSWER)
    desk.press_on(page.get_by_role("button", name="Send", exact=True))
    expect(page.get_by_text("Your message is on its way.").first).to_be_visible()

    # the reporter comes back. One wrong letter in the number is told from a wrong PIN
    mistyped = number[:-1] + next(sign for sign in SYMBOLS if sign != number[-1])
    _open_report(reporter, stack.web, mistyped, pin)
    expect(
        reporter.get_by_text("One letter or digit is different from the number we gave out").first
    ).to_be_visible()
    _open_report(reporter, stack.web, number, pin)
    expect(reporter.get_by_text(_ANSWER)).to_be_visible()
    desk.write(reporter.get_by_label("Your message"), _REPLY)
    desk.press_on(reporter.get_by_role("button", name="Add to my report"))
    expect(reporter.get_by_text("Added to your report.").first).to_be_visible()

    # the open case page shows the reply by itself; then the case is closed
    expect(page.get_by_text(_REPLY)).to_be_visible()
    desk.press_on(page.locator("summary[aria-label=More]"))
    desk.press_on(page.get_by_role("button", name="Close without a decision"))
    dialog = page.get_by_role("dialog")
    desk.choose(dialog.get_by_label("How it ended"), "It could not be settled")
    desk.write(dialog.get_by_label("Reason"), _WHY)
    desk.press_on(dialog.get_by_role("button", name="Close the case"))
    expect(page.get_by_text("The case is closed, and its reporters are told.").first).to_be_visible()

    # the reporter reads the outcome, and nothing about anybody else
    _open_report(reporter, stack.web, number, pin)
    expect(reporter.get_by_text("could not settle what happened")).to_be_visible()
    expect(reporter.locator("[data-stage=told]")).to_be_visible()
    read = reporter.content()
    private = {
        "the shopper": "Tran", "their account": shopper, "the case": case["reference"],
        "who worked on it": people["specialist"].name, "what was found": _WHY,
    }  # fmt: skip
    assert [what for what, words in private.items() if words in read] == []
    phone.close()
    shop.stop()


def _report(page: Page, web: str, order: str) -> tuple[str, str]:
    """File a report about somebody's behaviour; returns number and PIN."""
    page.goto(f"{web}/help/")
    desk.press_on(page.get_by_role("link", name="Report something").first)
    desk.press_on(page.locator("[data-code='CON.harassment']"))
    desk.write(page.get_by_label("What happened, in your own words"), _NARRATIVE)
    desk.write(page.get_by_label("Which order was it?"), order)
    desk.press_on(page.get_by_role("button", name="Send the report"))
    number = page.locator("[data-number]").inner_text().strip()
    return number, page.locator("[data-pin]").inner_text().strip()


def _open_report(page: Page, web: str, number: str, pin: str) -> None:
    """Open a report with its number and PIN, as if on another day."""
    page.context.clear_cookies()
    page.goto(f"{web}/help/follow-up/")
    desk.write(page.get_by_label("Your report number"), number)
    desk.write(page.get_by_label("Your PIN"), pin)
    desk.press_on(page.get_by_role("button", name="Open my report"))


def _case_of(shop: Marketplace, number: str) -> dict[str, str]:
    """Wait until a report has become a case."""
    found: list[str] = []

    def there() -> bool:
        case = shop.client.get(f"/v1/reports/{number}").json()["case"]
        found.extend([case] if case else [])
        return bool(found)

    until(there, "the report to become a case")
    case: dict[str, str] = shop.client.get(f"/v1/cases/{found[0]}").json()
    return case
