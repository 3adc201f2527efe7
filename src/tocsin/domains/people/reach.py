"""Who may see a thing that is nobody's account: an order, a store, a card, a device, an address.

A thing is about the accounts that are linked with it. Whoever is kept from one of them is kept from the
thing, and whoever may see none of them for their region may not see it either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from django.db.models import Q

from tocsin.core.access.check import Scope, allows, require
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied
from tocsin.domains.people.models import Account, Instrument, Link, Order, Store
from tocsin.domains.people.vocabulary import ACCOUNT_KINDS

Thing = Store | Instrument | Order
Key = tuple[str, str]


def seen_by(actor: Actor, things: Sequence[Thing]) -> list[Thing]:
    """Those of ``things`` that the actor may see, in their order."""
    about = _accounts_of(things)
    return [thing for thing in things if _may_see(actor, thing.region, about[thing.pk])]


def kept_back(actor: Actor, instruments: Collection[Key]) -> set[Key]:
    """Those of the instruments, as (kind, id), that the actor may not see."""
    about: dict[Key, list[Account]] = {key: [] for key in instruments}
    for key, account in _linked(instruments):
        about[key].append(account)
    return {key for key, accounts in about.items() if not _may_see(actor, "", accounts)}


def out_of_reach(actor: Actor, things: Collection[Key]) -> set[Key]:
    """Those of the accounts, orders and instruments, as (kind, id), about which the actor may do nothing,
    even where they need not look anybody up for it: the wall stands between, or they belong to accounts of
    other regions only. What belongs to nobody we know of is within reach."""
    about: dict[Key, list[Account]] = {key: [] for key in things}
    for key, account in _linked(key for key in things if key[0] not in ACCOUNT_KINDS):
        about[key].append(account)
    for key, account in accounts_named(things).items():
        about[key].append(account)
    orders = [ident for kind, ident in things if kind == "order"]
    for order in Order.objects.filter(external_id__in=orders).select_related("customer", "shopper"):
        about["order", order.external_id] += [
            one for one in (order.customer, order.shopper) if one is not None
        ]
    return {key for key, accounts in about.items() if not _within_reach(actor, key, accounts)}


def _within_reach(actor: Actor, key: Key, about: Sequence[Account]) -> bool:
    if ":".join(key) in actor.kept_from or _kept_from(actor, about):
        return False
    return not about or any(not one.region or actor.covers_region(one.region) for one in about)


def _may_see(actor: Actor, region: str, about: Sequence[Account]) -> bool:
    return not _kept_from(actor, about) and any(
        allows(actor, "entities.view", scope) for scope in _scopes(region, about)
    )


def require_thing(actor: Actor, thing: Thing) -> None:
    """Do nothing when the actor may see this thing.

    Raises:
        AccessDenied: the role, the region, or because it is linked with the actor's own account or their
            family's.
    """
    about = _accounts_of([thing])[thing.pk]
    scopes = _scopes(thing.region, about)
    allowed = next((scope for scope in scopes if allows(actor, "entities.view", scope)), scopes[0])
    require(actor, "entities.view", allowed)
    if _kept_from(actor, about):
        raise AccessDenied(
            "You are connected with somebody this belongs to, so it is kept apart from you.",
            "Ask your supervisor to give it to somebody else.",
            permission="entities.view",
            reason="walled_off",
        )


def _kept_from(actor: Actor, about: Iterable[Account]) -> bool:
    return any(account.ref in actor.kept_from for account in about)


def _scopes(region: str, about: Sequence[Account]) -> list[Scope]:
    """The regions a thing belongs to: its own, else those of the accounts it is linked with."""
    regions = [region] if region else sorted({account.region for account in about}) or [""]
    return [Scope(region=one, data_class="P2") for one in regions]


def _accounts_of(things: Iterable[Thing]) -> dict[str, list[Account]]:
    """By a thing's id, the accounts it is about."""
    found: dict[str, list[Account]] = {}
    instruments: dict[Key, str] = {}
    for thing in things:
        found[thing.pk] = []
        if isinstance(thing, Order):
            found[thing.pk] = [one for one in (thing.customer, thing.shopper) if one is not None]
        elif isinstance(thing, Instrument):
            instruments[thing.kind, thing.external_id] = thing.pk
    for key, account in _linked(instruments):
        found[instruments[key]].append(account)
    return found


def _linked(instruments: Iterable[Key]) -> list[tuple[Key, Account]]:
    """Instruments and the accounts that are linked with them, one pair for each link."""
    by_kind: dict[str, set[str]] = {}
    for kind, ident in instruments:
        by_kind.setdefault(kind, set()).add(ident)
    ends: list[tuple[Key, Key]] = []
    for kind, idents in by_kind.items():
        links = Link.objects.filter(
            Q(from_kind=kind, from_id__in=idents, to_kind__in=ACCOUNT_KINDS)
            | Q(to_kind=kind, to_id__in=idents, from_kind__in=ACCOUNT_KINDS)
        )
        for link in links:
            sides = (link.from_kind, link.from_id), (link.to_kind, link.to_id)
            ends.append(sides if link.from_kind == kind else sides[::-1])
    accounts = accounts_named(other for _, other in ends)
    return [(key, accounts[other]) for key, other in ends if other in accounts]


def accounts_named(keys: Iterable[Key]) -> dict[Key, Account]:
    """The accounts there are among things named by (kind, the marketplace's id), by those names."""
    named = list(keys)
    wanted = Q(pk__in=[])
    for role in ACCOUNT_KINDS:
        wanted |= Q(role=role, external_id__in=[ident for kind, ident in named if kind == role])
    return {(one.role, one.external_id): one for one in Account.objects.filter(wanted)}
