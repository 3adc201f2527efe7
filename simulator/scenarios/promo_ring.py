"""One person behind many new accounts, each with the welcome discount."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from simulator.model import Customer
from simulator.pace import MINUTE
from simulator.scenarios.base import Scenario, involve, lost_if_delivered, planted, stake
from simulator.stage import Stage
from simulator.steps import Begin, Refused, Story
from simulator.stories import accounts
from simulator.stories.daily import redeem
from simulator.stories.order import Plan


@dataclass(frozen=True)
class PromoRing(Scenario):
    """At least four accounts joined by device, card and door use the same promotion."""

    name: ClassVar[str] = "promo_ring"
    summary: ClassVar[str] = "new accounts on the same devices, card and door use one welcome promotion"
    expects: ClassVar[frozenset[str]] = frozenset({"P1", "D1", "D3", "D4"})

    accounts: int = 8
    devices: int = 2
    promo: str = "WELCOME20"
    discount_minor: int = 2_000
    goods_minor: tuple[int, int] = (2_400, 3_600)

    def play(self, stage: Stage) -> Story:
        world, rng = stage.world, stage.rng
        home = world.new_address(rng, rng.choice([store.area for store in world.stores.values()]), close=True)
        devices = [world.new_id("dev") for _ in range(self.devices)]
        card, line = world.new_card(rng), world.home_ip()
        keys = stake(stage, [self.discount_minor] * self.accounts)
        for n, key in enumerate(keys):
            member = world.new_customer(
                stage.now,
                home=home,
                device=devices[n % self.devices],
                ip=line,
                card=card,
                label=self.name,
                age_days=0,
            )
            involve(stage, member)
            try:
                yield from accounts.sign_up(stage, member, honest=False, bad=n > 0)
                yield from redeem(stage, member, self.promo, self.discount_minor, bad=True)
            except Refused:
                continue
            planted(stage).elsewhere.add(key)
            yield Begin(partial(self.use_discount, member=member, key=key), same_plant=True)
            yield stage.life(rng.uniform(5, 20) * MINUTE, at_least=2)

    def use_discount(self, stage: Stage, member: Customer, key: str) -> Story:
        """The cheap order; the discount is gone when it is delivered."""
        plan = Plan(member, stage.rng.randint(*self.goods_minor), tip_minor=0, honest=False)
        yield from lost_if_delivered(stage, plan, key)
