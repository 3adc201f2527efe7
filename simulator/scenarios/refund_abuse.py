"""A customer says "never came" again and again, against photo and position."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import ClassVar

from simulator.pace import HOUR
from simulator.scenarios.base import Scenario, involve, planted, stake
from simulator.stage import Stage
from simulator.steps import Refused, Story
from simulator.stories import afterwards
from simulator.stories.daily import basket
from simulator.stories.order import Plan, order


@dataclass(frozen=True)
class RefundAbuse(Scenario):
    """At least five orders, more than a quarter of the money asked back, deliveries proven by photo."""

    name: ClassVar[str] = "refund_abuse"
    summary: ClassVar[str] = "claims of 'not received' although photo and place match"
    expects: ClassVar[frozenset[str]] = frozenset({"R1", "R2"})

    orders: int = 8
    honest_orders: int = 2
    between_s: float = 5 * HOUR

    def play(self, stage: Stage) -> Story:
        abuser = stage.world.new_customer(stage.now, label=self.name, close=True)
        involve(stage, abuser)
        baskets = [basket(stage) for _ in range(self.orders)]
        keys = [""] * self.honest_orders + stake(stage, baskets[self.honest_orders :])
        for goods, key in zip(baskets, keys, strict=True):
            outcome = yield from order(stage, Plan(abuser, goods))
            if outcome.delivered and key:
                paid = False
                with contextlib.suppress(Refused):
                    paid = yield from afterwards.refund(
                        stage, abuser, outcome, outcome.goods_minor, "not_received", bad=True
                    )
                planted(stage).settle(key, lost=paid)
            yield stage.life(self.between_s, at_least=5)
