"""Single sign-on: staff come in through the house's identity provider; strangers do not."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.people import Cast, cast
from tests.support.database import FreshDatabase
from tests.support.identity_provider import IdentityProvider
from tests.support.stack import Stack, running

STRANGER = "stranger@elsewhere.example"


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    made = IdentityProvider({STRANGER: {"email_verified": True, "name": "A Stranger"}})
    yield made
    made.stop()


@pytest.fixture(scope="module")
def house(fresh_database: FreshDatabase, provider: IdentityProvider) -> Iterator[Stack]:
    """A Tocsin that was told of the provider."""
    with running(fresh_database(), TOCSIN_OIDC_APPS=json.dumps([provider.app])) as made:
        yield made


@pytest.fixture(scope="module")
def people(house: Stack, provider: IdentityProvider) -> Cast:
    made = cast(house, "sso", "investigator", "supervisor", "auditor")
    provider.people[made["investigator"].email] = {"email_verified": True, "name": "Ines"}
    # addresses that nobody has checked, said in the two ways providers say it
    provider.people[made["supervisor"].email] = {"email_verified": False, "name": "Sue"}
    provider.people[made["auditor"].email] = {"email_verified": "false", "name": "Aud"}
    return made


def come_as(browser: Browser, house: Stack, provider: IdentityProvider, email: str) -> Page:
    page = browser.new_context().new_page()
    page.goto(f"{house.web}/console/")
    page.get_by_role("link", name="House").or_(page.get_by_role("button", name="House")).first.click()
    if not page.url.startswith(provider.issuer):  # a page of our own asks first
        page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Who are you?")).to_be_visible()
    page.get_by_role("link", name=email, exact=True).click()
    return page


def sessions(house: Stack) -> int:
    with house.connect() as database:
        row = database.execute("SELECT count(*) FROM socialaccount_socialaccount").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.journey
def test_known_staff_come_in_without_a_password(
    house: Stack, people: Cast, provider: IdentityProvider, browser: Browser
) -> None:
    ines = people["investigator"]
    # the second time the two accounts know each other; a second factor that is set up is asked for as ever
    for code in (ines.code, lambda: ines.spare):
        page = come_as(browser, house, provider, ines.email)
        page.get_by_label("Code").fill(code())
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("body.console")).to_be_visible()
        assert page.url.startswith(f"{house.web}/console/queue/")
        assert ines.name in page.content()
    assert provider.refused == []


@pytest.mark.journey
@pytest.mark.parametrize("who", ["stranger", "supervisor", "auditor"])
def test_nobody_else_does(
    house: Stack, people: Cast, provider: IdentityProvider, browser: Browser, who: str
) -> None:
    before = sessions(house)
    email = STRANGER if who == "stranger" else people[who].email
    page = come_as(browser, house, provider, email)
    expect(page.locator("h1")).to_be_visible()
    assert page.locator("body.console").count() == 0
    page.goto(f"{house.web}/console/")
    assert page.url.startswith(f"{house.web}/accounts/login/")
    assert sessions(house) == before


@pytest.mark.journey
def test_forms_lead_to_the_provider_and_nowhere_else(
    house: Stack, provider: IdentityProvider, browser: Browser
) -> None:
    page = browser.new_context().new_page()
    answer = page.goto(f"{house.web}/accounts/login/")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    [allowed] = [part.strip() for part in policy.split(";") if part.strip().startswith("form-action")]
    assert allowed == f"form-action 'self' {provider.issuer}"
