"""The console without a mouse: where the focus goes, and that nothing is done twice or lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.journeys import desk
from tests.journeys.marketplace import Marketplace
from tests.journeys.people import Cast, cast
from tests.support.browser import holds
from tests.support.stack import Stack, until

pytestmark = [pytest.mark.journey, pytest.mark.capability("B9.4")]

_NOTE = "Asked the bank about the six cards; are they sure?"
#: Keys that act on a page when nobody is typing, and one that opens the list of them.
_KEYS = "a e r f j k g q ? /"
_INSIDE = "document.querySelector('dialog[open]')?.contains(document.activeElement) ?? false"
_FOCUS = """() => {
  const at = document.activeElement, { outlineStyle, boxShadow } = getComputedStyle(at);
  return [at === document.body ? "BODY" : at.outerHTML.slice(0, 160), `${outlineStyle} ${boxShadow}`];
}"""
_REREAD = "(name) => document.body.dispatchEvent(new CustomEvent(name, { bubbles: true }))"
_TWICE = "(button) => { button.click(); button.click(); }"


@pytest.fixture(scope="module")
def people(stack: Stack) -> Cast:
    return cast(stack, "keys", "investigator")


@pytest.fixture(scope="module")
def case(stack: Stack, people: Cast) -> str:
    """The reference of a case that rules opened."""
    shop = Marketplace(stack.web, stack.decide, people.key, people.tag)
    customer, _, _ = shop.people_and_order()
    shop.test_cards(customer)
    reference = str(shop.case_about(customer)["reference"])
    shop.stop()
    return reference


@pytest.fixture(scope="module")
def page(stack: Stack, browser: Browser, people: Cast) -> Page:
    """One sign-in for all of this."""
    return desk.sign_in(browser, stack.web, people["investigator"])


@pytest.fixture
def on_case(stack: Stack, page: Page, case: str) -> Page:
    page.goto(f"{stack.web}/console/case/{case}/")
    expect(page.locator(".skeleton")).to_have_count(0)
    return page


def test_the_first_key_leads_past_the_frame(on_case: Page) -> None:
    on_case.keyboard.press("Tab")
    skip = on_case.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    on_case.keyboard.press("Enter")
    expect(on_case.locator("#main")).to_be_focused()
    on_case.keyboard.press("Tab")
    assert on_case.evaluate("document.querySelector('#main').contains(document.activeElement)")


def test_every_place_has_a_key_that_leads_there(stack: Stack, page: Page) -> None:
    page.goto(f"{stack.web}/console/queue/")
    places = page.locator("#nav a[data-key]").evaluate_all(
        "links => links.map((link) => [link.dataset.key, link.pathname])"
    )
    assert len(places) == page.locator("#nav a").count() > 3
    for keys, path in places:
        until(lambda: holds(page, "window.htmx && window.Alpine"), "the scripts")
        for key in keys.split():
            page.keyboard.press(key)
        page.wait_for_url(f"**{path}**")


def test_the_focus_is_seen_wherever_it_goes(on_case: Page) -> None:
    _take(on_case)
    on_case.reload()
    expect(on_case.locator(".skeleton")).to_have_count(0)
    reached, unseen = 0, []
    for _ in range(300):
        on_case.keyboard.press("Tab")
        at, looks = on_case.evaluate(_FOCUS)
        if at == "BODY":  # once round
            break
        reached += 1
        if looks == "none none":
            unseen.append(at)
    assert reached > 20
    assert unseen == []


@pytest.mark.parametrize(
    ("key", "button"), [("e", "#act-protect"), ("r", "#act-decide"), ("a", "#act-assign")]
)
def test_a_dialog_keeps_the_focus_and_gives_it_back(on_case: Page, key: str, button: str) -> None:
    _take(on_case)
    dialog = on_case.locator("#dialog")
    desk.press_key(on_case, key, dialog)
    assert on_case.evaluate(_INSIDE)
    for _ in range(dialog.locator("a, button, input, select, textarea, summary").count() + 2):
        on_case.keyboard.press("Tab")
        # between the last and the first control the browser's own bar has its turn
        assert on_case.evaluate(f"({_INSIDE}) || document.activeElement === document.body")
    on_case.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(on_case.locator(button)).to_be_focused()


def test_keys_rest_while_somebody_writes(on_case: Page) -> None:
    _take(on_case)
    address = on_case.url
    note = on_case.get_by_label("Add a note")
    note.focus()
    on_case.keyboard.type(_KEYS)
    expect(note).to_have_value(_KEYS)
    expect(on_case.locator("dialog[open]")).to_have_count(0)
    assert on_case.url == address
    note.fill("")


def test_what_is_read_again_leaves_the_focus_where_it_is(stack: Stack, on_case: Page, case: str) -> None:
    _take(on_case)
    for name, focused in (("live:case", on_case.locator("#act-decide")), ("live:queue", _row(on_case, case))):
        focused.focus()
        with on_case.expect_response(lambda answer: "/body/" in answer.url or "/rows/" in answer.url):
            on_case.evaluate(_REREAD, name)
        expect(on_case.locator(".htmx-request")).to_have_count(0)
        expect(focused).to_be_focused()


def test_a_second_press_does_nothing(on_case: Page) -> None:
    _take(on_case)
    on_case.get_by_label("Add a note").fill(_NOTE)
    sent: list[str] = []
    on_case.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    on_case.get_by_role("button", name="Add note").evaluate(_TWICE)
    expect(on_case.get_by_text("Note added.").first).to_be_visible()
    expect(on_case.locator(".htmx-request")).to_have_count(0)
    assert [url.rsplit("/", 2)[1] for url in sent] == ["note"]
    on_case.reload()
    expect(on_case.locator(".tl").get_by_text(_NOTE)).to_have_count(1)


def test_without_a_network_nothing_that_was_written_is_lost(on_case: Page) -> None:
    _take(on_case)
    written = "The customer called again at noon."
    note = on_case.get_by_label("Add a note")
    note.fill(written)
    on_case.context.set_offline(True)
    expect(on_case.locator("#strip-network")).to_contain_text("No network")
    desk.press_on(on_case.get_by_role("button", name="Add note"))
    expect(on_case.locator(".toast.bad")).to_contain_text("We could not reach the server")
    expect(note).to_have_value(written)
    on_case.context.set_offline(False)
    expect(on_case.locator("#strip-network")).to_have_count(0)
    desk.press_on(on_case.get_by_role("button", name="Add note"))
    expect(on_case.locator(".tl").get_by_text(written)).to_have_count(1)
    expect(note).to_have_value("")


def _take(page: Page) -> None:
    """Take the case, unless it is ours already."""
    if page.locator("#act-take").count():
        desk.press_key(page, "a", page.locator("#act-assign"))
        expect(page.locator("#act-assign")).to_be_focused()  # the button that was pressed is gone


def _row(page: Page, reference: str) -> Locator:
    return page.locator(f"#row-{reference} a")
