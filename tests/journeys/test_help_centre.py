"""The help centre in a real browser: on a phone without scripts, on a desk with them; anybody can use it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.stack import Stack
from tests.surfaces.help.test_reporting import PNG

pytestmark = pytest.mark.journey
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
FILE = {"name": "door.png", "mimeType": "image/png", "buffer": PNG}
#: What a browser says about our own answers to mistakes; everything else is a complaint.
_EXPECTED = re.compile(r"status of 4\d\d")


class Eyes:
    """Looks at a page: accessible, no sideways scrolling, no complaints."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda said: self._heard(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self._heard(str(error)))

    def _heard(self, text: str) -> None:
        if not _EXPECTED.search(text):
            self.complaints.append(text)

    def look(self) -> None:
        self.page.wait_for_load_state("networkidle")
        found = Axe().run(self.page, options=RULES).response["violations"]
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == [], self.page.url
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert self.page.evaluate(wide) <= 0, f"{self.page.url} scrolls sideways"
        assert self.complaints == []


def contexts(stack: Stack, browser: Browser, **settings: object) -> BrowserContext:
    return browser.new_context(base_url=stack.web, reduced_motion="reduce", **settings)  # type: ignore[arg-type]


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[390, 1280])
def page(stack: Stack, browser: Browser, theme: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    size = {"width": request.param, "height": 900}
    context = contexts(stack, browser, viewport=size, color_scheme=theme)
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


@pytest.mark.capability("B9.4")
@pytest.mark.capability("B9.7")
def test_every_page_of_a_report_can_be_used_by_anybody(page: Page) -> None:
    eyes = Eyes(page)
    for path in ("/help/", "/help/privacy/", "/help/notice/", "/help/report/?who=shopper"):
        page.goto(path)
        eyes.look()
    page.get_by_role("link", name="Threat of harm").click()
    eyes.look()

    # a mistake: what was typed stays, and the keyboard is at the summary
    page.get_by_label("What happened, in your own words").fill("He said he would come back.")
    page.get_by_label("Is anyone hurt?").fill("No")
    page.get_by_label("When did it happen?").fill("2099-01-01T10:00")
    page.get_by_role("button", name="Send the report").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("What happened, in your own words")).to_have_value("He said he would come back.")
    eyes.look()

    page.get_by_label("When did it happen?").fill("2026-01-05T10:00")
    page.get_by_label("Photos, screenshots or papers").set_input_files([FILE])
    page.get_by_role("button", name="Send the report").click()
    expect(page.get_by_role("heading", name="We have your report", level=1)).to_be_visible()
    eyes.look()

    page.get_by_role("button", name="Open my report").click()
    expect(page.get_by_text("Picture")).to_be_visible()
    page.get_by_label("Your message").fill("He drove a red car.")
    page.get_by_role("button", name="Add to my report").click()
    expect(page.get_by_role("log").get_by_text("He drove a red car.")).to_be_visible()
    expect(page.get_by_role("status").get_by_text("Added to your report.")).to_be_visible()
    eyes.look()

    page.get_by_role("button", name="Close my report").click()
    page.goto("/help/follow-up/")
    page.get_by_label("Your report number").fill("TS-00000-00000-1")
    page.get_by_label("Your PIN").fill("123456")
    page.get_by_role("button", name="Open my report").click()
    expect(page.get_by_role("alert")).to_contain_text("One letter or digit is different")
    eyes.look()


@pytest.mark.capability("B9.4")
def test_the_score_moves_while_somebody_types(stack: Stack, browser: Browser) -> None:
    context = contexts(stack, browser, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto("/help/report/SAF.threat/")
    score = page.locator("[data-score]")
    before = score.inner_text()
    page.get_by_label("What happened, in your own words").fill("He said he would come back.")
    expect(score).not_to_have_text(before)
    after = score.inner_text()
    page.get_by_role("group", name="Are you safe right now?").get_by_label("Yes").check()
    expect(score).not_to_have_text(after)
    # a question that follows another appears with its answer
    page.get_by_text("More about it").click()
    expect(page.get_by_label("Their report number")).to_be_hidden()
    page.get_by_role("group", name="Have the police been told?").get_by_label("Yes").check()
    expect(page.get_by_label("Their report number")).to_be_visible()
    context.close()


@pytest.mark.capability("B10.2")
@pytest.mark.capability("B9.7")
def test_everything_works_on_a_phone_without_scripts_in_spanish(stack: Stack, browser: Browser) -> None:
    context = contexts(
        stack, browser, viewport={"width": 360, "height": 740}, java_script_enabled=False, locale="es-MX"
    )
    page = context.new_page()
    page.goto("/")
    page.get_by_role("link", name="Informar de algo").click()
    page.get_by_role("link", name="No estoy seguro, o es otra cosa").click()
    page.get_by_label("Qué pasó, con sus propias palabras").fill("Me gritó en la puerta.")
    page.get_by_role("button", name="Enviar el informe").click()
    expect(page.get_by_role("heading", name="Tenemos su informe")).to_be_visible()
    number = page.locator("[data-number]").inner_text()
    pin = page.locator("[data-pin]").inner_text()
    expect(page.get_by_text("T de Toledo").first).to_be_visible()  # a number may have more than one T

    # coming back another day, from another phone
    context.clear_cookies()
    page.goto("/help/follow-up/")
    page.get_by_label("Su número de informe").fill(number.lower().replace("-", " "))
    page.get_by_label("Su PIN").fill(pin)
    page.get_by_role("button", name="Abrir mi informe").click()
    expect(page.get_by_role("heading", name="Cómo va")).to_be_visible()
    page.get_by_label("Su mensaje").fill("Fue el martes.")
    page.get_by_role("button", name="Agregar a mi informe").click()
    expect(page.get_by_text("Fue el martes.")).to_be_visible()
    context.close()


def test_the_way_out_leaves_no_way_back(stack: Stack, browser: Browser) -> None:
    context = contexts(stack, browser, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.route(
        "https://**", lambda route: route.fulfill(status=200, content_type="text/html", body="weather")
    )
    page.goto("/help/")
    page.goto("/help/report/SAF.threat/")
    seen: list[str | None] = []
    page.on(
        "request",
        lambda request: seen.append(request.headers.get("referer")) if "https" in request.url else None,
    )
    page.get_by_role("link", name="Leave this page quickly").click()
    expect(page.get_by_text("weather")).to_be_visible()
    assert all(not referer for referer in seen)
    page.go_back()
    assert "/help/report/" not in page.url
    context.close()


def test_the_number_prints(stack: Stack, browser: Browser) -> None:
    context = contexts(stack, browser, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto("/help/report/OTH.unclassified/")
    page.get_by_label("What happened, in your own words").fill("It was left in the rain.")
    page.get_by_role("button", name="Send the report").click()
    page.emulate_media(media="print")
    expect(page.locator("[data-number]")).to_be_visible()
    expect(page.locator("[data-pin]")).to_be_visible()
    expect(page.get_by_role("button", name="Open my report")).to_be_hidden()
    context.close()
