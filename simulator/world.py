"""The marketplace itself: who exists, who is free, who works where.

Everything random about a person comes from the seed and the person's own number, so the same seed gives the
same people whatever else happens around them.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from simulator import names, places, registry
from simulator.events import Entity, rfc3339
from simulator.geo import near
from simulator.model import Address, Area, Card, Customer, Person, Shopper, Store
from simulator.pace import DAY, HOUR, MINUTE, Pace
from simulator.truth import Truth

FINGERPRINT_LETTERS = "abcdefghijkmnpqr"
"""No digits, so that no fingerprint ever looks like a card number."""
BRANDS = ("visa", "mastercard", "amex", "discover")
RECENT_ORDERS = 500
SHORTEST_REST = 5 * HOUR
"""Ordinary people do not order groceries again within hours, however compressed time is."""
SHOPPER_REST = 1 * HOUR
YESTERDAYS_SHARE = 5
"""One customer in so many ordered yesterday."""


@dataclass(frozen=True, slots=True)
class PastOrder:
    """A finished order, for people to talk about afterwards."""

    id: str
    customer: Customer
    shopper: Shopper
    store: Store
    address: Address
    total_minor: int
    currency: str
    card: Card


class World:
    """The population and its whereabouts. `announce` is called for everything Tocsin should know."""

    def __init__(self, seed: int, tag: str, truth: Truth, announce: Callable[[Entity], None]) -> None:
        self.seed = seed
        self.tag = tag
        self.truth = truth
        self.announce = announce
        self.stores = places.stores(tag)
        self.recent: deque[PastOrder] = deque(maxlen=RECENT_ORDERS)
        self._counts: dict[str, int] = {}
        self._rested: list[tuple[float, int, Customer]] = []
        self._idle: dict[str, deque[Shopper]] = {area.key: deque() for area in places.areas()}
        self._off_duty: dict[str, deque[tuple[float, Shopper]]] = {a.key: deque() for a in places.areas()}
        for store in self.stores.values():
            announce(registry.store_entity(store))

    # -- numbers and ids ---------------------------------------------------------------------------

    def number(self, kind: str) -> int:
        """The next number of a kind, from 1."""
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return self._counts[kind]

    def count(self, kind: str) -> int:
        """How many of a kind there are."""
        return self._counts.get(kind, 0)

    def new_id(self, prefix: str) -> str:
        """A fresh id of this run."""
        return f"{prefix}-{self.tag}-{self.number(prefix):06d}"

    def rng(self, what: str) -> random.Random:
        """A source of chance for one purpose, untouched by every other."""
        return random.Random(f"{self.seed}:{what}")

    # -- people ------------------------------------------------------------------------------------

    def new_customer(
        self,
        now: float,
        *,
        area: Area | None = None,
        home: Address | None = None,
        device: str | None = None,
        ip: str | None = None,
        card: Card | None = None,
        label: str = "plain",
        close: bool = False,
        age_days: float | None = None,
    ) -> Customer:
        """A customer nobody else uses until `rest` is called. Homes, devices, cards may be shared."""
        ident = self.new_id("cus")
        rng = self.rng(ident)
        person = self._person(rng, ident, "customer", area, home, device, ip, label, close)
        customer = Customer(
            **person, cards=[card or self.new_card(rng)], tip_permille=rng.choice((0, 50, 100, 150, 200))
        )
        created_at = now - DAY * (rng.uniform(30, 900) if age_days is None else age_days)
        self._introduce(customer, registry.customer_entities(customer, created_at))
        for owned in customer.cards:
            self.truth.owners.setdefault(("payment_instrument", owned.id), customer.ref)
        return customer

    def new_shopper(
        self, now: float, *, area: Area | None = None, device: str | None = None, label: str = "plain"
    ) -> Shopper:
        """A shopper who has not started a shift yet."""
        ident = self.new_id("sho")
        rng = self.rng(ident)
        person = self._person(rng, ident, "shopper", area, None, device, None, label, False)
        shopper = Shopper(**person, payout=self.new_id("pay"))
        shopper.place = near(rng, shopper.area.centre, 10, 60)
        self._introduce(shopper, registry.shopper_entities(shopper, now - DAY * rng.uniform(20, 700)))
        return shopper

    def _introduce(self, person: Person, entities: Iterable[Entity]) -> None:
        self.truth.owners.setdefault(("device", person.device), person.ref)
        if person.label != "plain":
            self.truth.labels[person.ref] = person.label
        for entity in entities:
            self.announce(entity)

    def _person(
        self,
        rng: random.Random,
        ident: str,
        kind: str,
        area: Area | None,
        home: Address | None,
        device: str | None,
        ip: str | None,
        label: str,
        close: bool,
    ) -> dict[str, Any]:
        area = home.area if home else area or rng.choice(places.areas())
        name = names.draw(rng)
        number = self.number("phone")
        return {
            "id": ident,
            "kind": kind,
            "name": name.full,
            "email": names.mailbox(name.full, f"{self.tag}{number}"),
            "phone": places.phone_number(number),
            "phone_id": f"pho-{self.tag}-{number:06d}",
            "language": name.language,
            "area": area,
            "home": home or places.door(rng, self.new_id("adr"), area, flat=rng.random() < 0.6, close=close),
            "device": device or self.new_id("dev"),
            "ip": ip or self.home_ip(),
            "label": label,
        }

    def new_card(self, rng: random.Random) -> Card:
        """A card by fingerprint; no number exists anywhere."""
        return Card(
            id=self.new_id("card"),
            fingerprint="fp_" + "".join(rng.choices(FINGERPRINT_LETTERS, k=20)),
            brand=rng.choice(BRANDS),
            last4=f"{rng.randrange(10_000):04d}",
        )

    def own_card(self, card: Card, owner: Customer) -> None:
        """Put a card into a wallet and tell Tocsin."""
        if card not in owner.cards:
            owner.cards.append(card)
        self.truth.owners.setdefault(("payment_instrument", card.id), owner.ref)
        self.announce(registry.card_entity(card, owner))

    def new_address(self, rng: random.Random, area: Area, *, close: bool = False) -> Address:
        """A door nobody lives behind yet, told to Tocsin."""
        address = places.door(rng, self.new_id("adr"), area, flat=True, close=close)
        self.announce(registry.address_entity(address))
        return address

    def home_ip(self) -> str:
        """An address of the IPv6 range kept for documentation, one for each household."""
        n = self.number("ip")
        return f"2001:db8:{n >> 16 & 0xFFFF:x}:{n & 0xFFFF:x}::1"

    # -- who is free -------------------------------------------------------------------------------

    def next_customer(self, now: float) -> tuple[Customer, bool]:
        """Somebody who has not ordered for a while, or a newcomer (True) when everybody has."""
        if self._rested and self._rested[0][0] <= now:
            return heapq.heappop(self._rested)[2], False
        return self.new_customer(now, age_days=0), True

    def rest(self, customer: Customer, now: float, pace: Pace) -> None:
        """Give a customer back; they order again after a day to five, compressed but never within hours."""
        gap = pace.life(self.rng(f"{customer.id}/{customer.orders}").uniform(1, 5) * DAY, at_least=0)
        heapq.heappush(self._rested, (now + max(gap, SHORTEST_REST), self.number("rest"), customer))

    def settle_in(self, now: float, population: int) -> None:
        """Open the marketplace with `population` customers who could order at any moment.

        Some of them have an order of yesterday to talk about.
        """
        for n in range(population):
            customer = self.new_customer(now)
            heapq.heappush(self._rested, (now, self.number("rest"), customer))
            if n % YESTERDAYS_SHARE == 0 and len(self.recent) < RECENT_ORDERS // 5:
                self._remember_yesterday(customer, now)

    def _remember_yesterday(self, customer: Customer, now: float) -> None:
        ident = self.new_id("ord")
        rng = self.rng(ident)
        area = customer.area
        shopper = self.shopper_for_shift(area, now)
        self._off_duty[area.key].append((now, shopper))
        past = PastOrder(
            ident,
            customer,
            shopper,
            self.stores[area.key],
            customer.home,
            rng.randint(2_000, 15_000),
            area.currency,
            customer.cards[0],
        )
        self.truth.owners[("order", ident)] = customer.ref
        self.announce(
            registry.order_entity(
                ident,
                customer,
                shopper,
                past.store,
                past.address,
                status="delivered",
                total_minor=past.total_minor,
                currency=past.currency,
                placed_at=rfc3339(now - DAY),
                delivered_at=rfc3339(now - DAY + 70 * MINUTE),
            )
        )
        self.recent.append(past)

    def idle_shopper(self, area: Area) -> Shopper | None:
        """Take the longest-waiting shopper of an area who is on shift."""
        waiting = self._idle[area.key]
        return waiting.popleft() if waiting else None

    def wait_for_work(self, shopper: Shopper) -> None:
        """Put a shopper on shift at the end of the line."""
        if shopper.shift is not None:
            self._idle[shopper.area.key].append(shopper)

    def stop_waiting(self, shopper: Shopper) -> bool:
        """Take a shopper out of the line; False while they are out with an order."""
        try:
            self._idle[shopper.area.key].remove(shopper)
        except ValueError:
            return False
        return True

    def rest_shopper(self, shopper: Shopper, now: float) -> None:
        """Let a shopper go home until they can work again."""
        self._off_duty[shopper.area.key].append((now + SHOPPER_REST, shopper))

    def shopper_for_shift(self, area: Area, now: float) -> Shopper:
        """Somebody rested who works here, or a new shopper."""
        waiting = self._off_duty[area.key]
        if waiting and waiting[0][0] <= now:
            return waiting.popleft()[1]
        return self.new_shopper(now, area=area)
