"""How people and things of the marketplace are described to Tocsin (PUT /v1/entities)."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.events import Entity, rfc3339
from simulator.model import Address, Card, Customer, Person, Shopper, Store


def store_entity(store: Store) -> Entity:
    """A shop."""
    return Entity(
        "store",
        store.id,
        {
            "name": store.name,
            "region": store.area.region,
            "zone": store.area.zone,
            "lat": store.place.lat,
            "lon": store.place.lon,
        },
    )


def address_entity(address: Address) -> Entity:
    """A door."""
    attributes = {
        "line1": address.line1,
        "city": address.area.city,
        "postcode": address.area.postcode,
        "lat": address.place.lat,
        "lon": address.place.lon,
    }
    if address.unit:
        attributes["unit"] = address.unit
    return Entity("address", address.id, attributes)


def card_entity(card: Card, owner: Customer) -> Entity:
    """A payment card: fingerprint, brand and last four digits, never a number."""
    return Entity(
        "payment_instrument",
        card.id,
        {"owner": owner.id, "fingerprint": card.fingerprint, "brand": card.brand, "last4": card.last4},
        [{"kind": "customer", "id": owner.id, "relation": "belongs_to"}],
    )


def order_entity(
    order_id: str,
    customer: Customer,
    shopper: Shopper | None,
    store: Store,
    address: Address,
    **attributes: object,
) -> Entity:
    """An order in its present state; a later one for the same id adds to it."""
    about: dict[str, object] = {"customer": customer.id, "store": store.id, "address": address.id}
    if shopper is not None:
        about["shopper"] = shopper.id
    return Entity("order", order_id, about | attributes)


def customer_entities(customer: Customer, created_at: float) -> Iterator[Entity]:
    """A customer with home, phone, device and cards."""
    yield from _person(customer, created_at)
    for card in customer.cards:
        yield card_entity(card, customer)


def shopper_entities(shopper: Shopper, created_at: float) -> Iterator[Entity]:
    """A shopper with home, phone, device and payout account."""
    yield from _person(shopper, created_at)
    yield Entity(
        "payout_account",
        shopper.payout,
        {"owner": shopper.id},
        [{"kind": "shopper", "id": shopper.id, "relation": "belongs_to"}],
    )


def _person(person: Person, created_at: float) -> Iterator[Entity]:
    yield address_entity(person.home)
    yield Entity("phone", person.phone_id, {"number": person.phone})
    yield Entity("device", person.device, {})
    yield Entity(
        person.kind,
        person.id,
        {
            "name": person.name,
            "email": person.email,
            "phone": person.phone,
            "language": person.language,
            "region": person.area.region,
            "zone": person.area.zone,
            "created_at": rfc3339(created_at),
            "status": "active",
            "home_address": person.home.id,
        },
        [
            {"kind": "device", "id": person.device, "relation": "uses"},
            {"kind": "address", "id": person.home.id, "relation": "lives_at"},
            {"kind": "phone", "id": person.phone_id, "relation": "uses"},
        ],
    )
