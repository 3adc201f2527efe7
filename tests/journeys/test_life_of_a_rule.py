"""The life of a rule in one journey: written, mended, tried on the past and in shadow, put into force by a
second person, paused by the brake, rolled back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.domains.rules.drafts import NAME, STORIES, TEXT
from tests.journeys import desk
from tests.journeys.marketplace import Marketplace
from tests.journeys.people import cast
from tests.support.stack import Stack, until
from tocsin.engine.language.ruleset import load_folder

#: How long the worker may take for a check or a backtest, beside everything else on the machine.
_WORKED_OUT_MS = 90_000
_MISTAKEN = TEXT.replace("small_refusals >= 2", "small_refusal >= 2")


@pytest.mark.journey
@pytest.mark.capability("A4.11")
def test_a_rule_is_written_mended_tried_promoted_braked_and_rolled_back(
    own_stack: Stack, browser: Browser
) -> None:
    people = cast(own_stack, "life", "rules_engineer", "supervisor")
    shop = Marketplace(own_stack.web, own_stack.decide, people.key, people.tag)
    _an_ordinary_day(shop)
    author = desk.sign_in(browser, own_stack.web, people["rules_engineer"])
    second = desk.sign_in(browser, own_stack.web, people["supervisor"])

    # written, with a mistake: the check says where, and what was probably meant
    _write(author, own_stack.web)
    desk.press_on(author.get_by_role("button", name="Check it"))
    check = _card(author, "Check")
    expect(check).to_contain_text("not passed", timeout=_WORKED_OUT_MS)
    expect(check).to_contain_text("Line 10, column 12")
    expect(check).to_contain_text('Did you mean "small_refusals"?')
    expect(check.locator("pre").first).to_contain_text("^^^^^^^^^^^^^")

    # mended: said while it is typed, and by the check
    text = author.get_by_role("textbox", name="Rule", exact=True)
    desk.tab_to(text)
    author.keyboard.press("Control+A")
    author.keyboard.type(TEXT)
    expect(author.get_by_text("The text can be read.")).to_be_visible()
    desk.press_on(author.get_by_role("button", name="Keep"))
    desk.press_on(author.get_by_role("button", name="Check it"))
    expect(check.get_by_text("passed", exact=True)).to_be_visible(timeout=_WORKED_OUT_MS)

    # tried on the past: two of the ordinary day's refusals would have been looked at
    desk.press_on(author.get_by_role("button", name="Backtest it"))
    backtest = _card(author, "Backtest")
    expect(_figure(backtest, "Hits")).to_have_text("2", timeout=_WORKED_OUT_MS)
    expect(_figure(backtest, "People")).to_have_text("1")
    expect(backtest.locator("canvas")).to_be_visible()
    desk.press_on(backtest.get_by_text("The same figures as a table"))
    expect(backtest.get_by_role("row").last).to_have_text(re.compile("2$"))

    # in shadow it changes no answer; before it met traffic nobody can promote it
    _step(author, "Put into shadow", "Let us see what it does.")
    _open(second, own_stack.web)
    _ask(second, "Put into canary", "It looks right.")
    expect(second.get_by_role("alert")).to_contain_text("nobody can compare it with what is in force")
    _expect_state(second, "Shadow")
    until(lambda: _in_force(own_stack, shop, "shadow"), "decide to have it in shadow")
    assert _refusals(shop, "in-shadow", 3) == ["allow"] * 3
    assert _stolen_cards(shop, 4)[-1] == "block"
    until(lambda: _hits(own_stack) == (0, 3), "its hits in shadow")

    # champion and challenger on the same events; the author cannot put it into force, somebody else can
    author.reload()
    compared = _card(author, "Champion and challenger")
    expect(compared.get_by_role("row", name="Hits")).to_have_text("Hits13")
    expect(compared.get_by_role("row", name="People", exact=False).first).to_have_text("People12")
    expect(_figure(compared, "Both fired")).to_have_text("1")
    expect(_figure(compared, "Only the champion")).to_have_text("0")
    expect(_figure(compared, "Only the challenger")).to_have_text("2")
    expect(author.get_by_text("somebody else has to take it further")).to_be_visible()
    expect(author.get_by_role("button", name="Put into canary")).to_have_count(0)
    _open(second, own_stack.web)
    _ask(second, "Put into canary", "Its hits in shadow are right.")
    _expect_state(second, "Canary")
    promoted = _card(second, "Steps").get_by_role("listitem").first
    expect(promoted).to_contain_text("Hits: champion 1, challenger 3.")
    _step(second, "Put into force", "The canary is well.")
    _expect_state(second, "Active")
    until(lambda: _in_force(own_stack, shop, "active"), "decide to have it in force")

    # it does more than its backtest said: the brake pauses it
    assert _refusals(shop, "in-force", 3) == ["allow", "allow", "review"]
    for number in range(15):
        _refusals(shop, f"in-force-{number}", 3)
    until(lambda: _state(own_stack) == "paused", "the brake")
    second.reload()
    steps = _card(second, "Steps").get_by_role("listitem")
    expect(steps.first).to_contain_text("The brake: ")
    expect(steps.first).to_contain_text("its backtest forecast")

    # rolled back in one act: what it replaced is in force again
    _step(second, "Roll back", "It stops people who only mistyped.")
    _expect_state(second, "Retired")
    second.goto(f"{own_stack.web}/console/rules/card_testing/")
    _expect_state(second, "Active")
    until(lambda: _in_force(own_stack, shop, "active", "card_testing"), "decide to have the old one again")
    assert NAME not in load_folder(own_stack.home / "rules" / "current").rules
    assert _stolen_cards(shop, 5)[-1] == "block"
    shop.stop()


@pytest.mark.journey
def test_names_are_offered_while_typing_and_taken_only_when_chosen(
    own_stack: Stack, browser: Browser
) -> None:
    people = cast(own_stack, "names", "rules_engineer")
    page = desk.sign_in(browser, own_stack.web, people["rules_engineer"])
    page.goto(f"{own_stack.web}/console/rules/new/")
    text = page.get_by_role("textbox", name="Rule", exact=True)
    offered = page.get_by_role("listbox").get_by_role("option")
    desk.write(text, "    when = card_decl")
    expect(offered.first).to_contain_text("card_declines_1h")
    page.keyboard.press("Enter")
    expect(text).to_have_value("    when = card_decl\n")
    page.keyboard.type("card_decl")
    expect(offered.first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(offered.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(text).to_have_value("    when = card_decl\ncard_declines_1h")
    expect(offered).to_have_count(0)
    # what is wrong is said without the page being loaded, and Escape puts names away
    expect(page.locator("#rule-problems")).to_contain_text("Line 1, column")
    page.keyboard.type("\npayment.dec")
    expect(offered.first).to_contain_text("payment.declined")
    page.keyboard.press("Escape")
    expect(offered).to_have_count(0)


def _an_ordinary_day(shop: Marketplace) -> None:
    """What the past holds: people sign in, and one of them mistypes a card four times."""
    for number in range(30):
        shop.event("account.login", {"customer": f"calm-{shop.tag}-{number}"})
    _refusals(shop, "past", 4)


def _refusals(shop: Marketplace, who: str, times: int) -> list[str]:
    """A customer's small payment is declined again and again; returns the answers."""
    return [
        shop.event(
            "payment.declined", {"customer": f"{who}-{shop.tag}", "card": f"card-{who}-{shop.tag}"},
            amount_minor=100, currency="USD", decline_code="do_not_honor",
        )["verdict"]
        for _ in range(times)
    ]  # fmt: skip


