"""Reading is masked, scoped, and says how much it leaves out."""

import json

import pytest

from tests.domains.actors import integration, staff
from tocsin.core.access.check import Scope
from tocsin.core.access.models import Reveal
from tocsin.core.errors import AccessDenied, InvalidInput
from tocsin.domains.people import graph, queries
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.people.models import Account
from tocsin.domains.people.revealing import reveal

pytestmark = pytest.mark.django_db
MARKETPLACE = integration("entities:write", "entities:read")
INVESTIGATOR = staff("investigator")


def put(kind: str, entity_id: str, attributes: dict | None = None, *links: tuple[str, str, str]) -> None:
    upsert_entity(
        MARKETPLACE, kind, entity_id, attributes or {},
        [dict(zip(("kind", "id", "relation"), link, strict=True)) for link in links],
    )  # fmt: skip


@pytest.fixture
def ana() -> Account:
    put("address", "a-1", {"line1": "12 Quince Street", "unit": "4", "city": "Oakland", "postcode": "94601"})
    put("customer", "c-1", {
        "name": "Ana Ruiz", "email": "ana.ruiz@example.com", "phone": "+14155550142", "region": "US-CA",
        "home_address": "a-1", "access_needs": "blind",
    })  # fmt: skip
    for number, status in enumerate(["delivered", "cancelled", "picked"]):
        put("order", f"o-{number}", {
            "customer": "c-1", "shopper": "s-1", "status": status,
            "placed_at": f"2026-05-0{number + 1}T12:00:00Z",
        })  # fmt: skip
    return Account.objects.select_related("party").get(role="customer", external_id="c-1")


def test_the_card_is_masked_and_counts(ana: Account) -> None:
    card = queries.account_card(INVESTIGATOR, ana)
    assert (card.name, card.email, card.phone) == ("A••• R•••", "a•••@e•••.com", "+1 ••• ••• 0142")
    assert (card.orders_total, card.orders_cancelled, card.orders_live) == (3, 1, 1)
    assert card.access_needs == 1
    assert card.contacts_changed_at is None
    put("customer", "c-1", {"phone": "+14155550199"})
    assert queries.account_card(INVESTIGATOR, ana).contacts_changed_at is not None


def test_outside_of_ones_region_or_role_nothing_is_shown(ana: Account) -> None:
    for actor in (staff("investigator", regions=("US-NY",)), staff("administrator"), staff("rules_engineer")):
        with pytest.raises(AccessDenied):
            queries.find_account(actor, "customer", "c-1")
        with pytest.raises(AccessDenied):
            queries.account_card(actor, ana)


def test_ones_own_account_is_kept_apart(ana: Account) -> None:
    relative = staff("investigator", kept_from=frozenset({ana.ref}))
    with pytest.raises(AccessDenied) as caught:
        queries.find_account(relative, "customer", "c-1")
    assert caught.value.reason == "walled_off"
    found = queries.search(relative, "c-1")
    assert (found.hits, found.hidden) == ((), 1)


@pytest.mark.parametrize("text", ["c-1", " c-1 ", "ANA.ruiz@example.com", "+1 415 555 0142"])
def test_search_finds_by_id_e_mail_and_phone(ana: Account, text: str) -> None:
    found = queries.search(INVESTIGATOR, text)
    assert [(hit.kind, hit.id, hit.label) for hit in found.hits] == [("customer", "c-1", "A••• R•••")]
    assert found.hidden == 0


def test_search_counts_what_it_may_not_show(ana: Account) -> None:
    found = queries.search(staff("investigator", regions=("US-NY",)), "ana.ruiz@example.com")
    assert (found.hits, found.hidden) == ((), 1)


def test_search_survives_anything(ana: Account) -> None:
    for text in ("", "%", "a\0b", "'; DROP TABLE people_party; --", "x" * 5000, "\u202e@\u202e.com", "+"):
        assert queries.search(INVESTIGATOR, text).hits == ()


