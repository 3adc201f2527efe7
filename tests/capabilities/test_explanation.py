"""What the engine computed, shown with its values: through the public doors, and read at the console."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.journeys import desk
from tests.journeys.marketplace import Marketplace
from tests.journeys.people import cast
from tests.support.stack import Stack, until

SEATTLE, PORTLAND = {"lat": 47.6062, "lon": -122.3321}, {"lat": 45.5152, "lon": -122.6784}


@pytest.mark.capability("A4.1")
def test_features_of_every_family_are_shown_with_the_values_they_had(stack: Stack, browser: Browser) -> None:
    people = cast(stack, "explain", "investigator")
    shop = Marketplace(stack.web, stack.decide, people.key, people.tag)
    customer, shopper, _order = shop.people_and_order()
    _busy_customer(shop, customer)
    _shopper_in_other_hands(shop, shopper)
    page = desk.sign_in(browser, stack.web, people["investigator"])

    def closer(rule: str) -> Locator:
        row = page.get_by_role("row").filter(has_text=_said(rule)).filter(has_text=people.tag)
        case = row.locator("[data-label=Case]").get_by_role("link")

        def there() -> bool:
            page.goto(f"{stack.web}/console/alerts/?state=in_case")
            return bool(case.count())

        until(there, f"a case with an alert of {rule}")
        page.goto(f"{stack.web}{case.first.get_attribute('href')}")
        desk.press_on(page.get_by_role("link", name=f"Look closer {_said(rule)}", exact=True))
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("heading", level=2)).to_have_text(f"Why it was flagged: {_said(rule)}")
        return dialog

    cards = closer("card_testing")
    expect(_row(cards, "Other declined cards (device, 1 h)")).to_contain_text(_values("3", "at least 3"))
    expect(cards.get_by_text("instead of 3")).to_be_visible()
    order = closer("value_from_new_device_after_reset")
    expect(_row(order, "Total")).to_contain_text(_values("$250.00", "at least $200.00"))
    expect(_row(order, "Other devices (customer)")).to_contain_text(_values("1", "at least 1"))
    expect(_row(order, "reset (customer)")).to_contain_text("asked: any value")
    shift = closer("one_identity_two_places")
    expect(_row(shift, "km/h")).to_contain_text("asked: more than 200 km/h")
    expect(_row(shift, "20,000 m")).to_contain_text(re.compile(r"23\d,\d{3} m\s*asked: more than 20,000 m"))
    payout = closer("payout_change_on_new_device")
    expect(_row(payout, "reset (shopper)")).to_contain_text("asked: any value")
    shop.stop()


def _busy_customer(shop: Marketplace, customer: str) -> None:
    """Cards tried on one device; then, after a new password, a large order from a device never seen."""
    assert shop.test_cards(customer)["verdict"] == "block"
    at_home = {"customer": customer, "device": f"home-{shop.tag}"}
    assert shop.event("account.login", at_home)["verdict"] == "allow"
    shop.event("account.credential_changed", at_home, credential="password")
    large = {"customer": customer, "device": f"new-{shop.tag}", "order": f"large-{shop.tag}"}
    assert shop.event("order.placed", large, total_minor=25000, currency="USD")["verdict"] == "block"


def _shopper_in_other_hands(shop: Marketplace, shopper: str) -> None:
    """At work in two towns on two phones; and a payout account that is changed after a new password."""
    own, other = ({"shopper": shopper, "device": f"{name}-{shop.tag}"} for name in ("own", "other"))
    shop.event("shift.started", own, **SEATTLE)
    assert shop.event("shift.started", other, **PORTLAND)["verdict"] == "review"
    shop.event("account.credential_changed", own, credential="password")
    third = {"shopper": shopper, "device": f"third-{shop.tag}", "payout": f"pay-{shop.tag}"}
    assert shop.event("payout.changed", third)["verdict"] == "block"


def _said(rule: str) -> str:
    return rule.replace("_", " ").capitalize()


def _row(dialog: Locator, words: str) -> Locator:
    """A question about a value, of the first rule that fired."""
    fired = dialog.get_by_role("region", name="What fired")
    return fired.locator("li:not(:has(li))").filter(has_text=words).first


def _values(value: str, asked: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(value)}\s*asked: {re.escape(asked)}")
