"""In one part of town things go missing; the customers' reports add up to one shopper."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from simulator.pace import HOUR, MINUTE
from simulator.scenarios.base import Scenario, involve, lost_if_delivered, stake
from simulator.stage import Stage
from simulator.steps import Begin, Story
from simulator.stories import afterwards, shift, telling
from simulator.stories.daily import basket
from simulator.stories.order import Outcome, Plan


@dataclass(frozen=True)
class MissingArea(Scenario):
    """Missing-item reports and refunds from different customers in one area, with one shopper in common."""

    name: ClassVar[str] = "missing_area"
    summary: ClassVar[str] = "items vanish in one neighbourhood; customers report it one by one"
    expects: ClassVar[frozenset[str]] = frozenset({"R3"})

    orders: int = 7
    taken_share: float = 0.4
    between_s: float = 1 * HOUR

    def play(self, stage: Stage) -> Story:
        world = stage.world
        thief = world.new_shopper(stage.now, label=self.name)
        involve(stage, thief)
        yield from shift.selfie(stage, thief)
        yield from shift.start(stage, thief)
        baskets = [basket(stage) for _ in range(self.orders)]
        keys = stake(stage, (round(goods * self.taken_share) for goods in baskets))
        for n, (goods, key) in enumerate(zip(baskets, keys, strict=True)):
            customer = world.new_customer(stage.now, area=thief.area, close=True)
            plan = Plan(customer, goods, shopper=thief, bad=frozenset({"order.delivered"}))
            outcome = yield from lost_if_delivered(stage, plan, key)
            if outcome.delivered and n != 2:
                yield Begin(partial(self.customer_reports, outcome=outcome), same_plant=True)
            yield stage.life(self.between_s, at_least=5)
        yield from shift.end(stage, thief)

    def customer_reports(self, stage: Stage, outcome: Outcome) -> Story:
        """A report about the order; hardly anybody thinks of the shopper."""
        past = next((p for p in stage.world.recent if p.id == outcome.order_id), None)
        if past is None:
            return
        yield stage.life(40 * MINUTE, at_least=5)
        report = telling.describe(
            stage, "DEL.missing", past, "customer", past.customer, None, forgetful=False
        )
        yield from telling.tell(stage, report)
        amount = round(outcome.goods_minor * self.taken_share)
        yield from afterwards.refund(stage, past.customer, outcome, amount, "missing_item")
