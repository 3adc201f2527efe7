"""A fake support call, a code read out, and a shopper's week of pay goes to a stranger's bank."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from simulator.model import Shopper
from simulator.pace import HOUR, MINUTE
from simulator.places import areas
from simulator.scenarios.base import Scenario, involve, planted, stake
from simulator.stage import Stage
from simulator.steps import Begin, Story
from simulator.stories import accounts, afterwards, telling
from simulator.stories.accounts import From
from simulator.world import PastOrder


@dataclass(frozen=True)
class WorkerTakeover(Scenario):
    """A message asks for a code; a new device changes contact and payout, and the money leaves."""

    name: ClassVar[str] = "worker_takeover"
    summary: ClassVar[str] = "a phished shopper's contact and payout are changed and the earnings taken out"
    expects: ClassVar[frozenset[str]] = frozenset({"T1", "T3", "M1"})

    earnings_minor: tuple[int, int] = (38_000, 96_000)
    cash_out_after_s: float = 2 * HOUR

    def play(self, stage: Stage) -> Story:
        world, rng = stage.world, stage.rng
        victim = world.new_shopper(stage.now, label="victim")
        caller = world.new_customer(stage.now, area=victim.area, label=self.name, age_days=1)
        involve(stage, victim, "compromised")
        involve(stage, caller)
        yield from accounts.log_in(stage, victim)
        yield stage.life(5 * HOUR, at_least=20)
        (earnings,) = stake(stage, [rng.randint(*self.earnings_minor)])
        if not (yield from afterwards.write(stage, caller, victim, None, "code_request", bad=True)):
            return
        yield stage.life(3 * MINUTE, at_least=2)

        far = rng.choice([area for area in areas() if area.zone_id != victim.area.zone_id])
        thief = From(caller.device, f"203.0.113.{rng.randrange(100, 250)}", far.centre, "hosting", False)
        yield from accounts.log_in(stage, victim, thief, bad=True)
        yield from accounts.change_contact(stage, victim, "email", thief, bad=True)
        yield stage.life(MINUTE, at_least=1)
        yield from accounts.change_payout(stage, victim, world.new_id("pay"), thief, bad=True)
        yield Begin(partial(self.owner_notices, victim=victim), same_plant=True)
        yield stage.life(self.cash_out_after_s, at_least=20)
        planted(stage).settle(earnings, lost=not stage.payout_stopped(victim.ref))

    def owner_notices(self, stage: Stage, victim: Shopper) -> Story:
        """The shopper finds a bank they do not know and tells the line."""
        yield stage.life(5 * HOUR, at_least=60)
        world = stage.world
        past = PastOrder(
            id=world.new_id("ord"),
            customer=world.new_customer(stage.now, area=victim.area),
            shopper=victim,
            store=world.stores[victim.area.key],
            address=victim.home,
            total_minor=0,
            currency=victim.area.currency,
            card=world.new_card(stage.rng),
        )
        report = telling.describe(stage, "ACC.worker_ato", past, "shopper", victim, victim.ref)
        report.body.pop("order", None)
        yield from telling.tell(stage, report)
