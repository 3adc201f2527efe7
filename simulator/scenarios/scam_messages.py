"""A new account writes to one shopper after another: codes, links, "pay me outside the app"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simulator.pace import MINUTE
from simulator.scenarios.base import Scenario, involve
from simulator.stage import Stage
from simulator.steps import Refused, Story
from simulator.stories import accounts, afterwards, telling
from simulator.stories.daily import basket
from simulator.world import PastOrder


@dataclass(frozen=True)
class ScamMessages(Scenario):
    """Messages that ask for codes, send links or move payment elsewhere."""

    name: ClassVar[str] = "scam_messages"
    summary: ClassVar[str] = "one account sends code requests, links and off-platform payment to shoppers"
    expects: ClassVar[frozenset[str]] = frozenset({"M1"})

    targets: int = 6

    def play(self, stage: Stage) -> Story:
        world = stage.world
        scammer = world.new_customer(stage.now, label=self.name, age_days=0)
        scammer.language = stage.rng.choice(("en", "es"))
        involve(stage, scammer)
        yield from accounts.sign_up(stage, scammer, honest=False)
        for n in range(self.targets):
            target = world.new_shopper(stage.now, area=scammer.area)
            kind = ("code_request", "off_platform_pay", "link")[n % 3]
            try:
                arrived = yield from afterwards.write(stage, scammer, target, None, kind, bad=True)
            except Refused:
                return
            if arrived and n == 1:
                past = PastOrder(
                    world.new_id("ord"),
                    scammer,
                    target,
                    world.stores[target.area.key],
                    target.home,
                    basket(stage),
                    target.area.currency,
                    scammer.cards[0],
                )
                report = telling.describe(
                    stage, "FRD-X.fake_support_caller", past, "shopper", target, scammer.ref
                )
                report.body.pop("order", None)
                yield from telling.tell(stage, report)
            yield stage.life(5 * MINUTE, at_least=2)
