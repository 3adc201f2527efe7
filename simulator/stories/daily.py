"""The ordinary day: somebody orders groceries, and mostly nothing happens."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from simulator.model import Customer
from simulator.pace import MINUTE
from simulator.stage import Stage
from simulator.steps import Step, Story
from simulator.stories import accounts, afterwards
from simulator.stories.order import Outcome, Plan, order


@dataclass(frozen=True, slots=True)
class Habits:
    """Shares of ordinary orders in which something ordinary happens."""

    logs_in: float = 0.35
    mistypes: float = 0.04
    declined_once: float = 0.02
    uses_promo: float = 0.05
    chats: float = 0.3
    raises_tip: float = 0.06
    lowers_tip: float = 0.01
    wants_refund: float = 0.04


HABITS = Habits()
PUBLIC_PROMO = "FRESH5"
REFUND_REASONS = ("missing_item", "damaged_item", "wrong_item")


def basket(stage: Stage) -> int:
    """An ordinary basket in minor units, most often about 65.00."""
    return round(stage.rng.triangular(1_800, 16_000, 6_500))


def grocery_run(stage: Stage) -> Story:
    """One customer's order from opening the app to the last word about it."""
    customer, newcomer = stage.world.next_customer(stage.now)
    try:
        if newcomer:
            yield from accounts.sign_up(stage, customer)
        yield from _arrive(stage, customer)
        outcome = yield from order(stage, Plan(customer, basket(stage)))
        if outcome.delivered:
            yield from _after(stage, customer, outcome)
    finally:
        stage.world.rest(customer, stage.now, stage.pace)


def _arrive(stage: Stage, customer: Customer) -> Story:
    if stage.chance(HABITS.mistypes):
        yield from accounts.mistype_password(stage, customer, stage.rng.randint(1, 2))
    if stage.chance(HABITS.logs_in):
        yield from accounts.log_in(stage, customer)
        yield stage.life(stage.rng.uniform(3, 15) * MINUTE, at_least=1)
    if stage.chance(HABITS.declined_once):
        yield from accounts.get_declined(
            stage, customer, customer.cards[0], basket(stage), "insufficient_funds"
        )
        yield stage.life(MINUTE, at_least=2)
    if stage.chance(HABITS.uses_promo):
        yield from redeem(stage, customer, PUBLIC_PROMO, 500)


def redeem(
    stage: Stage, customer: Customer, code: str, discount_minor: int, *, bad: bool = False
) -> Generator[Step, object, None]:
    """Use a promotion."""
    event = stage.event(
        "promo.redeemed",
        customer.area,
        {
            "customer": customer.id,
            "device": customer.device,
            "card": customer.cards[0].id,
            "address": customer.home.id,
            "ip": customer.ip,
        },
        promo=code,
        discount_minor=discount_minor,
        currency=customer.area.currency,
    )
    yield from stage.must(event, customer.ref, bad=bad, honest=not bad)


def _after(stage: Stage, customer: Customer, outcome: Outcome) -> Story:
    shopper = outcome.shopper
    if shopper is not None and stage.chance(HABITS.chats):
        yield from afterwards.write(stage, customer, shopper, outcome.order_id)
    yield stage.life(stage.rng.uniform(5, 60) * MINUTE, at_least=1)
    if stage.chance(HABITS.raises_tip):
        yield from afterwards.change_tip(stage, customer, outcome, outcome.tip_minor + 300)
    elif outcome.tip_minor and stage.chance(HABITS.lowers_tip):
        yield from afterwards.change_tip(stage, customer, outcome, outcome.tip_minor // 2)
    if stage.chance(HABITS.wants_refund):
        share = stage.rng.uniform(0.05, 0.25)
        reason = stage.rng.choice(REFUND_REASONS)
        yield from afterwards.refund(stage, customer, outcome, round(outcome.goods_minor * share), reason)
