"""Orders, addresses and cards are seen by whoever may see those they belong to, and by nobody else."""

from __future__ import annotations

import pytest

from tests.domains import matter
from tests.domains.actors import integration
from tests.domains.matter import as_, somebody
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied
from tocsin.domains.people import graph, queries
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.staff.models import Staff

pytestmark = pytest.mark.django_db
THINGS = [("order", "o-1"), ("address", "ad-1"), ("payment_instrument", "pm-1"), ("device", "d-1")]


@pytest.fixture(autouse=True)
def things(world: None) -> None:
    """What belongs to customer c-1, who lives in US-WA."""
    upsert_entity(matter.MARKETPLACE, "device", "d-1", {"platform": "Android"})
    upsert_entity(matter.MARKETPLACE, "address", "ad-1", {"line1": "1 Main", "city": "Seattle"})
    upsert_entity(
        matter.MARKETPLACE, "customer", "c-1", {"home_address": "ad-1"},
        [{"kind": "device", "id": "d-1", "relation": "uses"}],
    )  # fmt: skip
    upsert_entity(matter.MARKETPLACE, "order", "o-1", {"address": "ad-1"})
    upsert_entity(matter.MARKETPLACE, "payment_instrument", "pm-1", {"owner": "c-1", "last4": "4242"})


def kept_apart() -> Actor:
    """A supervisor whose own account is customer c-1."""
    person = somebody("supervisor", "Own")
    Staff.objects.filter(pk=person.pk).update(walled_off_accounts=["customer:c-1"])
    return as_(person)


@pytest.mark.parametrize(("kind", "ident"), THINGS)
def test_who_may_see_the_person_may_see_their_things(kind: str, ident: str) -> None:
    here = as_(somebody("specialist", "Here", regions=["US-WA"]))
    assert queries.entity(here, kind, ident) is not None
    assert [hit.id for hit in queries.search(here, ident).hits] == [ident]


@pytest.mark.parametrize(("kind", "ident"), THINGS)
def test_another_region_does_not_see_them(kind: str, ident: str) -> None:
    elsewhere = as_(somebody("specialist", "Elsewhere", regions=["EU"]))
    with pytest.raises(AccessDenied) as refused:
        queries.entity(elsewhere, kind, ident)
    assert refused.value.reason == "region"
    found = queries.search(elsewhere, ident)
    assert (found.hits, found.hidden) == ((), 1)


@pytest.mark.parametrize(("kind", "ident"), THINGS)
def test_whoever_is_kept_from_a_person_is_kept_from_their_things(kind: str, ident: str) -> None:
    supervisor = kept_apart()
    with pytest.raises(AccessDenied) as refused:
        queries.entity(supervisor, kind, ident)
    assert refused.value.reason == "walled_off"
    found = queries.search(supervisor, ident)
    assert (found.hits, found.hidden) == ((), 1)


def test_what_two_regions_share_is_seen_in_both() -> None:
    upsert_entity(
        matter.MARKETPLACE, "customer", "c-eu", {"region": "EU"},
        [{"kind": "device", "id": "d-1", "relation": "uses"}],
    )  # fmt: skip
    for region in ("EU", "US-WA"):
        assert queries.entity(as_(somebody("specialist", regions=[region])), "device", "d-1") is not None


def test_the_neighbourhood_hides_what_is_kept_back_and_counts_it() -> None:
    upsert_entity(
        matter.MARKETPLACE, "customer", "c-2", {}, [{"kind": "device", "id": "d-1", "relation": "uses"}]
    )
    found = graph.neighbours(kept_apart(), "customer", "c-2", hops=2)
    assert set(found.nodes) == {("customer", "c-2")}
    assert found.hidden == 1


def test_the_marketplace_reads_back_what_it_told() -> None:
    for kind, ident in THINGS:
        assert queries.entity(integration("entities:read"), kind, ident) is not None
