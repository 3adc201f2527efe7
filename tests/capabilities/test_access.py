"""Who is kept out, and who hears of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys import desk
from tests.journeys.marketplace import Marketplace
from tests.journeys.people import Cast, Person, cast
from tests.support.stack import Stack, until

#: The most one person may export in a day (``TOCSIN_EXPORT_CAP``).
CAP = 200
_REPORTS = 45


@pytest.fixture
def people(stack: Stack) -> Cast:
    return cast(stack, "access", "investigator", "privacy_officer", "supervisor", "support_agent")


@pytest.fixture
def shop(stack: Stack, people: Cast) -> Iterator[Marketplace]:
    made = Marketplace(stack.web, stack.decide, people.key, people.tag)
    yield made
    made.stop()


@pytest.mark.capability("A9.2")
def test_without_role_purpose_or_assignment_one_is_refused_and_the_privacy_officer_sees_it(
    stack: Stack, browser: Browser, people: Cast, shop: Marketplace
) -> None:
    customer, _, _ = shop.people_and_order()
    shop.test_cards(customer)
    case = shop.case_about(customer)
    address = f"{stack.web}/console/case/{case['reference']}/"

    # no role for it
    agent = desk.sign_in(browser, stack.web, people["support_agent"])
    for _ in range(5):
        _is_refused(agent, address)
    # the role, but not the work
    investigator = people["investigator"]
    _is_refused_by_api(stack, investigator, case)
    # the work, but another purpose
    page = desk.sign_in(browser, stack.web, investigator)
    page.goto(address)
    desk.take(page)
    _work_for(page, stack.web, "Training")
    masked = page.request.get(f"{address}reveal/{_account(stack, customer)}/name/")
    assert masked.status == 403

    # each is in the access log, and what piled up has been told
    officer = desk.sign_in(browser, stack.web, people["privacy_officer"])
    _sees_refusal(officer, stack, people["support_agent"], "cases.view", "not in their role", told=True)
    _sees_refusal(officer, stack, investigator, "cases.work", "not given to them")
    _sees_refusal(officer, stack, investigator, "people.reveal", "not for that purpose")


@pytest.mark.capability("A9.2")
def test_exporting_more_than_a_days_worth_is_blocked_and_told_at_once(
    stack: Stack, browser: Browser, people: Cast, shop: Marketplace
) -> None:
    for number in range(_REPORTS):
        told = shop.client.post("/v1/reports", json={
            "narrative": f"The milk was sour, bottle {number}.", "codes": ["FOO.spoiled"], "region": "US-CA",
            "reporter": {"kind": "bystander"},
        })  # fmt: skip
        assert told.status_code == 201, told.text
    supervisor = people["supervisor"]
    page = desk.sign_in(browser, stack.web, supervisor)

    def opened() -> bool:
        page.goto(f"{stack.web}/console/queue/?tab=all&desk=food")
        return int(re.sub(r"\D", "", page.locator(".qh .pill").first.inner_text())) >= _REPORTS

    until(opened, "the reports to become cases")
    carried = 0
    for _ in range(CAP // _REPORTS + 2):
        answer = page.request.get(f"{stack.web}/console/export/?tab=all&desk=food")
        if answer.status != 200:
            break
        assert answer.headers["content-type"].startswith("text/csv")
        carried += len(answer.text().splitlines()) - 1
    assert answer.status == 403
    assert _REPORTS <= carried <= CAP

    officer = desk.sign_in(browser, stack.web, people["privacy_officer"])
    _sees_refusal(officer, stack, supervisor, "cases.export", "more than a day's worth", told=True)


def _is_refused(page: Page, address: str) -> None:
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_text("Your role does not include this.")).to_be_visible()


def _is_refused_by_api(stack: Stack, person: Person, case: dict[str, Any]) -> None:
    answer = httpx.post(
        f"{stack.web}/v1/cases/{case['id']}/decisions",
        headers={"Authorization": f"Bearer {person.key}"},
        json={
            "subject": case["parties"][0]["account_id"], "finding": "inconclusive",
            "standard_of_proof": "preponderance", "facts_internal": "Not my case, but let me see.",
        },
        timeout=20,
    )  # fmt: skip
    assert answer.status_code == 403, answer.text


def _work_for(page: Page, web: str, purpose: str) -> None:
    page.goto(f"{web}/console/purpose/")
    page.get_by_label(purpose).check()
    desk.press_on(page.get_by_role("button", name="Work for this purpose"))
    page.wait_for_url("**/console/queue/**")


def _account(stack: Stack, customer: str) -> str:
    with stack.connect() as database:
        row = database.execute("SELECT id FROM people_account WHERE external_id = %s", [customer]).fetchone()
    assert row is not None
    return str(row[0])


def _sees_refusal(
    page: Page, stack: Stack, person: Person, permission: str, why: str, *, told: bool = False
) -> None:
    """The privacy officer finds a refusal in the access log; ``told``: it was pointed out to them."""
    page.goto(f"{stack.web}/console/access/")
    rows = page.get_by_role("row").filter(has_text=why)
    for told_by in (f'[title="staff:{person.id}"]', f'[title="{permission}"]'):
        rows = rows.filter(has=page.locator(told_by))
    expect(rows.first).to_be_visible()
    if told:
        expect(rows.filter(has_text="told").first).to_be_visible()
