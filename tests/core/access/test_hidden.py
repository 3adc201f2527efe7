"""What is hidden is counted."""

from tests.core.access.people import staff
from tocsin.core.access.check import Scope
from tocsin.core.access.hidden import Page, visible


def test_hidden_rows_are_counted_not_dropped() -> None:
    rows = ["US-CA", "US-NY", "US-CA", "EU-DE"]
    page = visible(
        staff("specialist", regions=("US-CA",)), "cases.view", rows, lambda region: Scope(region=region)
    )
    assert page == Page(["US-CA", "US-CA"], hidden=2, next_cursor="")
    assert visible(staff("trainer"), "cases.view", rows, lambda region: Scope(region=region)) == Page([], 4)
