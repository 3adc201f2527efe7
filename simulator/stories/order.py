"""One order from basket to door: placed, paid, assigned, picked, brought, and the tip.

Scenarios and look-alikes use this same story with a different `Plan`; what makes an order bad is never a
label on the wire, only what people do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from simulator import registry
from simulator.events import rfc3339
from simulator.geo import metres, near
from simulator.model import Address, Card, Customer, Shopper
from simulator.pace import MINUTE
from simulator.stage import Stage
from simulator.steps import Refused, Say, Step, Verify, Wait
from simulator.stories import shift, travel
from simulator.stories.travel import Gps
from simulator.world import PastOrder

SERVICE_FEE_MINOR = 399
DECISION_S = (3.0, 14.0)
"""How long a person looks at an offer before accepting; never compressed."""
SEARCH_ROUNDS = 40
METHOD_OF = {"pin": "code_in_app", "photo": "app_camera", "receipt": "receipt_scan", "age": "id_scan"}
RECEIPT_MATCHES = 0.95
MISTYPES_PIN = 0.02


@dataclass
class Plan:
    """Who orders what, and anything unusual about it. Empty fields mean the customer's usual."""

    customer: Customer
    goods_minor: int
    address: Address | None = None
    card: Card | None = None
    device: str | None = None
    ip: str | None = None
    shopper: Shopper | None = None
    tip_minor: int | None = None
    gift_card_minor: int = 0
    rush: bool = False
    honest: bool = True
    bad: frozenset[str] = frozenset()
    """Event types of this order that are the deed itself."""
    gps: Gps = Gps.HONEST
    receipt_share: float = 1.0
    """Receipt total over what was charged for goods; under 1 the difference went into a pocket."""
    skips_store: bool = False
    drop_off_m: float = 0.0
    """How far from the door the bags are really left."""

    @property
    def door(self) -> Address:
        """Where it goes."""
        return self.address or self.customer.home

    @property
    def promised_tip_minor(self) -> int:
        """The tip at checkout."""
        if self.tip_minor is not None:
            return self.tip_minor
        return self.goods_minor * self.customer.tip_permille // 1000

    @property
    def total_minor(self) -> int:
        """What the customer is charged: goods, fee, tax and tip."""
        tax = self.goods_minor * self.door.area.tax_permille // 1000
        return self.goods_minor + SERVICE_FEE_MINOR + tax + self.promised_tip_minor


@dataclass
class Outcome:
    """How an order ended."""

    order_id: str
    total_minor: int
    tip_minor: int
    goods_minor: int
    delivered: bool = False
    shopper: Shopper | None = None
    why: str = ""
    entities: dict[str, str] = field(default_factory=dict)


Ordering = Generator[Step, object, Outcome]


def order(stage: Stage, plan: Plan) -> Ordering:
    """Run one order to its end. Never raises `Refused`: an order Tocsin stops ends cancelled."""
    return (yield from _Errand(stage, plan).run())


