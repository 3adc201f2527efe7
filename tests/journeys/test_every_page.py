"""Everybody can use every page: axe finds nothing on any of them, in either theme, on a desk or a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.urls import resolve
from playwright.sync_api import Browser, Page, expect

from tests.journeys import desk, visits
from tests.journeys.full_house import furnish
from tests.journeys.marketplace import Marketplace
from tests.journeys.people import PASSWORD, Cast, cast
from tests.journeys.visits import NEWCOMER, NO_PAGE, NOBODY, VISITS, Visit
from tests.support.browser import holds
from tests.support.stack import Stack, until
from tocsin.core.access.permissions import ROLES

pytestmark = pytest.mark.journey

Looks = tuple[tuple[dict[str, int], str, dict[str, Any]], ...]
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_DESK, _PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
#: A desk at 200 % zoom.
_ZOOMED = {"width": 720, "height": 450}
_ALL = {"runOnly": {"type": "tag", "values": _RULES}, "resultTypes": ["violations"]}
_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
#: How a page says that something was not right.
_WRONG = "[aria-invalid=true], [role=alert], .error, .errorlist, .error-summary"
#: While a dialog is open, there is nothing else.
_AXE = "(options) => axe.run(document.querySelector('dialog[open]') ?? document, options)"
#: A page is looked at on a desk and on a phone, in both themes; the theme changes nothing but colours.
_LOOKS: Looks = (
    (_DESK, "dark", _ALL), (_DESK, "light", _COLOURS), (_PHONE, "light", _ALL), (_PHONE, "dark", _COLOURS),
)  # fmt: skip
#: What is opened on a page: each theme and each size once.
_OPENED: Looks = ((_DESK, "dark", _ALL), (_PHONE, "light", _ALL))


@dataclass
class House:
    """A furnished Tocsin, and who is in it."""

    stack: Stack
    people: Cast
    others: Cast
    rooms: dict[str, str]

    def address(self, path: str) -> str:
        """The whole address of a visit."""
        filled = path.format(**self.rooms)
        return filled if filled.startswith("http") else self.stack.web + filled


@pytest.fixture(scope="module")
def house(stack: Stack) -> House:
    """One of every role, and something in every room."""
    people = cast(stack, "house", *sorted(ROLES))
    others = cast(stack, "other", "supervisor", "investigator")
    shop = Marketplace(stack.web, stack.decide, people.key, people.tag)
    customer, _, order = shop.people_and_order()
    shop.test_cards(customer)
    flagged = shop.case_about(customer)["reference"]
    shop.stop()
    staff = {role: person.id for role, person in people.people.items()}
    rooms = furnish(stack, people.tag, staff, flagged)
    rooms |= {"flagged": flagged, "customer": customer, "order": order}
    return House(stack, people, others, rooms)


def test_every_address_is_visited_or_is_no_page() -> None:
    """A new page has to be put into ``visits``."""
    rooms = dict.fromkeys(re.findall(r"{(\w+)}", " ".join(one.path for one in VISITS)), "1")
    rooms["letter"] = "/help/notice/1"
    paths = [one.path.format(**rooms).partition("?")[0] for one in VISITS]
    visited = {resolve(path).view_name for path in paths if path != "/nowhere/"}
    addresses = set(visits.every_address())
    assert addresses - visited - NO_PAGE.keys() == set()
    assert visited & NO_PAGE.keys() == set()
    assert NO_PAGE.keys() - addresses == set()


@pytest.mark.capability("B9.2")
@pytest.mark.parametrize("who", sorted({one.who for one in VISITS}))
def test_axe_finds_nothing(house: House, browser: Browser, who: str) -> None:
    found: list[str] = []
    page = _arrive(house, browser, who)
    for visit in (one for one in VISITS if one.who == who):
        found += _visit(house, page, visit)
    if who in house.people.people:
        found += _around(house, page)
    page.context.close()
    assert found == []


@pytest.mark.capability("B9.2")
def test_a_case_on_paper_says_who_has_it_and_asks_for_nothing(house: House, browser: Browser) -> None:
    page = desk.sign_in(browser, house.stack.web, house.others["investigator"])
    page.goto(house.address("/console/case/{glass}/"))
    desk.take(page)
    expect(page.get_by_label("Add a note")).to_be_visible()
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 990})  # A4 between its margins
    expect(page.locator("#case-owner")).to_contain_text(house.others["investigator"].name)
    expect(page.locator("#case-owner .hide-narrow")).to_be_visible()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    for part in (".top", ".nav", ".queue", "#note-form", "#act-protect"):
        expect(page.locator(part)).to_be_hidden()
    page.context.close()


def _arrive(house: House, browser: Browser, who: str) -> Page:
    """The page of somebody who has come as far as they do before their visits."""
    # axe is injected as a script, so these contexts set the policy aside
    context = browser.new_context(bypass_csp=True, reduced_motion="reduce", viewport=_DESK)
    page = context.new_page()
    page.set_default_timeout(20_000)
    web = house.stack.web
    if who == NEWCOMER:
        _password(page, web, house.rooms["newcomer"])
    elif who == "at-second-step":
        _password(page, web, house.people["trainer"].email)
    elif who == "reporter":
        page.goto(f"{web}/help/follow-up/")
        page.get_by_label("Your report number").fill(house.rooms["number"])
        page.get_by_label("Your PIN").fill(house.rooms["pin"])
        page.get_by_role("button", name="Open my report").click()
    elif who == "second_supervisor":
        desk.enter(page, web, house.others["supervisor"])
    elif who != NOBODY:
        desk.enter(page, web, house.people[who])
    return page


def _password(page: Page, web: str, email: str) -> None:
    page.goto(f"{web}/console/")
    page.get_by_label("E-mail").or_(page.get_by_label("Email")).first.fill(email)
    page.locator("input[type=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("input[name=code]")).to_be_visible()


def _visit(house: House, page: Page, visit: Visit) -> Iterator[str]:
    """What axe finds on a page as it loads, and with everything on it opened."""
    address = house.address(visit.path)
    _go(page, address)
    yield from _look(page, visit.path)
    for opened in visit.opens:
        if page.url != address or opened.startswith("!"):
            _go(page, address)
        _open(page, opened)
        yield from _look(page, f"{visit.path} {opened}", _OPENED)
        page.keyboard.press("Escape")


def _around(house: House, page: Page) -> Iterator[str]:
    """Every place the person's navigation leads to, and one they may not go to."""
    _go(page, f"{house.stack.web}/console/")
    visited = {house.address(one.path).partition("?")[0] for one in VISITS if one.opens == ()}
    links = page.locator("#nav a").evaluate_all("links => links.map((link) => link.href)")
    for address in (one for one in links if one not in visited):
        _go(page, address)
        yield from _look(page, address, _LOOKS[:1])


