"""The people and things of the marketplace, as the marketplace itself keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.geo import Point

Ref = tuple[str, str]
"""Kind and id of something Tocsin knows: ("customer", "cus-7-000012")."""


@dataclass(frozen=True, slots=True)
class Area:
    """A neighbourhood served by one store."""

    zone_id: str
    city: str
    region: str
    zone: str
    currency: str
    tax_permille: int
    name: str
    postcode: str
    centre: Point
    store_name: str
    streets: tuple[str, ...]

    @property
    def key(self) -> str:
        """A short name that is unique among all areas."""
        return f"{self.zone_id}/{self.name}"


@dataclass(frozen=True, slots=True)
class Store:
    """A shop people order from."""

    id: str
    name: str
    area: Area
    place: Point


@dataclass(frozen=True, slots=True)
class Address:
    """A door. Households and house-shares have the same address id."""

    id: str
    line1: str
    unit: str
    area: Area
    place: Point


@dataclass(frozen=True, slots=True)
class Card:
    """A payment card as a processor shows it: never a number, only what is safe to keep."""

    id: str
    fingerprint: str
    brand: str
    last4: str


@dataclass(slots=True)
class Person:
    """What a customer and a shopper have in common."""

    id: str
    kind: str
    name: str
    email: str
    phone: str
    phone_id: str
    language: str
    area: Area
    home: Address
    device: str
    ip: str
    network: str = "home"
    label: str = "plain"
    """Why this person was made: "plain", the name of an innocent look-alike, or of a scenario."""

    @property
    def ref(self) -> Ref:
        return (self.kind, self.id)


@dataclass(slots=True)
class Customer(Person):
    """Somebody who orders."""

    cards: list[Card] = field(default_factory=list)
    orders: int = 0
    tip_permille: int = 100


NOWHERE = Point(0.0, 0.0)


@dataclass(slots=True)
class Shopper(Person):
    """Somebody who picks and brings."""

    payout: str = ""
    place: Point = NOWHERE
    shift: str | None = None
