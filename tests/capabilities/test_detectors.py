"""Something new beside what is in force: on the same events, in shadow, before anybody relies on it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.journeys import desk
from tests.journeys.marketplace import Marketplace
from tests.journeys.people import Cast, cast
from tests.support.browser import holds
from tests.support.detector import OutsideDetector
from tests.support.stack import Stack, until

_CLAUSE = "FRD-C.stolen_payment"


@pytest.mark.capability("A10.2")
def test_a_detector_is_plugged_in_and_scored_in_shadow_beside_the_rules(
    stack: Stack, browser: Browser
) -> None:
    people = cast(stack, "plug", "rules_engineer", "supervisor", "investigator")
    shop = Marketplace(stack.web, stack.decide, people.key, people.tag)
    name = "outside_" + re.sub("[^a-z0-9]", "_", people.tag.lower())
    thief, hidden, calm = (f"{kind}-{shop.tag}" for kind in ("thief", "hidden", "calm"))
    outside = OutsideDetector(
        lambda event: 0.95 if event["entities"]["customer"] in (thief, hidden) else 0.05
    )

    # somebody plugs it in, somebody else lets events out to it
    author = desk.sign_in(browser, stack.web, people["rules_engineer"])
    outside.secret = _propose(author, stack.web, name, outside.url)
    second = desk.sign_in(browser, stack.web, people["supervisor"])
    second.goto(f"{stack.web}/console/detectors/")
    desk.press_on(second.get_by_role("link", name=name))
    desk.press_on(second.get_by_role("button", name="Start it in shadow"))
    expect(second.get_by_role("button", name="Stop asking it")).to_be_visible()

    # it is asked about what was decided, and changes no answer
    assert shop.test_cards(thief)["verdict"] == "block"
    assert [_order(shop, who) for who in (hidden, calm)] == ["allow", "allow"]
    until(lambda: {thief, hidden, calm} <= _asked(outside), "the detector to be asked")
    assert outside.refused == []

    # what becomes known of people says how good it is, beside the rules in force
    _confirm(browser, stack, people, shop, thief)
    second.reload()
    scored = second.get_by_role("region", name="In shadow beside the rules in force", exact=True)
    expect(scored.get_by_role("row", name="of these confirmed")).to_have_text(re.compile("11$"))
    expect(scored.get_by_role("row", name="Recall")).to_have_text(re.compile(r"100\.0 %100\.0 %$"))
    expect(_figure(scored, "Only the detector")).to_have_text("1")
    expect(_figure(scored, "Only the rules")).to_have_text("0")

    # when it is down, the marketplace notices nothing, and its page says so
    outside.down = True
    assert _order(shop, calm) == "allow"
    until(lambda: _says(second, "It answered 503."), "the page to say that it is down")
    desk.press_on(second.get_by_role("button", name="Stop asking it"))
    expect(second.locator(".page-head .pill").first).to_have_text("Stopped")
    outside.stop()
    shop.stop()


def _propose(page: Page, web: str, name: str, url: str) -> str:
    """Fill in the form; returns the signing secret, which is shown once."""
    page.goto(f"{web}/console/detectors/")
    desk.write(page.get_by_label("Name", exact=True), name)
    desk.write(page.get_by_label("Address"), url)
    desk.write(page.get_by_label("Looks for"), _CLAUSE)
    desk.press_on(page.get_by_role("button", name="Propose it"))
    secret = page.locator("#new-secret")
    expect(secret).to_have_text(re.compile(r"^whsec_[\w-]{43}$"))
    return secret.inner_text()


def _order(shop: Marketplace, customer: str) -> str:
    """Somebody orders something; returns the verdict."""
    answer = shop.event("order.placed", {"customer": customer}, total_minor=900, currency="USD")
    return str(answer["verdict"])


def _asked(outside: OutsideDetector) -> set[str]:
    return {event["entities"]["customer"] for event in outside.asked}


def _confirm(browser: Browser, stack: Stack, people: Cast, shop: Marketplace, account: str) -> None:
    """An investigator says that every alert about somebody was right."""
    case = shop.case_about(account)
    page = desk.sign_in(browser, stack.web, people["investigator"])
    page.goto(f"{stack.web}/console/case/{case['reference']}/")
    desk.press_on(page.get_by_role("button", name="Right or wrong?").first)
    dialog = page.locator("#dialog")
    desk.pick(dialog.get_by_role("group", name="It was"), "Right")
    desk.press_on(dialog.get_by_role("button", name="Say so"))
    expect(page.get_by_text("Thank you. The rules learn from it.").first).to_be_visible()
    page.context.close()


def _figure(card: Locator, name: str) -> Locator:
    """The figure beside a name."""
    return card.locator(f"dt:text-is('{name}') + dd")


def _says(page: Page, words: str) -> bool:
    page.reload()
    return holds(page, f"document.body.innerText.includes({words!r})")
