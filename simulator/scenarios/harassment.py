"""A customer who will not stop writing to a shopper, and what she tells the line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from simulator.pace import HOUR, MINUTE
from simulator.scenarios.base import Scenario, involve
from simulator.stage import Stage
from simulator.steps import Begin, Story
from simulator.stories import afterwards, shift, telling
from simulator.stories.daily import basket
from simulator.stories.order import Outcome, Plan, order


@dataclass(frozen=True)
class Harassment(Scenario):
    """Unwanted personal messages that get worse, a report in the victim's words, and another try."""

    name: ClassVar[str] = "harassment"
    summary: ClassVar[str] = "unwanted messages that get worse; the shopper reports; he asks for her again"
    expects: ClassVar[frozenset[str]] = frozenset({"M1"})

    messages: int = 5
    orders_after: int = 2

    def play(self, stage: Stage) -> Story:
        world = stage.world
        offender = world.new_customer(stage.now, label=self.name, close=True)
        victim = world.new_shopper(stage.now, area=offender.area, label="victim")
        if offender.language not in ("en", "es"):
            offender.language = "en"
        involve(stage, offender)
        yield from shift.selfie(stage, victim)
        yield from shift.start(stage, victim)
        first = yield from order(stage, Plan(offender, basket(stage), shopper=victim))
        for n in range(self.messages):
            yield from afterwards.write(stage, offender, victim, first.order_id, "harassment", bad=True)
            yield stage.life(4 * MINUTE, at_least=2)
            if n == self.messages - 2:
                yield Begin(partial(self.victim_reports, outcome=first), same_plant=True)
        for _ in range(self.orders_after):
            yield stage.life(5 * HOUR, at_least=20)
            plan = Plan(offender, basket(stage), shopper=victim, bad=frozenset({"order.assigned"}))
            again = yield from order(stage, plan)
            if again.delivered:
                yield from afterwards.write(stage, offender, victim, again.order_id, "harassment", bad=True)
        yield from shift.end(stage, victim)

    def victim_reports(self, stage: Stage, outcome: Outcome) -> Story:
        """She tells it in her own words and asks not to meet him again."""
        past = next((p for p in stage.world.recent if p.id == outcome.order_id), None)
        if past is None:
            return
        yield stage.life(15 * MINUTE, at_least=2)
        report = telling.describe(
            stage, "CON.harassment", past, "shopper", past.shopper, past.customer.ref, forgetful=False
        )
        report.body["contact_rules"] = "e-mail only"
        yield from telling.tell(stage, report)