def _stolen_cards(shop: Marketplace, cards: int) -> list[str]:
    """Somebody tries cards on one device; returns the answers."""
    return [
        shop.event(
            "payment.declined",
            {"customer": f"tester-{shop.tag}", "card": f"card-{shop.tag}-{number}", "device": shop.tag},
            amount_minor=100, currency="USD", decline_code="do_not_honor",
        )["verdict"]
        for number in range(cards)
    ]  # fmt: skip


def _write(page: Page, web: str) -> None:
    """Begin the rule, as one that replaces a packaged one."""
    page.goto(f"{web}/console/rules/")
    desk.press_on(page.get_by_role("link", name="Write a rule"))
    desk.write(page.get_by_label("Name", exact=True), NAME)
    desk.write(page.get_by_label("Replaces"), "card_testing")
    desk.write(page.get_by_role("textbox", name="Rule", exact=True), _MISTAKEN)
    desk.write(page.get_by_label("Stories"), STORIES)
    desk.press_on(page.get_by_role("button", name="Keep"))
    _expect_state(page, "Draft")


def _open(page: Page, web: str) -> None:
    """Go to the rule from the list."""
    page.goto(f"{web}/console/rules/")
    desk.press_on(page.get_by_role("link", name=NAME))
    expect(page.get_by_role("heading", name=NAME)).to_be_visible()


def _step(page: Page, button: str, reason: str) -> None:
    """Take the rule a step on, and see the step written down."""
    desk.write(page.get_by_label("Reason"), reason)
    desk.press_on(page.get_by_role("button", name=button))
    expect(_card(page, "Steps")).to_contain_text(reason)


def _ask(page: Page, button: str, reason: str) -> None:
    """Ask for a step out of shadow before its seven days are over."""
    desk.press_on(page.get_by_label("Before its seven days in shadow are over"), "Space")
    desk.write(page.get_by_label("Reason"), reason)
    desk.press_on(page.get_by_role("button", name=button))


def _card(page: Page, heading: str) -> Locator:
    return page.get_by_role("region", name=heading, exact=True)


def _figure(card: Locator, name: str) -> Locator:
    """The figure beside a name."""
    return card.locator(f"dt:text-is('{name}') + dd")


def _expect_state(page: Page, state: str) -> None:
    expect(page.locator(".page-head .pill").first).to_have_text(state)


def _in_force(stack: Stack, shop: Marketplace, stage: str, name: str = NAME) -> bool:
    """Whether decide answers by a set with a rule at this stage."""
    current = load_folder(stack.home / "rules" / "current")
    rule = current.rules.get(name)
    if rule is None or rule.stage != stage:
        return False
    answer = shop.event("account.login", {"customer": f"calm-{shop.tag}"})
    return bool(answer["rules_version"] == current.version)


def _hits(stack: Stack) -> tuple[int, int]:
    """How often the rule fired with a say in the answer, and in shadow."""
    with stack.connect() as database:
        row = database.execute(
            "SELECT coalesce(sum(fired), 0), coalesce(sum(watched), 0) FROM detection_rule_hits"
            " WHERE rule = %s",
            (NAME,),
        ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _state(stack: Stack) -> str:
    with stack.connect() as database:
        row = database.execute("SELECT state FROM rules_rule WHERE name = %s", (NAME,)).fetchone()
    return str(row[0]) if row else ""
