"""The link graph of a case, built by an investigator and exported as evidence."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys import desk
from tests.journeys.marketplace import Marketplace
from tests.journeys.people import cast
from tests.support.stack import Stack, until


@pytest.mark.capability("A4.3")
def test_a_link_graph_is_built_and_exported_as_evidence(stack: Stack, browser: Browser) -> None:
    people = cast(stack, "links", "investigator")
    shop = Marketplace(stack.web, stack.decide, people.key, people.tag)
    first, second, third, fourth = (f"{name}-{people.tag}" for name in ("ann", "bob", "cid", "dan"))
    _uses(shop, first, f"phone-{people.tag}")
    _uses(shop, second, f"phone-{people.tag}", f"tablet-{people.tag}")
    _uses(shop, third, f"tablet-{people.tag}", f"watch-{people.tag}")
    _uses(shop, fourth, f"watch-{people.tag}")
    assert shop.test_cards(first)["verdict"] == "block"
    page = desk.sign_in(browser, stack.web, people["investigator"])
    case = _case_about(page, stack, first)
    desk.press_on(page.locator("#act-take"))
    expect(page.locator("#act-take")).to_have_count(0)
    desk.press_on(page.get_by_role("link", name="Build and keep"))
    table = page.get_by_role("region", name="Links, a table")

    expect(table).to_contain_text(second)
    expect(table).not_to_contain_text(third)
    desk.press_on(page.get_by_role("link", name=f"Go on from here Customer {second}"))
    expect(table).to_contain_text(third)
    desk.press_on(page.get_by_role("link", name=f"Go on from here Customer {third}"))
    expect(table).to_contain_text(fourth)
    desk.press_on(page.get_by_role("link", name=f"Leave out Device watch-{people.tag}"))
    expect(table).not_to_contain_text(fourth)
    desk.press_on(page.get_by_role("button", name="Keep as evidence"))
    expect(page.get_by_text("Sealed: a picture of the links, and the same as text.")).to_be_visible()

    names = page.locator("#evidence figcaption b")
    expect(names).to_have_count(2)
    endings = {name.rpartition(".")[2] for name in names.all_inner_texts()}
    assert endings == {"png", "txt"}
    told = _read(page, stack, ".txt")
    assert told["case"] == case
    assert told["left_out"] == [f"device:watch-{people.tag}"]
    things = {thing["id"] for thing in told["things"]}
    assert {f"customer:{one}" for one in (first, second, third)} <= things
    assert f"customer:{fourth}" not in things
    page.locator("#evidence [hx-get*='/custody/']").first.click()
    expect(page.get_by_role("dialog")).to_contain_text(people["investigator"].name)
    shop.stop()


def _uses(shop: Marketplace, customer: str, *devices: str) -> None:
    """Tell of a customer and the devices they use."""
    links = [{"kind": "device", "id": device, "relation": "uses"} for device in devices]
    body = {"attributes": {"region": "US-CA", "zone": "America/Los_Angeles"}, "links": links}
    done = shop.client.put(f"/v1/entities/customer/{customer}", json=body)
    assert done.status_code == 200, done.text


def _case_about(page: Page, stack: Stack, customer: str) -> str:
    """Open the case about somebody; its reference."""
    row = page.get_by_role("row").filter(has_text=customer)

    def there() -> bool:
        page.goto(f"{stack.web}/console/alerts/?state=in_case")
        return bool(row.count())

    until(there, "a case about the customer")
    link = row.first.locator("[data-label=Case]").get_by_role("link")
    reference = link.inner_text()
    link.click()
    return reference


def _read(page: Page, stack: Stack, ending: str) -> dict[str, list[object]]:
    """What an item of evidence says, saved as a file."""
    tile = page.locator("#evidence .evidence").filter(has_text=ending)
    item = re.search(r"/console/evidence/([^/]+)/", tile.first.inner_html())
    assert item is not None
    answer = page.request.get(f"{stack.web}/console/evidence/{item[1]}/?as=file")
    assert answer.status == 200
    told: dict[str, list[object]] = json.loads(answer.text())
    return told
