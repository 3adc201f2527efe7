"""A vetted shopper lends the account to somebody else, and both work at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from simulator.pace import MINUTE
from simulator.places import areas
from simulator.scenarios.base import Scenario, involve, lost_if_delivered, stake
from simulator.stage import Stage
from simulator.steps import Begin, Story
from simulator.stories import shift, telling
from simulator.stories.daily import basket
from simulator.stories.order import Outcome, Plan

TRIP_PAY_MINOR = 1_400


@dataclass(frozen=True)
class AccountRenting(Scenario):
    """Selfies that are somebody else, and one identity on shift in two cities."""

    name: ClassVar[str] = "account_renting"
    summary: ClassVar[str] = "failed selfies, one account on shift in two cities, a stranger at the door"
    expects: ClassVar[frozenset[str]] = frozenset({"I1", "I2"})

    orders: int = 3
    failed_selfies: int = 2

    def play(self, stage: Stage) -> Story:
        world, rng = stage.world, stage.rng
        owner = world.new_shopper(stage.now, label=self.name)
        involve(stage, owner)
        keys = stake(stage, [TRIP_PAY_MINOR] * self.orders)
        yield from shift.selfie(stage, owner)
        yield from shift.start(stage, owner)
        yield stage.life(30 * MINUTE, at_least=5)

        elsewhere = rng.choice([area for area in areas() if area.zone_id != owner.area.zone_id])
        renter = replace(owner, device=world.new_id("dev"), area=elsewhere, place=elsewhere.centre)
        for _ in range(self.failed_selfies):
            yield from shift.selfie(stage, renter, passes=False, bad=True)
            yield stage.life(MINUTE, at_least=2)
        yield from shift.selfie(stage, renter, device=owner.device)
        yield from shift.start(stage, renter, bad=True)
        for n, key in enumerate(keys):
            customer = world.new_customer(stage.now, area=elsewhere)
            plan = Plan(customer, basket(stage), shopper=renter, bad=frozenset({"order.assigned"}))
            outcome = yield from lost_if_delivered(stage, plan, key)
            if outcome.delivered and n == 0:
                yield Begin(partial(self.customer_reports, outcome=outcome), same_plant=True)
            yield stage.life(15 * MINUTE, at_least=3)
        yield from shift.end(stage, renter)
        yield from shift.end(stage, owner)

    def customer_reports(self, stage: Stage, outcome: Outcome) -> Story:
        """The person at the door was not the person in the app."""
        past = next((p for p in stage.world.recent if p.id == outcome.order_id), None)
        if past is not None:
            yield stage.life(20 * MINUTE, at_least=5)
            report = telling.describe(
                stage, "FRD-W.different_person", past, "customer", past.customer, past.shopper.ref
            )
            yield from telling.tell(stage, report)