def test_the_marketplace_reads_back_what_is_not_class_p3(ana: Account) -> None:
    held = queries.entity(MARKETPLACE, "customer", "c-1")
    assert held is not None
    assert held["attributes"]["email"] == "ana.ruiz@example.com"
    assert held["hidden"] == ["access_needs"]
    address = queries.entity(MARKETPLACE, "address", "a-1")
    assert address is not None
    assert address["attributes"] == {"city": "Oakland", "postcode": "94601"}
    assert address["hidden"] == ["line1", "unit"]
    assert queries.entity(MARKETPLACE, "customer", "nobody") is None
    assert "Quince" not in json.dumps(queries.entity(INVESTIGATOR, "address", "a-1"))


def test_a_reveal_shows_the_value_and_leaves_its_line(ana: Account) -> None:
    scope = Scope(region="US-CA", assigned=True, data_class="P3")
    value = reveal(INVESTIGATOR, ana.pk, "home_address", reason="Check the drop-off place", scope=scope)
    assert value == "12 Quince Street, 4, 94601, Oakland"
    assert reveal(INVESTIGATOR, ana.pk, "phone", reason="Call her back", scope=scope) == "+14155550142"
    row = Reveal.objects.get(field="phone")
    assert (row.actor, row.purpose, row.object_id, row.reason) == (
        "staff:stf_test", "case_handling", ana.pk, "Call her back",
    )  # fmt: skip


def test_a_reveal_without_right_or_reason_shows_nothing_and_leaves_nothing(ana: Account) -> None:
    scope = Scope(region="US-CA", assigned=True, data_class="P3")
    refused = [
        (staff("specialist"), scope),
        (INVESTIGATOR, Scope(region="US-CA", assigned=False, data_class="P3")),
        (INVESTIGATOR, Scope(region="CA-ON", assigned=True)),
        (INVESTIGATOR.for_purpose("training"), scope),
        (staff("investigator", kept_from=frozenset({ana.ref})), scope),
    ]
    for actor, where in refused:
        with pytest.raises(AccessDenied):
            reveal(actor, ana.pk, "email", reason="I would like to see it", scope=where)
    for field, reason in (("email", "  ok  "), ("password", "I would like to see it")):
        with pytest.raises(InvalidInput):
            reveal(INVESTIGATOR, ana.pk, field, reason=reason, scope=scope)
    assert not Reveal.objects.exists()


def test_the_graph_joins_people_through_what_they_share(ana: Account) -> None:
    put("customer", "c-2", {"phone": "+14155550142"}, ("device", "d-1", "uses"))
    put("customer", "c-3", {}, ("device", "d-1", "uses"))
    put("payment_instrument", "p-1", {"owner": "c-3", "fingerprint": "fp"})
    put("payment_instrument", "p-2", {"owner": "c-4", "fingerprint": "fp"})
    put("customer", "c-4", {})
    found = graph.neighbours(INVESTIGATOR, "customer", "c-1", hops=2)
    assert [node.id for node in found.accounts()] == ["c-1", "c-2"]
    found = graph.neighbours(INVESTIGATOR, "customer", "c-2", hops=4)
    assert {node.id for node in found.accounts()} >= {"c-1", "c-2", "c-3"}
    assert {line.relation for line in found.lines} >= {"same_phone", "uses", "same_card"}


def test_the_graph_hides_and_counts(ana: Account) -> None:
    put("customer", "c-2", {"region": "US-NY", "phone": "+14155550142"})
    found = graph.neighbours(staff("investigator", regions=("US-CA",)), "customer", "c-1")
    assert [node.id for node in found.accounts()] == ["c-1"]
    assert found.hidden == 1


def test_a_thing_everybody_shares_joins_nobody() -> None:
    for number in range(graph.CROWD + 1):
        put("customer", f"c-{number}", {}, ("device", "kiosk", "uses"))
    found = graph.neighbours(INVESTIGATOR, "customer", "c-0", hops=3, limit=500)
    assert [node.id for node in found.accounts()] == ["c-0"]
    assert found.nodes["device", "kiosk"].crowded


def test_the_graph_stops_at_its_limit_and_says_so() -> None:
    put("customer", "c-1", {}, *[("device", f"d-{number}", "uses") for number in range(30)])
    found = graph.neighbours(INVESTIGATOR, "customer", "c-1", limit=10)
    assert len(found.nodes) == 10
    assert found.left_out == 21
