"""A shopper whose phone says it is where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simulator.pace import MINUTE
from simulator.scenarios.base import Scenario, involve, lost_if_delivered, stake
from simulator.stage import Stage
from simulator.steps import Story
from simulator.stories import shift
from simulator.stories.daily import basket
from simulator.stories.order import Plan
from simulator.stories.travel import Gps


@dataclass(frozen=True)
class GpsSpoofing(Scenario):
    """Jumps of kilometres between pings, mock flags, no ping at the store, bags far from the pin."""

    name: ClassVar[str] = "gps_spoofing"
    summary: ClassVar[str] = "teleports, mock locations, pay for trips that were not driven"
    expects: ClassVar[frozenset[str]] = frozenset({"G1", "G2", "G3", "G4"})

    orders: int = 4
    drop_off_m: float = 1_500.0

    def play(self, stage: Stage) -> Story:
        world = stage.world
        spoofer = world.new_shopper(stage.now, label=self.name)
        involve(stage, spoofer)
        waiting = [world.new_customer(stage.now, area=spoofer.area) for _ in range(self.orders)]
        plans = [
            Plan(
                customer,
                basket(stage),
                shopper=spoofer,
                gps=Gps.MOCK if n % 2 else Gps.TELEPORT,
                skips_store=n % 2 == 1,
                drop_off_m=self.drop_off_m,
                bad=frozenset({"order.picked", "order.delivered"}),
            )
            for n, customer in enumerate(waiting)
        ]
        keys = stake(stage, (plan.total_minor for plan in plans))
        yield from shift.selfie(stage, spoofer)
        yield from shift.start(stage, spoofer)
        for plan, key in zip(plans, keys, strict=True):
            yield from lost_if_delivered(stage, plan, key)
            yield stage.life(20 * MINUTE, at_least=3)
        yield from shift.end(stage, spoofer)
