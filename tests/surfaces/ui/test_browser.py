"""The front end in a real Chromium, under the real content security policy."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.browser import holds
from tests.support.stack import until
from tests.surfaces.ui import urls

pytestmark = pytest.mark.journey


def open_showcase(page: Page, path: str = "/") -> None:
    page.goto(path)
    until(lambda: holds(page, "window.htmx && window.Alpine"), "the scripts")
    expect(page.locator("#links canvas").first).to_be_attached()
    expect(page.locator("#trend canvas")).to_be_attached()


def test_graph_chart_htmx_and_alpine_work_under_the_policy(page: Page, complaints: list[str]) -> None:
    open_showcase(page)
    policy = page.request.get("/").headers["content-security-policy"]
    assert "script-src 'self';" in policy + ";"
    assert "style-src 'self';" in policy + ";"
    assert "unsafe" not in policy
    page.click("#load")
    expect(page.locator("#loaded")).to_have_text("Loaded by GET")
    page.fill("[aria-label='Alpine counts']", "hello")
    expect(page.locator("[x-text=left]")).to_have_text("195")
    expect(page.locator("[data-graph-list=links] li")).to_have_count(10)
    expect(page.locator("[data-graph-list=links] li").first).to_have_text("Customer used Device 9f2c")
    expect(page.locator("[data-chart-table=trend] tbody tr")).to_have_count(30)
    assert complaints == []


def test_the_policy_really_refuses_inline_code(page: Page, complaints: list[str]) -> None:
    """The other tests could not fail if the policy were not there."""
    open_showcase(page)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p id=odd style=\"display:none\">x</p>')")
    page.evaluate("document.head.appendChild(document.createElement('script')).text = 'window.broken = 1'")
    expect(page.locator("#odd")).to_be_visible()
    assert page.evaluate("window.broken === undefined")
    assert any("Content Security Policy" in text and "style" in text for text in complaints)
    assert any("Content Security Policy" in text and "script" in text for text in complaints)


def test_a_write_carries_the_token_and_can_be_undone(page: Page, complaints: list[str]) -> None:
    urls.posted.clear()
    open_showcase(page)
    page.click("#post")
    expect(page.locator("#loaded")).to_have_text("Loaded by POST")
    page.click(".toast .undo")
    expect(page.locator(".toast")).to_have_count(0)
    page.wait_for_load_state("networkidle")
    assert urls.posted == ["fragment", "undo"]
    assert complaints == []


def test_a_refusal_is_said_in_plain_words_and_changes_nothing_on_the_page(page: Page) -> None:
    open_showcase(page)
    page.click("#conflict")
    expect(page.locator(".toast.bad p")).to_have_text(
        "Ana decided this case while you were reading it. Nothing was changed and nothing was lost. "
        "What to do now: Reload the case."
    )
    expect(page.locator("#loaded")).to_have_text("Nothing loaded yet.")


def test_a_lost_server_is_said_in_plain_words(page: Page) -> None:
    open_showcase(page)
    page.route("**/frag", lambda route: route.abort())
    page.click("#load")
    expect(page.locator(".toast.bad p")).to_contain_text("We could not reach the server. Nothing was lost")


def test_a_reveal_asks_why_first(page: Page) -> None:
    open_showcase(page)
    page.click("#m1 button")
    expect(page.locator("#dialog")).to_be_visible()
    expect(page.get_by_label("Why?")).to_be_focused()
    page.keyboard.type("to call back")
    page.keyboard.press("Enter")
    expect(page.locator("#m1")).to_have_text("+1 555 010 4471")
    expect(page.locator("#dialog")).to_be_hidden()


def test_the_palette_finds_goes_and_gives_the_focus_back(page: Page) -> None:
    open_showcase(page)
    page.focus("#load")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name=re.compile("Search cases"))
    expect(box).to_be_focused()
    expect(page.get_by_role("option", name="Queues")).to_be_visible()
    expect(page.locator("#palette").get_by_role("option").first).to_have_attribute("aria-selected", "true")
    page.keyboard.type("alvarez")  # found without its accent among what the server sent first
    expect(page.locator("#palette").get_by_role("option")).to_have_text(["José Álvarez"])
    page.keyboard.press("Escape")
    expect(page.locator("#load")).to_be_focused()
    page.keyboard.press("/")
    expect(box).to_have_value("")
    page.keyboard.type("nothing like it")
    expect(page.locator("#palette .empty")).to_contain_text("nothing like it")
    page.fill("#palette input", "threat")
    expect(page.get_by_role("option", name=re.compile("TS-7QK4M"))).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?c=1")


def test_enter_in_the_palette_waits_for_what_only_the_server_knows(page: Page) -> None:
    open_showcase(page)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option", name="Queues")).to_be_visible()
    page.keyboard.type("0v50bp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?c=2")


def test_the_palette_puts_what_begins_with_the_words_first(page: Page) -> None:
    open_showcase(page)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option", name="Queues")).to_be_visible()
    page.keyboard.type("re")
    option = page.locator("#palette").get_by_role("option")
    expect(option.filter(has_text="Refunds in a pair")).to_be_visible()
    expect(option.first).to_have_text(re.compile("^Re"))
    expect(option.first).to_have_attribute("aria-selected", "true")


def test_keys_walk_the_queue_and_press_buttons_but_rest_while_typing(page: Page) -> None:
    open_showcase(page)
    page.keyboard.press("j")
    expect(page.locator("[data-item]").nth(1)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("[data-item]").nth(1)).to_be_focused()
    page.focus("[aria-label='Alpine counts']")
    page.keyboard.type("j?ra")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.locator("[data-item]").nth(1).focus()
    page.keyboard.press("r")
    expect(page.locator("#sample-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/#cases")


def test_the_question_mark_lists_every_key_of_the_page_and_can_switch_them_off(page: Page) -> None:
    open_showcase(page)
    page.keyboard.press("?")
    dialog = page.locator("#keys-dialog")
    expect(dialog).to_be_visible()
    listed = dialog.locator("dd").all_inner_texts()
    on_page = page.eval_on_selector_all("[data-key]", "nodes => nodes.map(node => node.dataset.keyLabel)")
    assert set(on_page) <= set(listed)
    dialog.get_by_role("switch").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(page.locator("#sample-dialog")).to_be_hidden()
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    page.reload()
    page.keyboard.press("r")
    expect(page.locator("#sample-dialog")).to_be_hidden()


def test_the_theme_follows_the_system_until_somebody_chooses(page: Page) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="dark")
    open_showcase(page)
    dark = page.evaluate(ground)
    page.click("[data-theme-toggle]")
    light = page.evaluate(ground)
    assert dark != light
    page.goto("/help/")
    assert page.evaluate(ground) == light
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


def test_live_signals_arrive_and_a_lost_stream_is_announced_and_taken_back(page: Page) -> None:
    urls.live["state"] = "ok"
    page.add_init_script(
        "window.heard = []; document.addEventListener('live:queue', (event) => heard.push(event.detail.n))"
    )
    open_showcase(page, "/?live")
    until(lambda: holds(page, "heard.length > 1"), "the second news")
    assert page.evaluate("new Set(heard).size") == 1
    urls.live["state"] = "broken"
    expect(page.locator("#strip-live")).to_contain_text("Live updates stopped", timeout=30_000)
    urls.live["state"] = "ok"
    expect(page.locator("#strip-live")).to_have_count(0, timeout=60_000)
    expect(page.locator(".toast.good")).to_contain_text("Live updates are back.")


def test_no_network_is_announced(page: Page) -> None:
    open_showcase(page)
    page.context.set_offline(True)
    expect(page.locator("#strip-network")).to_contain_text("No network")
    page.context.set_offline(False)
    expect(page.locator("#strip-network")).to_have_count(0)


def test_evidence_is_not_fetched_before_somebody_asks(page: Page) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    page.route("**/evidence/**", answer)
    open_showcase(page)
    page.wait_for_load_state("networkidle")
    assert asked == []
    tile = page.locator("[data-evidence]").first
    tile.get_by_role("button", name="Show doorstep-1.jpg").click()
    expect(tile.locator("img.soft")).to_have_attribute("alt", "doorstep-1.jpg")
    assert len(asked) == 1
    tile.get_by_role("button", name="Cover again").click()
    expect(tile.get_by_role("button", name="Show doorstep-1.jpg")).to_be_focused()


def test_clocks_do_not_trust_the_computer_they_run_on(page: Page) -> None:
    page.add_init_script("const real = Date.now; Date.now = () => real() - 5 * 3600 * 1000")
    open_showcase(page)
    expect(page.locator("[data-item] .sla").first).to_have_text(re.compile(r"due in 00:4[01]:\d\d"))


@pytest.mark.parametrize("width", [320, 390, 768, 1100, 1640])
@pytest.mark.parametrize("path", ["/", "/help/", "/err/409"])
def test_nothing_needs_sideways_scrolling(page: Page, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_a_phone_the_menu_is_a_drawer_and_the_queue_a_screen_of_its_own(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_showcase(page)
    expect(page.locator(".queue")).to_be_hidden()
    expect(page.get_by_role("link", name="Cases")).to_be_hidden()
    page.click("[data-nav-toggle]")
    expect(page.locator("#nav a").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("[data-nav-toggle]")).to_be_focused()
    page.evaluate("document.querySelector('.app').dataset.pane = 'queue'")
    expect(page.locator(".queue")).to_be_visible()
    expect(page.locator("#main")).to_be_hidden()


def test_the_help_centre_changes_its_language(page: Page) -> None:
    page.goto("/help/")
    page.get_by_role("button", name="Español").click()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    warning = "Si alguien está en peligro ahora, llame a su número de emergencia."
    expect(page.locator(".emergency p")).to_have_text(warning)
    expect(page.get_by_role("link", name="Llamar al 911")).to_have_attribute("href", "tel:911")


def test_the_help_centre_has_large_targets_and_large_text(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/help/")
    small = page.eval_on_selector_all(
        "main a, main button, .emergency a, .help-top button, .choice, input:not([type=radio]), textarea",
        "nodes => nodes.map((node) => [node.getBoundingClientRect().height, node.outerHTML])"
        ".filter(([height]) => height && height < 44)",
    )
    assert small == []
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 16


def test_a_printed_case_has_no_frame(page: Page) -> None:
    open_showcase(page)
    page.emulate_media(media="print")
    for part in (".top", ".nav", ".queue", "#links"):
        expect(page.locator(part).first).to_be_hidden()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    expect(page.locator(".print-head")).to_contain_text("by Mei Ellery")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("[data-graph-list=links] li").last).to_be_visible()
