"""A small marketplace for the tests of reports: one order, its two people, and somebody else."""

from __future__ import annotations

from tests.domains.actors import ADDRESS, integration
from tocsin.core.actor import Actor
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.people.models import Account

MARKETPLACE = integration("entities:write", "reports:write", "reports:read")
ANYBODY = Actor("reporter", "web", "Somebody", purpose="self_service", via="web", address=ADDRESS)


def build() -> dict[str, Account]:
    """Customer c-1 ordered o-1, shopper s-1 carries it in Washington; customer c-2 has no part in it."""
    people = [
        ("customer", "c-1", {"name": "Ana Ruiz", "email": "ana@example.com", "phone": "+14155550142"}),
        ("shopper", "s-1", {"name": "Bo Lee", "email": "bo@example.com"}),
        ("customer", "c-2", {"name": "Cy Day", "email": "cy@example.com"}),
    ]
    for kind, ident, attributes in people:
        upsert_entity(
            MARKETPLACE, kind, ident, attributes | {"region": "US-CA", "zone": "America/Los_Angeles"}
        )
    upsert_entity(
        MARKETPLACE, "store", "st-1", {"name": "Corner", "region": "US-WA", "zone": "America/Los_Angeles"}
    )
    order("o-1", "delivered")
    return {f"{one.role}:{one.external_id}": one for one in Account.objects.all()}


def order(ident: str, status: str) -> None:
    """An order of customer c-1, carried by shopper s-1."""
    told = {"customer": "c-1", "shopper": "s-1", "store": "st-1", "status": status}
    upsert_entity(MARKETPLACE, "order", ident, told)
