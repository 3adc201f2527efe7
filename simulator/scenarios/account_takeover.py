"""Somebody else gets into a customer's account and orders gift cards to another door."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from simulator.model import Customer
from simulator.pace import HOUR, MINUTE
from simulator.places import areas
from simulator.scenarios.base import Scenario, involve, lost_if_delivered, stake
from simulator.stage import Stage
from simulator.steps import Begin, Story
from simulator.stories import accounts, telling
from simulator.stories.accounts import From
from simulator.stories.daily import basket
from simulator.stories.order import Plan
from simulator.world import PastOrder


@dataclass(frozen=True)
class AccountTakeover(Scenario):
    """Guessed password, far-away login, changed contact, then value."""

    name: ClassVar[str] = "account_takeover"
    summary: ClassVar[str] = "a thief logs in from far away, changes the contact and orders gift cards"
    expects: ClassVar[frozenset[str]] = frozenset({"T1", "T2"})

    guesses: int = 4
    orders: int = 2
    goods_minor: tuple[int, int] = (38_000, 85_000)
    gift_card_share: float = 0.8

    def play(self, stage: Stage) -> Story:
        world, rng = stage.world, stage.rng
        victim = world.new_customer(stage.now, label="victim")
        involve(stage, victim, "compromised")
        yield from accounts.log_in(stage, victim)
        yield stage.life(6 * HOUR, at_least=20)

        far = rng.choice([area for area in areas() if area.zone_id != victim.area.zone_id])
        thief = From(
            world.new_id("dev"), f"203.0.113.{rng.randrange(100, 250)}", far.centre, "hosting", False
        )
        drop = world.new_address(rng, victim.area, close=True)
        plans = [
            Plan(
                victim,
                goods,
                address=drop,
                device=thief.device,
                ip=thief.ip,
                tip_minor=0,
                gift_card_minor=round(goods * self.gift_card_share),
                rush=True,
                honest=False,
                bad=frozenset({"order.placed", "payment.authorised"}),
            )
            for goods in (rng.randint(*self.goods_minor) for _ in range(self.orders))
        ]
        keys = stake(stage, (plan.total_minor for plan in plans))
        yield Begin(partial(self.owner_notices, victim=victim), same_plant=True)
        yield from accounts.mistype_password(stage, victim, self.guesses, thief)
        yield from accounts.log_in(stage, victim, thief, bad=True)
        yield stage.life(2 * MINUTE, at_least=1)
        yield from accounts.reset_password(stage, victim, thief, bad=True)
        yield from accounts.change_contact(stage, victim, "email", thief, bad=True)
        yield from accounts.change_contact(stage, victim, "phone", thief, bad=True)
        for plan, key in zip(plans, keys, strict=True):
            yield stage.life(4 * MINUTE, at_least=2)
            yield from lost_if_delivered(stage, plan, key)

    def owner_notices(self, stage: Stage, victim: Customer) -> Story:
        """The owner sees the e-mail about the change and reports it, from another account's point of view."""
        yield stage.life(3 * HOUR, at_least=90)
        world = stage.world
        remembered = PastOrder(
            id=world.new_id("ord"),
            customer=victim,
            shopper=world.new_shopper(stage.now, area=victim.area),
            store=world.stores[victim.area.key],
            address=victim.home,
            total_minor=basket(stage),
            currency=victim.area.currency,
            card=victim.cards[0],
        )
        report = telling.describe(stage, "ACC.customer_ato", remembered, "customer", victim, victim.ref)
        report.body.pop("order", None)
        yield from telling.tell(stage, report)
