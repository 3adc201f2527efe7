"""Values at the edge of what a calendar or a column can hold, and ids with colons."""

from __future__ import annotations

import pytest

from tests.domains.matter import account, case_about
from tests.surfaces.api.client import Caller, places
from tocsin.domains.enforcement.models import Action, Notice
from tocsin.domains.people.models import Account, Store

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("customer", "created_at", '"0001-01-01T00:00:00+14:00"'),
        ("customer", "created_at", '"0001-01-01T00:00:00+00:00"'),
        ("customer", "created_at", '"1899-12-31T23:59:59Z"'),
        ("customer", "updated_at", '"0001-01-01T00:00:00+14:00"'),
        ("customer", "region", '"US-ABCDEFGHIJ-ABCDEFGHIJ"'),
        ("customer", "language", '"abc-abcdefgh-abcdefgh-abcdefgh"'),
        ("store", "lat", "1" + "0" * 400),
        ("store", "lat", "1e999"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_place(
    world: None, shop: Caller, kind: str, name: str, value: str
) -> None:
    raw = f'{{"attributes": {{"{name}": {value}}}}}'.encode()
    answer = shop("PUT", f"/entities/{kind}/odd-1", raw=raw)
    assert (answer.status_code, places(answer)) == (422, {f"attributes.{name}"})
    assert not Account.objects.filter(external_id="odd-1").exists()
    assert not Store.objects.filter(external_id="odd-1").exists()


def test_an_id_may_hold_a_colon_and_still_be_asked_for(world: None, shop: Caller) -> None:
    assert shop("PUT", "/entities/shopper/s:9", {"attributes": {"region": "US-WA"}}).status_code == 200
    order = {"attributes": {"customer": "c-1", "shopper": "s:9", "status": "assigned"}}
    assert shop("PUT", "/entities/order/o:9", order).status_code == 200
    case_about(["SAF.threat"], order="o:9", subject={"kind": "shopper", "id": "s:9"})
    held = Action.objects.get(type="suspend_interim", account=account("shopper:s:9"))
    letter = Notice.objects.get(account=account("shopper:s:9"))
    for named in ("shopper:s:9", "s:9"):
        found = shop("GET", f"/actions?account={named}").json()["items"]
        assert [one["id"] for one in found] == [held.pk]
        assert [one["id"] for one in shop("GET", f"/notices?account={named}").json()["items"]] == [letter.pk]