def _go(page: Page, address: str) -> None:
    page.set_viewport_size(_DESK)
    page.goto(address)
    _settle(page)


def _settle(page: Page) -> None:
    until(lambda: holds(page, "!document.querySelector('.htmx-request, .skeleton')"), "the whole page")


def _open(page: Page, selector: str) -> None:
    if selector.startswith("!"):
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            page.locator(selector[1:]).first.evaluate(
                "form => { form.noValidate = true; form.requestSubmit(); }"
            )
        page.wait_for_load_state("domcontentloaded")
        expect(
            page.locator("[aria-invalid=true], [role=alert], .error, .error-summary, .banner").first
        ).to_be_visible()
    else:
        page.locator(selector).first.dispatch_event("click")
        if "#dialog-body" in selector or "/purpose/" in selector:
            expect(page.locator("#dialog")).to_be_visible()
    _settle(page)


def _look(page: Page, what: str, looks: Looks = _LOOKS) -> Iterator[str]:
    """What axe finds, in each look. The page as it stands is turned, not loaded anew."""
    if not page.title().strip():
        yield f"{what}: has no title"
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    for size, theme, options in looks:
        page.set_viewport_size(size)
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        for rule in page.evaluate(_AXE, options)["violations"]:
            for node in rule["nodes"]:
                yield f"{what} ({size['width']}, {theme}): {rule['id']} {node['html'][:160]}"
        yield from _too_wide(page, what)
    page.set_viewport_size(_ZOOMED)
    yield from _too_wide(page, what)
    page.set_viewport_size(_DESK)


def _too_wide(page: Page, what: str) -> Iterator[str]:
    shown, wide = page.evaluate("[innerWidth, document.documentElement.scrollWidth]")
    if wide > shown:
        yield f"{what} ({shown}): needs sideways scrolling, {wide} px"
