"""Reading about people, masked. Who asks comes first; what they may not see is left out and counted."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q

from tocsin.core.access.check import Scope, allows, require
from tocsin.core.actor import Actor
from tocsin.core.crypto.masks import mask_email, mask_name, mask_phone
from tocsin.core.crypto.normal import normal_email, normal_phone
from tocsin.core.crypto.seal import Sealed, blind_index, open_many
from tocsin.core.errors import AccessDenied
from tocsin.domains.people import reach, records, vocabulary
from tocsin.domains.people.models import Account, ContactPoint, Instrument, Order, Party, Store

#: Attributes of data class P3 (handbook §10): an integration key that reads an entity back does not get them.
_P3 = {"access_needs", "lat", "line1", "lon", "unit"}
#: So many hits of each kind a search gives at most.
_HITS = 20


@dataclass(frozen=True, slots=True)
class AccountCard:
    """What a case shows of an account at a glance. Personal values are masked; ``reveal`` opens one."""

    id: str
    role: str
    external_id: str
    status: str
    marketplace_status: str
    region: str
    zone: str
    erased: bool
    name: str
    languages: tuple[str, ...]
    access_needs: int
    email: str
    phone: str
    contacts_changed_at: dt.datetime | None
    member_since: dt.datetime | None
    orders_total: int
    orders_cancelled: int
    orders_live: int
    last_order_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing a search found. ``label`` holds nothing personal that is not masked."""

    kind: str
    id: str
    label: str
    status: str
    region: str


