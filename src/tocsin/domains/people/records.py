"""How each kind of thing is written: the marketplace's words on one side, rows and sealed values on the
other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db import models

from tocsin.core.act import Work
from tocsin.core.crypto.normal import normal_address, normal_phone
from tocsin.core.crypto.seal import blind_index, open_text, seal
from tocsin.core.errors import InvalidInput
from tocsin.core.ids import new_id
from tocsin.domains.people.links import BELONGS_TO, LIVES_AT, ORDERED_TO, Edge
from tocsin.domains.people.models import Account, ContactPoint, Instrument, Order, Party, Store
from tocsin.domains.people.rows import Rows, select
from tocsin.domains.people.vocabulary import ACCOUNT_KINDS, INSTRUMENT_KINDS

_ORDER_PARTS = ("customer", "shopper", "store", "address")
#: Whose a payment instrument or payout account is.
_OWNER_KIND = {"payment_instrument": "customer", "payout_account": "shopper"}
_PLAIN = {
    "account": {
        "created_at": "member_since",
        "region": "region",
        "status": "marketplace_status",
        "zone": "zone",
    },
    "order": {
        name: name
        for name in ("currency", "delivered_at", "items_count", "placed_at", "status", "total_minor")
    },
    "store": {name: name for name in ("lat", "lon", "name", "region", "zone")},
}
_NULLABLE = {"delivered_at", "items_count", "lat", "lon", "member_since", "placed_at", "total_minor"}
_EMPTY = {"zone": "UTC", "status": "placed"}


def find(kind: str, external_id: str) -> Account | Store | Instrument | Order | None:
    """The row of a thing, or None. Not locked."""
    return select(kind, [external_id]).first()


def mentions(kind: str, good: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The other things a description names, as (kind, id): they need rows too."""
    return [(name, good[name]) for name in _ORDER_PARTS if good.get(name)] if kind == "order" else []


def seals(kind: str, good: Mapping[str, Any]) -> bool:
    """Whether a description holds something that will be sealed."""
    if kind in ACCOUNT_KINDS:
        return any(good.get(name) for name in ("access_needs", "email", "name", "phone"))
    return kind in INSTRUMENT_KINDS and any(value is not None for value in good.values())


def fill(rows: Rows, kind: str, row: Any, good: Mapping[str, Any]) -> tuple[list[str], list[Edge]]:
    """Put checked attributes into a locked row, without saving it. Returns what changed and edges to draw."""
    if kind in ACCOUNT_KINDS:
        return _fill_account(rows, row, good)
    if kind == "store":
        return _fill_plain("store", row, good), []
    if kind == "order":
        return _fill_order(rows, row, good)
    return _fill_instrument(row, good)


def _fill_plain(table: str, row: models.Model, good: Mapping[str, Any]) -> list[str]:
    changed = []
    for attribute, column in _PLAIN[table].items():
        if attribute in good:
            nothing = None if column in _NULLABLE else _EMPTY.get(attribute, "")
            value = nothing if good[attribute] is None else good[attribute]
            if getattr(row, column) != value:
                setattr(row, column, value)
                changed.append(attribute)
    return changed


def _fill_account(rows: Rows, account: Account, good: Mapping[str, Any]) -> tuple[list[str], list[Edge]]:
    changed = _fill_plain("account", account, good)
    changed += _fill_party(rows.work, account.party, good)
    for kind in ("email", "phone"):
        if kind in good and _set_contact(rows, account, kind, good[kind]):
            changed.append(kind)
    edges = []
    if good.get("home_address"):
        edges.append(Edge(account.role, account.external_id, "address", good["home_address"], LIVES_AT))
    return changed, edges


def _fill_party(work: Work, party: Party, good: Mapping[str, Any]) -> list[str]:
    profile = party_profile(party)
    told = {
        name: good[name]
        for name in ("access_needs", "name")
        if name in good and good[name] != profile.get(name)
    }
    languages = party.languages
    if "language" in good:
        languages = [good["language"]] if good["language"] else []
    changed = sorted(told) + (["language"] if languages != party.languages else [])
    if changed:
        work.watch(party)
        kept = {name: value for name, value in {**profile, **told}.items() if value is not None}
        party.profile_sealed = seal(party.key_scope, "profile", json.dumps(kept))
        party.languages = languages
        work.save(party, "entity.updated", changed=changed)
    return changed


