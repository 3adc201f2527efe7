"""A customer and a shopper who always find each other, and always have something missing."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import ClassVar

from simulator.pace import HOUR
from simulator.scenarios.base import Scenario, involve, planted, stake
from simulator.stage import Stage
from simulator.steps import Refused, Story
from simulator.stories import afterwards, shift
from simulator.stories.daily import basket
from simulator.stories.order import Plan, order


@dataclass(frozen=True)
class Collusion(Scenario):
    """One pair far more often than chance, refunds on most of it, receipts lower than charges."""

    name: ClassVar[str] = "collusion"
    summary: ClassVar[str] = "the same customer and shopper every time, with refunds and short receipts"
    expects: ClassVar[frozenset[str]] = frozenset({"C1", "C2", "C3"})

    orders: int = 8
    refund_share: float = 0.6
    receipt_share: float = 0.7
    between_s: float = 4 * HOUR

    def play(self, stage: Stage) -> Story:
        world = stage.world
        customer = world.new_customer(stage.now, label=self.name, close=True)
        shopper = world.new_shopper(stage.now, area=customer.area, label=self.name)
        involve(stage, customer)
        involve(stage, shopper)
        yield from shift.selfie(stage, shopper)
        yield from shift.start(stage, shopper)
        baskets = [basket(stage) * 2 for _ in range(self.orders)]
        wanted = [round(goods * self.refund_share) for goods in baskets]
        keys = ["", *stake(stage, wanted[1:])]
        for goods, amount, key in zip(baskets, wanted, keys, strict=True):
            plan = Plan(
                customer,
                goods,
                shopper=shopper,
                tip_minor=0,
                receipt_share=self.receipt_share,
                bad=frozenset({"receipt.submitted", "order.assigned"}),
            )
            outcome = yield from order(stage, plan)
            if outcome.delivered and key:
                paid = False
                with contextlib.suppress(Refused):
                    paid = yield from afterwards.refund(
                        stage, customer, outcome, amount, "missing_item", bad=True
                    )
                planted(stage).settle(key, lost=paid)
            yield stage.life(self.between_s, at_least=5)
        yield from shift.end(stage, shopper)