@dataclass(frozen=True, slots=True)
class Found:
    """Hits, and how many more there are that this actor may not see."""

    hits: tuple[Hit, ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class _Opened:
    """A person's profile (None: erased), their live contacts by kind, and all they ever had."""

    profile: dict[str, Any] | None
    contacts: dict[str, str]
    points: list[ContactPoint]


def find_account(actor: Actor, role: str, external_id: str, scope: Scope | None = None) -> Account | None:
    """The account with the marketplace's id, or None when there is none.

    Raises:
        AccessDenied: there is one, and the actor may not see it.
    """
    account = Account.objects.filter(role=role, external_id=external_id).select_related("party").first()
    if account is None:
        require(actor, "entities.view")
        return None
    require_account(actor, account, scope)
    return account


def require_account(actor: Actor, account: Account, scope: Scope | None = None) -> None:
    """Do nothing when the actor may see this account; ``scope`` says what a case adds (assignment, walls).

    Raises:
        AccessDenied: the role, the region, or because the account is the actor's own or their family's.
    """
    require(actor, "entities.view", scope or Scope(region=account.region, data_class="P2"))
    if account.ref in actor.kept_from:
        raise AccessDenied(
            "You are connected with this account, so it is kept apart from you.",
            "Ask your supervisor to give it to somebody else.",
            permission="entities.view",
            reason="walled_off",
        )


def known_as(actor: Actor, account_ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Role and the marketplace's own identifier by account id, for those who review access.

    Raises:
        AccessDenied: without ``access.view_log``.
    """
    require(actor, "access.view_log")
    rows = Account.objects.filter(pk__in=list(account_ids))
    return {pk: (role, ident) for pk, role, ident in rows.values_list("pk", "role", "external_id")}


def may_see(actor: Actor, account: Account) -> bool:
    """Whether the actor may see the account outside of any case."""
    scope = Scope(region=account.region, data_class="P2")
    return account.ref not in actor.kept_from and allows(actor, "entities.view", scope)


def account_card(actor: Actor, account: Account, scope: Scope | None = None) -> AccountCard:
    """The masked profile of an account with its counts."""
    return account_cards(actor, [account], scope)[account.pk]


def account_cards(
    actor: Actor, accounts: Sequence[Account], scope: Scope | None = None
) -> dict[str, AccountCard]:
    """The masked profiles of several accounts by id, with as many queries as for one.

    Raises:
        AccessDenied: when the actor may not see one of them.
    """
    for account in accounts:
        require_account(actor, account, scope)
    opened = _opened_all([account.party for account in accounts])
    counts = _order_counts(accounts)
    return {
        account.pk: _card(account, opened[account.party_id], counts.get(account.pk, {}))
        for account in accounts
    }


def _card(account: Account, opened: _Opened, orders: dict[str, Any]) -> AccountCard:
    profile, contacts = opened.profile, opened.contacts
    return AccountCard(
        id=account.pk, role=account.role, external_id=account.external_id, status=account.status,
        marketplace_status=account.marketplace_status, region=account.region, zone=account.zone,
        erased=profile is None, name=mask_name(str((profile or {}).get("name") or "")),
        languages=tuple(account.party.languages), access_needs=len((profile or {}).get("access_needs", [])),
        email=mask_email(contacts.get("email", "")), phone=mask_phone(contacts.get("phone", "")),
        contacts_changed_at=_contacts_changed(opened.points),
        member_since=account.member_since, orders_total=orders.get("total", 0),
        orders_cancelled=orders.get("cancelled", 0), orders_live=orders.get("live", 0),
        last_order_at=orders.get("last"),
    )  # fmt: skip


def _order_counts(accounts: Sequence[Account]) -> dict[str, dict[str, Any]]:
    """Orders by account id: total, cancelled, live, and when the last was placed."""
    counts: dict[str, dict[str, Any]] = {}
    for role in sorted({account.role for account in accounts}):
        ids = [account.pk for account in accounts if account.role == role]
        rows = Order.objects.filter(**{f"{role}__in": ids}).values(role).order_by(role)
        for row in rows.annotate(
            total=Count("pk"),
            cancelled=Count("pk", filter=Q(status="cancelled")),
            live=Count("pk", filter=Q(status__in=Order.LIVE)),
            last=Max("placed_at"),
        ):
            counts[row[role]] = row
    return counts


def _contacts_changed(points: Iterable[ContactPoint]) -> dt.datetime | None:
    """When a phone or e-mail last replaced an older one; None when that never happened."""
    return max((point.retired_at for point in points if point.retired_at), default=None)


def _opened(party: Party) -> _Opened:
    return _opened_all([party])[party.pk]


def _opened_all(parties: Sequence[Party]) -> dict[str, _Opened]:
    """Several people by id, with one look at their contacts and one at the keys."""
    points: dict[str, list[ContactPoint]] = {party.pk: [] for party in parties}
    for point in ContactPoint.objects.filter(party__in=parties):
        points[point.party_id].append(point)
    sealed: list[tuple[str, str, Sealed]] = []
    for party in parties:
        sealed.append((party.pk, "", Sealed(party.key_scope, "profile", party.profile_sealed)))
        sealed += [
            (party.pk, point.kind, Sealed(party.key_scope, f"contact:{point.kind}", point.value_sealed))
            for point in points[party.pk]
            if point.retired_at is None
        ]
    found: dict[str, _Opened] = {}
    for (pk, kind, _), value in zip(sealed, open_many(one for _, _, one in sealed), strict=True):
        if not kind:
            found[pk] = _Opened(None if value is None else json.loads(value or "{}"), {}, points[pk])
        elif value:
            found[pk].contacts[kind] = value
    return found


def contacts_of(party: Party) -> dict[str, str]:
    """Live contacts by kind (``email``, ``phone``), opened, for sending. Staff see them by ``reveal``."""
    return _opened(party).contacts


def pair_orders(actor: Actor, customer: Account, shopper: Account) -> int:
    """How many orders these two had together."""
    require_account(actor, customer)
    require_account(actor, shopper)
    return Order.objects.filter(customer=customer, shopper=shopper).count()


def entity(actor: Actor, kind: str, external_id: str) -> dict[str, Any] | None:
    """What is held about a thing, as its attributes; None when it is not known.

    Attributes of class P3 are left out and named in ``hidden``. Staff get personal values masked.
    """
    require(actor, "entities.view")
    row = records.find(kind, external_id) if kind in vocabulary.ATTRIBUTES else None
    if row is None:
        return None
    if isinstance(row, Account):
        require_account(actor, row)
    else:
        reach.require_thing(actor, row)
    held = _attributes(row)
    hidden = sorted(name for name in held if name in _P3 and kind != "store")
    shown = {name: value for name, value in held.items() if name not in hidden}
    if actor.kind == "staff":
        shown = {name: _masked_for_staff(name, value) for name, value in shown.items()}
    answer = {"kind": kind, "id": external_id, "attributes": shown, "hidden": hidden}
    if isinstance(row, Account):
        answer["standing"] = row.status
    return answer


def _masked_for_staff(name: str, value: Any) -> Any:
    rules = {"email": mask_email, "name": mask_name, "number": mask_phone, "phone": mask_phone}
    return rules[name](str(value)) if name in rules and value else value


def _attributes(row: Account | Store | Instrument | Order) -> dict[str, Any]:
    if isinstance(row, Instrument):
        return records.instrument_attributes(row)
    if isinstance(row, Store):
        return {name: getattr(row, name) for name in ("lat", "lon", "name", "region", "zone")}
    if isinstance(row, Order):
        plain = ("currency", "delivered_at", "items_count", "placed_at", "status", "total_minor")
        linked = {
            name: other.external_id
            for name in ("address", "customer", "shopper", "store")
            if (other := getattr(row, name)) is not None
        }
        return {name: getattr(row, name) for name in plain} | linked
    opened = _opened(row.party)
    return {
        **(opened.profile or {}),
        **opened.contacts,
        "created_at": row.member_since,
        "language": next(iter(row.party.languages), None),
        "region": row.region,
        "status": row.marketplace_status,
        "zone": row.zone,
    }


def search(actor: Actor, text: str) -> Found:
    """Things with exactly this id, e-mail address or phone number. Names are sealed and not searched."""
    require(actor, "entities.view")
    wanted = text.replace("\0", "").strip()
    accounts = list(
        Account.objects.filter(_account_match(wanted)).select_related("party").order_by("pk")[: _HITS + 1]
    )
    seen = [account for account in accounts[:_HITS] if may_see(actor, account)]
    others: list[Store | Instrument | Order] = []
    if vocabulary.EXTERNAL_ID.fullmatch(wanted):
        for model in (Order, Store, Instrument):
            others += model.objects.filter(external_id=wanted)[:_HITS]
    scoped = reach.seen_by(actor, others)
    opened = _opened_all([account.party for account in seen])
    hits = [_hit_of_account(account, opened[account.party_id]) for account in seen]
    hits += [_hit(one) for one in scoped]
    return Found(tuple(hits), len(accounts) - len(seen) + len(others) - len(scoped))


def _account_match(wanted: str) -> Q:
    match = Q(external_id=wanted) | Q(pk=wanted)
    for kind, normal in (("email", normal_email(wanted)), ("phone", normal_phone(wanted))):
        if normal is None:
            continue
        points = ContactPoint.objects.filter(kind=kind, lookup=blind_index(kind, normal))
        match |= Q(party__in=points.values("party"))
    return match


def _hit_of_account(account: Account, opened: _Opened) -> Hit:
    name = mask_name(str((opened.profile or {}).get("name", "")))
    return Hit(account.role, account.external_id, name or account.external_id, account.status, account.region)


def _hit(row: Store | Instrument | Order) -> Hit:
    if isinstance(row, Order):
        return Hit("order", row.external_id, row.external_id, row.status, row.region)
    if isinstance(row, Store):
        return Hit("store", row.external_id, row.name or row.external_id, "", row.region)
    return Hit(row.kind, row.external_id, row.external_id, "", row.region)
