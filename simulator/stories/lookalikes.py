"""Innocent people who look suspicious, so that false alarms can be counted.

Each carries its own label in the ground truth; none of it is visible to Tocsin.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from simulator.geo import metres, near
from simulator.model import Customer
from simulator.pace import HOUR, MINUTE
from simulator.places import areas
from simulator.stage import Stage
from simulator.steps import Begin, Story, Wait
from simulator.stories import accounts, afterwards, shift, travel
from simulator.stories.accounts import From
from simulator.stories.daily import basket, redeem
from simulator.stories.order import Plan, order

if TYPE_CHECKING:
    from simulator.model import Area

AIRLINER_M_S = 220.0
OFFICE_ORDERS = (4, 5)


def household(stage: Stage) -> Story:
    """Four people, one tablet, one door, one card for two of them."""
    first = stage.world.new_customer(stage.now, label="household")
    for n in range(4):
        member = first
        if n:
            member = stage.world.new_customer(
                stage.now,
                home=first.home,
                device=first.device,
                ip=first.ip,
                card=first.cards[0] if n == 1 else None,
                label="household",
            )
        yield from accounts.log_in(stage, member)
        yield from order(stage, Plan(member, basket(stage)))
        yield stage.life(stage.rng.uniform(4, 30) * HOUR, at_least=10)


def office_party(stage: Stage) -> Story:
    """One person keeps ordering for a party within the hour."""
    host = stage.world.new_customer(stage.now, label="office_party")
    yield from accounts.log_in(stage, host)
    for _ in range(stage.rng.randint(*OFFICE_ORDERS)):
        goods = round(basket(stage) * 1.5)
        yield Begin(partial(_one, customer=host, goods_minor=goods))
        yield stage.life(stage.rng.uniform(6, 11) * MINUTE, at_least=5)


def _one(stage: Stage, customer: Customer, goods_minor: int) -> Story:
    yield from order(stage, Plan(customer, goods_minor))


def new_phone(stage: Stage) -> Story:
    """A new phone, a forgotten password, and the usual groceries."""
    owner = stage.world.new_customer(stage.now, label="new_phone")
    yield from accounts.log_in(stage, owner)
    yield stage.life(2 * HOUR, at_least=5)
    owner.device = stage.world.new_id("dev")
    yield from accounts.mistype_password(stage, owner, 2)
    yield from accounts.reset_password(stage, owner)
    yield from accounts.log_in(stage, owner)
    yield from order(stage, Plan(owner, basket(stage)))


def traveller(stage: Stage) -> Story:
    """Flies to another city and orders to a rented flat there."""
    home, away = _two_cities(stage)
    guest = stage.world.new_customer(stage.now, area=home, label="traveller")
    flat = stage.world.new_address(stage.rng, away)
    yield from accounts.log_in(stage, guest)
    yield Wait(metres(home.centre, away.centre) / AIRLINER_M_S + 90 * MINUTE)
    hotel = From(guest.device, stage.world.home_ip(), near(stage.rng, away.centre, 100, 2_000), "hotel")
    yield from accounts.log_in(stage, guest, hotel)
    yield from order(stage, Plan(guest, basket(stage), address=flat, ip=hotel.ip))


def vpn_user(stage: Stage) -> Story:
    """Switches a privacy service on, and seems to be in another city a minute later."""
    home, away = _two_cities(stage)
    person = stage.world.new_customer(stage.now, area=home, label="vpn_user")
    yield from accounts.log_in(stage, person)
    yield stage.life(30 * MINUTE, at_least=10)
    exit_ip = f"203.0.113.{stage.rng.randrange(1, 60)}"
    tunnel = From(person.device, exit_ip, near(stage.rng, away.centre, 100, 2_000), "vpn")
    yield from accounts.log_in(stage, person, tunnel)
    yield from order(stage, Plan(person, basket(stage), ip=exit_ip))


def generous_tipper(stage: Stage) -> Story:
    """Tips well and raises it afterwards, every time."""
    customer = stage.world.new_customer(stage.now, label="generous_tipper", close=True)
    for _ in range(3):
        goods = basket(stage)
        outcome = yield from order(stage, Plan(customer, goods, tip_minor=goods * 3 // 10))
        if outcome.delivered:
            yield from afterwards.change_tip(stage, customer, outcome, outcome.tip_minor * 2)
        yield stage.life(20 * HOUR, at_least=10)


def disappointed_tipper(stage: Stage) -> Story:
    """Cuts one tip to nothing, once, after one bad delivery among good ones."""
    customer = stage.world.new_customer(stage.now, label="disappointed_tipper", close=True)
    for n in range(3):
        goods = basket(stage)
        outcome = yield from order(stage, Plan(customer, goods, tip_minor=goods // 5))
        if outcome.delivered and n == 1 and outcome.shopper is not None:
            yield from afterwards.write(stage, customer, outcome.shopper, outcome.order_id)
            yield from afterwards.change_tip(stage, customer, outcome, 0)
        yield stage.life(20 * HOUR, at_least=10)


def unlucky_customer(stage: Stage) -> Story:
    """Something small is really missing from most orders."""
    customer = stage.world.new_customer(stage.now, label="unlucky_customer", close=True)
    for n in range(5):
        outcome = yield from order(stage, Plan(customer, basket(stage)))
        if outcome.delivered and n % 2:
            share = stage.rng.uniform(0.05, 0.2)
            amount = round(outcome.goods_minor * share)
            yield from afterwards.refund(stage, customer, outcome, amount, "missing_item")
        yield stage.life(20 * HOUR, at_least=10)


def favourite_shopper(stage: Stage) -> Story:
    """Asks for the same shopper each time and never for money back."""
    customer = stage.world.new_customer(stage.now, label="favourite_shopper", close=True)
    shopper = stage.world.new_shopper(stage.now, area=customer.area, label="favourite_shopper")
    yield from shift.start(stage, shopper)
    for _ in range(4):
        yield from order(stage, Plan(customer, basket(stage), shopper=shopper))
        yield stage.life(24 * HOUR, at_least=10)
    yield from shift.end(stage, shopper)


def moved_bank(stage: Stage) -> Story:
    """A shopper changes phone number and bank in one sitting, from the usual phone at home."""
    shopper = stage.world.new_shopper(stage.now, label="moved_bank")
    yield from accounts.log_in(stage, shopper)
    yield from accounts.change_contact(stage, shopper, "phone")
    yield stage.life(20 * MINUTE, at_least=2)
    yield from accounts.change_payout(stage, shopper, stage.world.new_id("pay"))


def butter_fingers(stage: Stage) -> Story:
    """Mistypes a new card three times, then gets it right and orders."""
    customer = stage.world.new_customer(stage.now, label="butter_fingers")
    card = stage.world.new_card(stage.rng)
    for _ in range(3):
        yield from accounts.get_declined(stage, customer, card, 6_500, "invalid_cvc")
        yield stage.life(MINUTE, at_least=1)
    yield from accounts.add_card(stage, customer, card)
    yield from order(stage, Plan(customer, basket(stage), card=card))


def gps_drift(stage: Stage) -> Story:
    """One wild ping between tall buildings, then all is well."""
    shopper = stage.world.new_shopper(stage.now, label="gps_drift")
    yield from shift.selfie(stage, shopper)
    yield from shift.start(stage, shopper)
    yield from travel.ping(stage, shopper, {})
    yield Wait(20)
    here, shopper.place = shopper.place, near(stage.rng, shopper.place, 1_300, 2_000)
    yield from travel.ping(stage, shopper, {})
    shopper.place = here
    yield Wait(60)
    yield from travel.ping(stage, shopper, {})
    yield from shift.end(stage, shopper)


def bad_light(stage: Stage) -> Story:
    """The selfie fails in a dark car and passes under a lamp."""
    shopper = stage.world.new_shopper(stage.now, label="bad_light")
    yield from shift.selfie(stage, shopper, passes=False)
    yield stage.life(2 * MINUTE, at_least=3)
    yield from shift.working_day(stage, shopper)


def room_mates(stage: Stage) -> Story:
    """Three friends at one address use the same public promotion, each on their own phone and card."""
    first = stage.world.new_customer(stage.now, label="room_mates")
    for n in range(3):
        mate = first if n == 0 else stage.world.new_customer(stage.now, home=first.home, label="room_mates")
        yield from redeem(stage, mate, "NEIGHBOUR10", 1_000)
        yield from order(stage, Plan(mate, basket(stage)))


def _two_cities(stage: Stage) -> tuple[Area, Area]:
    home = stage.rng.choice(areas())
    away = stage.rng.choice([area for area in areas() if area.zone_id != home.zone_id])
    return home, away


LOOKALIKES: tuple[Callable[[Stage], Story], ...] = (
    household,
    office_party,
    new_phone,
    traveller,
    vpn_user,
    generous_tipper,
    disappointed_tipper,
    unlucky_customer,
    favourite_shopper,
    moved_bank,
    butter_fingers,
    gps_drift,
    bad_light,
    room_mates,
)
