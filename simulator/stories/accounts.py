"""What people do with their accounts: sign up, log in, change things, fail at things."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from simulator.geo import Point, near
from simulator.model import Card, Customer, Person, Shopper
from simulator.pace import MINUTE
from simulator.stage import Stage
from simulator.steps import Say, Step

Doing = Generator[Step, object, None]


@dataclass(frozen=True, slots=True)
class From:
    """Where a session comes from: device, address on the net, and where that seems to be."""

    device: str
    ip: str
    place: Point
    network: str = "home"
    honest: bool = True

    @classmethod
    def home(cls, stage: Stage, person: Person) -> From:
        """The person's own device on their own line; the place is as vague as such lookups are."""
        return cls(person.device, person.ip, near(stage.rng, person.area.centre, 200, 4_000), person.network)


def _entities(person: Person, origin: From) -> dict[str, str]:
    return {person.kind: person.id, "device": origin.device, "ip": origin.ip}


def sign_up(stage: Stage, person: Person, *, bad: bool = False, honest: bool = True) -> Doing:
    """Open the account."""
    entities = {
        **_entities(person, From.home(stage, person)),
        "address": person.home.id,
        "phone": person.phone_id,
    }
    event = stage.event("account.created", person.area, entities, role=person.kind, language=person.language)
    yield from stage.must(event, person.ref, bad=bad, honest=honest)


def log_in(stage: Stage, person: Person, origin: From | None = None, *, bad: bool = False) -> Doing:
    """Log in; whoever is not let in gets no further."""
    origin = origin or From.home(stage, person)
    entities = {**_entities(person, origin), "session": stage.world.new_id("ses")}
    event = stage.event(
        "account.login",
        person.area,
        entities,
        lat=origin.place.lat,
        lon=origin.place.lon,
        network=origin.network,
        method="password",
    )
    yield from stage.must(event, person.ref, bad=bad, honest=origin.honest)


def mistype_password(stage: Stage, person: Person, times: int, origin: From | None = None) -> Doing:
    """So many failed logins in a row."""
    origin = origin or From.home(stage, person)
    for _ in range(times):
        event = stage.event(
            "account.login_failed",
            person.area,
            _entities(person, origin),
            reason="wrong_password",
            lat=origin.place.lat,
            lon=origin.place.lon,
            network=origin.network,
        )
        yield Say(event, person.ref, wait=False, bad=not origin.honest)
        yield stage.life(stage.rng.uniform(4, 12), at_least=1)


def reset_password(stage: Stage, person: Person, origin: From | None = None, *, bad: bool = False) -> Doing:
    """Change the password."""
    origin = origin or From.home(stage, person)
    event = stage.event(
        "account.credential_changed", person.area, _entities(person, origin), credential="password"
    )
    yield from stage.must(event, person.ref, bad=bad, honest=origin.honest)


def change_contact(
    stage: Stage, person: Person, what: str, origin: From | None = None, *, bad: bool = False
) -> Doing:
    """Change e-mail or phone."""
    origin = origin or From.home(stage, person)
    event = stage.event("account.contact_changed", person.area, _entities(person, origin), contact=what)
    yield from stage.must(event, person.ref, bad=bad, honest=origin.honest)


def change_payout(
    stage: Stage, shopper: Shopper, payout: str, origin: From | None = None, *, bad: bool = False
) -> Doing:
    """Have the earnings sent somewhere else."""
    origin = origin or From.home(stage, shopper)
    event = stage.event(
        "payout.changed",
        shopper.area,
        {**_entities(shopper, origin), "payout": payout},
        method="bank_account",
    )
    yield from stage.must(event, shopper.ref, bad=bad, honest=origin.honest)


def add_card(
    stage: Stage, customer: Customer, card: Card, origin: From | None = None, *, bad: bool = False
) -> Doing:
    """Put a card into the wallet."""
    origin = origin or From.home(stage, customer)
    stage.world.own_card(card, customer)
    event = stage.event(
        "payment.added",
        customer.area,
        {**_entities(customer, origin), "card": card.id},
        brand=card.brand,
    )
    yield from stage.must(event, customer.ref, bad=bad, honest=origin.honest)


def get_declined(
    stage: Stage,
    customer: Customer,
    card: Card,
    amount_minor: int,
    reason: str,
    *,
    bad: bool = False,
) -> Doing:
    """Try to pay and have the bank say no."""
    event = stage.event(
        "payment.declined",
        customer.area,
        {**_entities(customer, From.home(stage, customer)), "card": card.id},
        amount_minor=amount_minor,
        currency=customer.area.currency,
        decline_code=reason,
    )
    yield from stage.must(event, customer.ref, bad=bad, honest=not bad)


def chore(stage: Stage) -> Doing:
    """A customer looks after their account and orders nothing."""
    customer, newcomer = stage.world.next_customer(stage.now)
    try:
        if newcomer:
            yield from sign_up(stage, customer)
        if stage.chance(0.15):
            yield from mistype_password(stage, customer, stage.rng.randint(1, 2))
        yield from log_in(stage, customer)
        yield stage.life(stage.rng.uniform(1, 5) * MINUTE)
        if stage.chance(0.2):
            yield from add_card(stage, customer, stage.world.new_card(stage.rng))
        elif stage.chance(0.1):
            yield from change_contact(stage, customer, stage.rng.choice(("email", "phone")))
    finally:
        stage.world.rest(customer, stage.now, stage.pace)
