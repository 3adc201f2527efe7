"""A specialist at the console, by keyboard alone: every step is a key press, as the help dialog promises."""

from __future__ import annotations

from playwright.sync_api import Browser, Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.journeys.people import PASSWORD, Person


def press_key(page: Page, key: str, brings: Locator) -> None:
    """Press a shortcut; press it again when the page was not listening yet."""
    for _ in range(10):
        page.keyboard.press(key)
        try:
            brings.wait_for(timeout=6_000)
            return
        except PlaywrightTimeout:
            continue
    expect(brings).to_be_visible(timeout=100)  # fails, and shows the page


def press_on(locator: Locator, key: str = "Enter") -> None:
    """Go to a control with the Tab key, and press a key on it."""
    tab_to(locator)
    locator.press(key)


def tab_to(locator: Locator) -> None:
    """Press Tab until the control has the focus. What cannot be reached so fails here."""
    expect(locator).to_be_visible()
    page = locator.page
    for _ in range(300):
        if locator.and_(page.locator(":focus")).count():
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not reach {locator}")


def write(locator: Locator, text: str) -> None:
    """Go to a box with the Tab key and type."""
    tab_to(locator)
    locator.page.keyboard.type(text)


def choose(select: Locator, label: str) -> None:
    """Go to a list and walk down to a choice with the arrow keys."""
    tab_to(select)
    labels = [words.strip() for words in select.locator("option").all_inner_texts()]
    chosen = int(select.evaluate("list => list.selectedIndex"))
    wanted = labels.index(label)
    for _ in range(abs(wanted - chosen)):
        select.press("ArrowDown" if wanted > chosen else "ArrowUp")
    expect(select.locator("option:checked")).to_have_text(label)


def pick(group: Locator, label: str) -> None:
    """Go to a group of choices and walk down to one with the arrow keys."""
    radios = group.get_by_role("radio")
    press_on(radios.first, "Space")
    wanted = group.get_by_role("radio", name=label)
    for _ in range(radios.count()):
        if wanted.is_checked():
            return
        group.page.keyboard.press("ArrowDown")
    expect(wanted).to_be_checked()


def sign_in(browser: Browser, web: str, person: Person) -> Page:
    """Sign in on a computer of one's own; returns the page, on the person's desk."""
    page = browser.new_context(viewport={"width": 1500, "height": 950}).new_page()
    enter(page, web, person)
    return page


def enter(page: Page, web: str, person: Person, *, spare: bool = False) -> None:
    """Sign in with password and second factor; ``spare``: with the recovery code."""
    page.set_default_timeout(20_000)
    page.goto(f"{web}/console/")
    write(page.get_by_label("E-mail").or_(page.get_by_label("Email")).first, person.email)
    write(page.locator("input[type=password]"), PASSWORD)
    page.keyboard.press("Enter")
    box = page.locator("input[name=code]")
    for _ in range(3):  # the code of half a minute ago is refused, and asked for again
        write(box, person.spare if spare else person.code())
        page.keyboard.press("Enter")
        expect(page.locator("body.console, .error-summary").first).to_be_visible()
        if not box.count():
            return
        box.clear()
    raise AssertionError(f"{person.name} could not sign in")


def open_case(page: Page, web: str, reference: str) -> None:
    """Open a case from the queue: J and K move, Enter opens. What is not on the first page is on the next."""
    page.goto(f"{web}/console/queue/?tab=all")
    while True:
        if _chosen_with_j(page, reference):
            page.keyboard.press("Enter")
            page.wait_for_url(f"**/console/case/{reference}/**")
            return
        more = page.locator("#queue-pages a[rel=next]")
        if not more.count():
            break
        page.goto(f"{web}{more.get_attribute('href')}")
    raise AssertionError(f"{reference} was not reached with J in the queue")


def _chosen_with_j(page: Page, reference: str) -> bool:
    """Whether J reaches the case on this page of the queue."""
    chosen = page.locator("[data-item]:focus")
    press_key(page, "j", chosen)
    for _ in range(page.locator("[data-item]").count()):
        if reference in chosen.inner_text():
            return True
        page.keyboard.press("j")
    return False


def take(page: Page) -> None:
    """A takes the case."""
    press_key(page, "a", page.get_by_text("The case is yours.", exact=True).first)


def draft(page: Page, *, finding: str, proof: str, internal: str, disclosable: str) -> Locator:
    """Fill in a decision; returns the dialog it is in.

    R opens the panel; the clause about the case's own code is the first one offered.
    """
    dialog = page.locator("#dialog")
    press_key(page, "r", dialog.get_by_label("Finding"))
    choose(dialog.get_by_label("Finding"), finding)
    clause = dialog.get_by_label("Clause", exact=True)
    choose(clause, clause.locator("option").nth(1).inner_text().strip())
    expect(dialog.get_by_text("What it will cause")).to_be_visible()
    choose(dialog.get_by_label("Standard of proof"), proof)
    write(dialog.get_by_label("Facts, for the file"), internal)
    write(dialog.get_by_label("Facts, as the person may read them"), disclosable)
    return dialog


def file(dialog: Locator) -> None:
    """File the decision that was filled in."""
    press_on(dialog.get_by_role("button", name="File the decision"))