class _Errand:
    """The state one order carries along."""

    def __init__(self, stage: Stage, plan: Plan) -> None:
        self.stage = stage
        self.plan = plan
        self.customer = plan.customer
        self.address = plan.door
        self.area = self.address.area
        self.card = plan.card or plan.customer.cards[0]
        self.store = stage.world.stores[self.area.key]
        self.order_id = stage.world.new_id("ord")
        self.outcome = Outcome(
            self.order_id,
            total_minor=plan.total_minor,
            tip_minor=plan.promised_tip_minor,
            goods_minor=plan.goods_minor,
            shopper=plan.shopper,
        )
        self.outcome.entities = self.of_customer()

    def of_customer(self) -> dict[str, str]:
        return {
            "customer": self.customer.id,
            "order": self.order_id,
            "store": self.store.id,
            "device": self.plan.device or self.customer.device,
            "ip": self.plan.ip or self.customer.ip,
            "card": self.card.id,
            "address": self.address.id,
        }

    def of_shopper(self, shopper: Shopper) -> dict[str, str]:
        return {
            "shopper": shopper.id,
            "customer": self.customer.id,
            "order": self.order_id,
            "store": self.store.id,
            "device": shopper.device,
        }

    def is_bad(self, event_type: str) -> bool:
        return event_type in self.plan.bad

    def run(self) -> Ordering:
        shopper: Shopper | None = None
        placed = False
        try:
            placed = yield from self.place()
            if not placed:
                raise Refused("the order was not let through")
            yield from self.pay()
            shopper = yield from self.assign()
            yield from self.shop(shopper)
            yield from self.bring(shopper)
            self.finish(shopper)
        except Refused as refusal:
            self.outcome.why = str(refusal)
            yield from self.cancel(placed)
        finally:
            if shopper is not None and shopper is not self.plan.shopper:
                self.stage.world.wait_for_work(shopper)
        return self.outcome

    def place(self) -> Generator[Step, object, bool]:
        customer, world = self.customer, self.stage.world
        world.truth.owners[("order", self.order_id)] = customer.ref
        world.announce(
            registry.order_entity(
                self.order_id,
                customer,
                None,
                self.store,
                self.address,
                status="placed",
                total_minor=self.outcome.total_minor,
                currency=self.area.currency,
                placed_at=rfc3339(self.stage.now),
            )
        )
        event = self.stage.event(
            "order.placed",
            self.area,
            self.of_customer(),
            total_minor=self.outcome.total_minor,
            currency=self.area.currency,
            items_count=max(1, self.plan.goods_minor // 450),
            gift_card_minor=self.plan.gift_card_minor,
            first_order=customer.orders == 0,
            rush=self.plan.rush,
            ship_matches_bill=self.address.id == customer.home.id,
            tip_minor=self.outcome.tip_minor,
        )
        customer.orders += 1
        return (
            yield from self.stage.ask(
                event, customer.ref, bad=self.is_bad("order.placed"), honest=self.plan.honest
            )
        )

    def pay(self) -> Generator[Step, object, None]:
        event = self.stage.event(
            "payment.authorised",
            self.area,
            self.of_customer(),
            amount_minor=self.outcome.total_minor,
            currency=self.area.currency,
            brand=self.card.brand,
        )
        yield from self.stage.must(
            event, self.customer.ref, bad=self.is_bad("payment.authorised"), honest=self.plan.honest
        )

    def assign(self) -> Generator[Step, object, Shopper]:
        shopper = self.plan.shopper
        if shopper is None:
            shopper = yield from self.find_shopper()
        who = self.of_shopper(shopper)
        distance = round(metres(self.store.place, self.address.place) * travel.DETOUR)
        offer = self.stage.event(
            "offer.shown",
            self.area,
            who,
            pay_minor=700 + self.outcome.tip_minor,
            currency=self.area.currency,
            distance_m=distance,
        )
        yield Say(offer, shopper.ref, wait=False)
        think = self.stage.rng.uniform(*DECISION_S)
        yield Wait(think)
        accept = self.stage.event("offer.accepted", self.area, who, response_ms=round(think * 1000))
        yield Say(accept, shopper.ref, wait=False, bad=self.is_bad("offer.accepted"))
        assigned = self.stage.event("order.assigned", self.area, who)
        yield from self.stage.must(assigned, shopper.ref, bad=self.is_bad("order.assigned"))
        self.outcome.shopper = shopper
        return shopper

    def find_shopper(self) -> Generator[Step, object, Shopper]:
        """The first free shopper of the area who may work and may meet this customer."""
        world, stage = self.stage.world, self.stage
        for round_no in range(SEARCH_ROUNDS):
            passed_over: list[Shopper] = []
            found: Shopper | None = None
            while found is None and (candidate := world.idle_shopper(self.area)) is not None:
                if stage.stopped(candidate.ref):
                    candidate.shift = None
                elif stage.standing.parted(self.customer.id, candidate.id, stage.now):
                    passed_over.append(candidate)
                else:
                    found = candidate
            for candidate in passed_over:
                world.wait_for_work(candidate)
            if found is not None:
                return found
            if round_no % 10 == 0:
                newcomer = world.shopper_for_shift(self.area, stage.now)
                yield shift.call_in(newcomer)
            yield Wait(1.0)
        raise Refused("no shopper was free")

    def shop(self, shopper: Shopper) -> Generator[Step, object, None]:
        where = {"order": self.order_id}
        if not self.plan.skips_store:
            yield from travel.drive(self.stage, shopper, self.store.place, where, self.plan.gps)
        yield self.stage.life(self.stage.rng.uniform(15, 35) * MINUTE, at_least=2)
        if not self.plan.skips_store:
            yield from travel.ping(self.stage, shopper, where, mock=self.plan.gps is Gps.MOCK)
        picked = self.stage.event(
            "order.picked",
            self.area,
            self.of_shopper(shopper),
            items_count=max(1, self.plan.goods_minor // 450),
            store_distance_m=round(metres(shopper.place, self.store.place)),
        )
        yield Say(picked, shopper.ref, wait=False, bad=self.is_bad("order.picked"))
        receipt = self.stage.event(
            "receipt.submitted",
            self.area,
            self.of_shopper(shopper),
            charged_minor=self.plan.goods_minor,
            receipt_minor=round(self.plan.goods_minor * self.plan.receipt_share),
            currency=self.area.currency,
        )
        yield Say(receipt, shopper.ref, wait=False, bad=self.is_bad("receipt.submitted"))

    def bring(self, shopper: Shopper) -> Generator[Step, object, None]:
        door = self.address.place
        if self.plan.drop_off_m:
            door = near(self.stage.rng, door, self.plan.drop_off_m, self.plan.drop_off_m * 1.4)
        yield from travel.drive(self.stage, shopper, door, {"order": self.order_id}, self.plan.gps)
        delivered = self.stage.event(
            "order.delivered",
            self.area,
            {**self.of_shopper(shopper), "address": self.address.id},
            drop_distance_m=round(metres(shopper.place, self.address.place)),
            photo=True,
            total_minor=self.outcome.total_minor,
            currency=self.area.currency,
        )
        yield Say(delivered, shopper.ref, wait=False, bad=self.is_bad("order.delivered"))
        for kind in sorted(self.stage.standing.demanded.pop(self.order_id, ())):
            yield Verify(self.order_id, self.verified(kind))

    def verified(self, kind: str) -> dict[str, Any]:
        """How a verification goes: whoever is not at the door, or cheats with the receipt, does not pass."""
        if kind == "receipt":
            passes = self.plan.receipt_share >= RECEIPT_MATCHES
        else:
            passes = self.plan.gps is Gps.HONEST and not self.plan.drop_off_m
        told: dict[str, Any] = {
            "external_id": f"{self.order_id}-{kind}",
            "kind": kind,
            "outcome": "passed" if passes else "failed",
            "method": METHOD_OF[kind],
            "attempts": 1 if passes and not self.stage.chance(MISTYPES_PIN) else 2,
            "at": rfc3339(self.stage.now),
        }
        if kind in ("photo", "receipt"):
            told["evidence_sha256"] = hashlib.sha256(told["external_id"].encode()).hexdigest()
        return told

    def finish(self, shopper: Shopper) -> None:
        world = self.stage.world
        self.outcome.delivered = True
        world.announce(
            registry.order_entity(
                self.order_id,
                self.customer,
                shopper,
                self.store,
                self.address,
                status="delivered",
                delivered_at=rfc3339(self.stage.now),
            )
        )
        world.recent.append(
            PastOrder(
                self.order_id,
                self.customer,
                shopper,
                self.store,
                self.address,
                self.outcome.total_minor,
                self.area.currency,
                self.card,
            )
        )

    def cancel(self, placed: bool) -> Generator[Step, object, None]:
        event = self.stage.event(
            "order.cancelled",
            self.area,
            self.of_customer(),
            reason="stopped_later" if placed else "stopped_at_checkout",
            total_minor=self.outcome.total_minor,
            currency=self.area.currency,
        )
        yield Say(event, self.customer.ref, wait=False, system=True)
        self.stage.world.announce(
            registry.order_entity(
                self.order_id,
                self.customer,
                self.outcome.shopper,
                self.store,
                self.address,
                status="cancelled",
            )
        )
