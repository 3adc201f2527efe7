"""What may follow a delivery: a changed tip, a refund, a few words."""

from __future__ import annotations

from collections.abc import Generator

from simulator.model import Customer, Person
from simulator.pace import MINUTE
from simulator.places import data
from simulator.stage import Stage
from simulator.steps import Say, Step
from simulator.stories.order import Outcome


def words(stage: Stage, kind: str, language: str) -> tuple[str, str]:
    """A line people say, and the language it is in; English where we have none in theirs."""
    pools = data("words.json")[kind]
    spoken = language if language in pools else "en"
    return stage.rng.choice(pools[spoken]), spoken


def write(
    stage: Stage,
    sender: Person,
    other: Person,
    order_id: str | None,
    kind: str = "chat",
    *,
    bad: bool = False,
) -> Generator[Step, object, bool]:
    """A message from one side of an order to the other; False when it was not delivered."""
    text, language = words(stage, kind, sender.language)
    entities = {sender.kind: sender.id, other.kind: other.id, "device": sender.device}
    if order_id:
        entities["order"] = order_id
    event = stage.event(
        "message.sent", sender.area, entities, text=text, language=language, sender=sender.kind
    )
    return (yield from stage.ask(event, sender.ref, bad=bad, honest=not bad))


def change_tip(
    stage: Stage, customer: Customer, outcome: Outcome, to_minor: int, *, bad: bool = False
) -> Generator[Step, object, bool]:
    """Change the tip after delivery; False when it was stopped."""
    event = stage.event(
        "tip.changed",
        customer.area,
        _both(outcome),
        before_minor=outcome.tip_minor,
        after_minor=to_minor,
        after_delivery=True,
        currency=customer.area.currency,
    )
    allowed = yield from stage.ask(event, customer.ref, bad=bad, honest=not bad)
    if allowed:
        outcome.tip_minor = to_minor
    return allowed


def refund(
    stage: Stage,
    customer: Customer,
    outcome: Outcome,
    amount_minor: int,
    reason: str,
    *,
    bad: bool = False,
) -> Generator[Step, object, bool]:
    """Ask for money back and get it; False when it was refused. A held refund waits until it is released."""
    entities = _both(outcome)
    asked = stage.event(
        "refund.requested",
        customer.area,
        entities,
        amount_minor=amount_minor,
        currency=customer.area.currency,
        reason=reason,
        proof_of_delivery=True,
    )
    if not (yield from stage.ask(asked, customer.ref, bad=bad, honest=not bad)):
        return False
    yield stage.life(stage.rng.uniform(5, 40) * MINUTE, at_least=1)
    paid = stage.event(
        "refund.paid",
        customer.area,
        entities,
        amount_minor=amount_minor,
        currency=customer.area.currency,
        reason=reason,
        tender="original",
    )
    yield Say(paid, customer.ref, wait=False, bad=bad)
    return True


def _both(outcome: Outcome) -> dict[str, str]:
    """The order's entities with both its people."""
    if outcome.shopper is None:
        return outcome.entities
    return {**outcome.entities, "shopper": outcome.shopper.id}
