"""Stolen cards are tried out in small amounts; the first that works buys something big."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from simulator.model import Customer
from simulator.pace import DAY, MINUTE
from simulator.scenarios.base import Scenario, involve, lost_if_delivered, stake
from simulator.stage import Stage
from simulator.steps import Begin, Say, Story
from simulator.stories import accounts
from simulator.stories.order import Outcome, Plan


@dataclass(frozen=True)
class StolenCards(Scenario):
    """At least five declines on one device within ten minutes, then a high-value order."""

    name: ClassVar[str] = "stolen_cards"
    summary: ClassVar[str] = "card testing on one device, then high-value orders on the card that works"
    expects: ClassVar[frozenset[str]] = frozenset({"V3", "V2"})

    declines: tuple[int, int] = (6, 9)
    between_tries_s: tuple[float, float] = (20.0, 50.0)
    """Never stretched beyond this, so that the tries stay inside ten minutes at any pace."""
    orders: int = 2
    goods_minor: tuple[int, int] = (42_000, 95_000)
    gift_card_share: float = 0.7

    def play(self, stage: Stage) -> Story:
        world, rng = stage.world, stage.rng
        fraudster = world.new_customer(stage.now, label=self.name, close=True, age_days=0)
        involve(stage, fraudster)
        works = world.new_card(rng)
        plans = [
            Plan(
                fraudster,
                goods,
                card=works,
                tip_minor=0,
                gift_card_minor=round(goods * self.gift_card_share),
                rush=True,
                honest=False,
                bad=frozenset({"order.placed", "payment.authorised"}),
            )
            for goods in (rng.randint(*self.goods_minor) for _ in range(self.orders))
        ]
        keys = stake(stage, (plan.total_minor for plan in plans))
        yield from accounts.sign_up(stage, fraudster, honest=False)
        for _ in range(rng.randint(*self.declines)):
            card = world.new_card(rng)
            yield from accounts.add_card(stage, fraudster, card, bad=True)
            reason = rng.choice(("do_not_honour", "invalid_cvc", "stolen_card", "insufficient_funds"))
            yield from accounts.get_declined(
                stage, fraudster, card, rng.randrange(100, 300), reason, bad=True
            )
            yield stage.life(rng.uniform(*self.between_tries_s), at_least=1)
        yield from accounts.add_card(stage, fraudster, works, bad=True)
        for plan, key in zip(plans, keys, strict=True):
            outcome = yield from lost_if_delivered(stage, plan, key)
            if outcome.delivered:
                yield Begin(partial(self.chargeback, fraudster=fraudster, lost=outcome), same_plant=True)
            yield stage.life(3 * MINUTE, at_least=2)

    def chargeback(self, stage: Stage, fraudster: Customer, lost: Outcome) -> Story:
        """The card's owner disputes the payment weeks later (minutes later here, so that it can be seen)."""
        yield stage.life(45 * DAY, at_least=60, at_most=600)
        event = stage.event(
            "chargeback.received",
            fraudster.area,
            lost.entities,
            amount_minor=lost.total_minor,
            currency=fraudster.area.currency,
            reason_code="fraud",
        )
        yield Say(event, fraudster.ref, wait=False, system=True)
