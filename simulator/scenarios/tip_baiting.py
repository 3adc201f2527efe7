"""Big tips that buy quick service and vanish at the door."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from simulator.pace import HOUR, MINUTE
from simulator.scenarios.base import Scenario, involve, planted, stake
from simulator.stage import Stage
from simulator.steps import Begin, Refused, Story
from simulator.stories import afterwards, telling
from simulator.stories.daily import basket
from simulator.stories.order import Outcome, Plan, order


@dataclass(frozen=True)
class TipBaiting(Scenario):
    """At least three tips in ten orders cut by three quarters or more after delivery."""

    name: ClassVar[str] = "tip_baiting"
    summary: ClassVar[str] = "large tips cut to almost nothing after delivery"
    expects: ClassVar[frozenset[str]] = frozenset({"T4"})

    orders: int = 6
    tip_permille: int = 350
    left_permille: int = 30
    between_s: float = 4 * HOUR

    def play(self, stage: Stage) -> Story:
        baiter = stage.world.new_customer(stage.now, label=self.name, close=True)
        involve(stage, baiter)
        baskets = [basket(stage) for _ in range(self.orders)]
        promises = [goods * self.tip_permille // 1000 for goods in baskets]
        remains = [promised * self.left_permille // 1000 for promised in promises]
        keys = stake(stage, (a - b for n, (a, b) in enumerate(zip(promises, remains, strict=True)) if n != 1))
        keys.insert(1, "")
        for n, (goods, promised, left, key) in enumerate(zip(baskets, promises, remains, keys, strict=True)):
            outcome = yield from order(stage, Plan(baiter, goods, tip_minor=promised))
            if outcome.delivered and key:
                cut = False
                yield stage.life(10 * MINUTE, at_least=2)
                with contextlib.suppress(Refused):
                    cut = yield from afterwards.change_tip(stage, baiter, outcome, left, bad=True)
                planted(stage).settle(key, lost=cut)
                if cut and n == self.orders - 2:
                    yield Begin(partial(self.shopper_reports, outcome=outcome), same_plant=True)
            yield stage.life(self.between_s, at_least=5)

    def shopper_reports(self, stage: Stage, outcome: Outcome) -> Story:
        """One of the shoppers says so."""
        past = next((p for p in stage.world.recent if p.id == outcome.order_id), None)
        if past is not None:
            yield stage.life(30 * MINUTE, at_least=5)
            report = telling.describe(
                stage, "FRD-C.tip_baiting", past, "shopper", past.shopper, past.customer.ref
            )
            yield from telling.tell(stage, report)
