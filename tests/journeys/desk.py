"""A specialist at the console, by keyboard alone: every step is a key press, as the help dialog promises."""

from __future__ import annotations

from playwright.sync_api import Browser, Locator, Page, expect

from tests.journeys.people import PASSWORD, Person


def press_on(locator: Locator, key: str = "Enter") -> None:
    """Reach a control as the Tab key would, and press a key on it."""
    locator.focus()
    locator.press(key)


def sign_in(browser: Browser, web: str, person: Person, **context: object) -> Page:
    """Sign in with password and second factor; returns the page, on the person's desk."""
    page = browser.new_context(viewport={"width": 1500, "height": 950}, **context).new_page()  # type: ignore[arg-type]
    page.set_default_timeout(20_000)
    page.goto(f"{web}/console/")
    page.get_by_label("E-mail").or_(page.get_by_label("Email")).first.press_sequentially(person.email)
    page.locator("input[type=password]").press_sequentially(PASSWORD)
    page.keyboard.press("Enter")
    code = page.locator("input[name=code]")
    code.press_sequentially(person.code())
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/**")
    return page


def open_case(page: Page, web: str, reference: str) -> None:
    """Open a case from the queue: J and K move, Enter opens."""
    page.goto(f"{web}/console/queue/?tab=all")
    rows = page.locator("[data-item]")
    expect(rows.first).to_be_visible()
    for _ in range(60):
        page.keyboard.press("j")
        chosen = page.locator("[data-item]:focus")
        if chosen.count() and reference in chosen.inner_text():
            page.keyboard.press("Enter")
            page.wait_for_url(f"**/console/case/{reference}/**")
            return
    raise AssertionError(f"{reference} was not reached with J in the queue")


def take(page: Page) -> None:
    """A takes the case."""
    page.keyboard.press("a")
    expect(page.get_by_text("The case is yours.").first).to_be_visible()


def decide(page: Page, *, finding: str, proof: str, internal: str, disclosable: str) -> None:
    """R opens the panel; the clause about the case's own code is the first one offered."""
    page.keyboard.press("r")
    dialog = page.locator("#dialog")
    expect(dialog.get_by_label("Finding")).to_be_visible()
    dialog.get_by_label("Finding").select_option(label=finding)
    clause = dialog.get_by_label("Clause", exact=True)
    clause.select_option(index=1)
    expect(dialog.get_by_text("What it will cause")).to_be_visible()
    dialog.get_by_label("Standard of proof").select_option(label=proof)
    dialog.get_by_label("Facts, for the file").press_sequentially(internal)
    dialog.get_by_label("Facts, as the person may read them").press_sequentially(disclosable)
    press_on(dialog.get_by_role("button", name="File the decision"))