def party_profile(party: Party) -> dict[str, Any]:
    """The sealed profile, opened: {name?, access_needs?}.

    Raises:
        Shredded: the person was erased.
    """
    opened = open_text(party.key_scope, "profile", party.profile_sealed)
    return dict(json.loads(opened)) if opened else {}


def _phone(text: str, region: str, path: str) -> str:
    """The number in E.164; one without a country code is read in ``region``."""
    number = normal_phone(text, region.split("-")[0] or "ZZ")
    if number is None:
        raise InvalidInput(
            "The phone number cannot be read.", "Correct it and send this again.",
            fields={path: "this should be a phone number with its country code, like +1 415 555 0142"},
        )  # fmt: skip
    return number


def _set_contact(rows: Rows, account: Account, kind: str, value: str | None) -> bool:
    """Make ``value`` the only live contact of its kind; the ones before are retired, never lost."""
    if value is not None and kind == "phone":
        value = _phone(value, account.region, "attributes.phone")
    lookup = blind_index(kind, value) if value is not None else None
    points = rows.points(account, kind)
    changed = False
    for point in points:
        current = lookup is not None and bytes(point.lookup) == lookup
        if current == (point.retired_at is None):
            continue
        rows.work.watch(point)
        point.retired_at = None if current else rows.now
        rows.work.save(point, "contact.restored" if current else "contact.retired")
        changed = True
    known = any(bytes(point.lookup) == lookup for point in points)
    if value is not None and lookup is not None and not known:
        party = account.party
        point = ContactPoint(id=new_id("cnt"), party=party, kind=kind, lookup=lookup, added_at=rows.now)
        point.value_sealed = seal(party.key_scope, f"contact:{kind}", value)
        rows.work.save(point, "contact.added")
        rows.add_point(point)
        changed = True
    return changed


def _fill_order(rows: Rows, order: Order, good: Mapping[str, Any]) -> tuple[list[str], list[Edge]]:
    changed = _fill_plain("order", order, good)
    for column in _ORDER_PARTS:
        if column not in good:
            continue
        other = rows.get(column, good[column]) if good[column] else None
        if getattr(order, f"{column}_id") != (other.pk if other else None):
            setattr(order, column, other)
            changed.append(column)
    where = next((one for one in (order.store, order.customer) if one is not None and one.region), None)
    if where is not None and (order.region, order.zone) != (where.region, where.zone):
        order.region, order.zone = where.region, where.zone
        changed.append("region")
    edges = []
    if order.customer is not None and order.address is not None:
        edges.append(
            Edge("customer", order.customer.external_id, "address", order.address.external_id, ORDERED_TO)
        )
    return changed, edges


def _fill_instrument(row: Instrument, good: Mapping[str, Any]) -> tuple[list[str], list[Edge]]:
    before = instrument_attributes(row)
    told = dict(good)
    if told.get("number"):
        told["number"] = _phone(told["number"], row.region, "attributes.number")
    changed = sorted(name for name, value in told.items() if before.get(name) != value)
    if changed:
        after = {name: value for name, value in {**before, **told}.items() if value is not None}
        row.attributes_sealed = seal(row.key_scope, "attributes", json.dumps(after))
        row.lookup = _lookup(row.kind, after)
    owner = told.get("owner")
    owner_kind = _OWNER_KIND.get(row.kind, "")
    return changed, [Edge(row.kind, row.external_id, owner_kind, owner, BELONGS_TO)] if owner else []


def instrument_attributes(row: Instrument) -> dict[str, Any]:
    """The sealed attributes of an instrument, opened."""
    opened = open_text(row.key_scope, "attributes", row.attributes_sealed)
    return dict(json.loads(opened)) if opened else {}


def _lookup(kind: str, attributes: Mapping[str, Any]) -> bytes | None:
    """What makes two instruments the same thing, as a blind index; None when nothing does."""
    if kind == "phone" and attributes.get("number"):
        return blind_index("phone", attributes["number"])
    if kind == "address" and attributes.get("line1"):
        line = " ".join(str(attributes.get(name) or "") for name in ("line1", "unit", "city", "postcode"))
        return blind_index("address", normal_address(line) or line)
    if attributes.get("fingerprint"):
        return blind_index(kind, attributes["fingerprint"])
    return None
