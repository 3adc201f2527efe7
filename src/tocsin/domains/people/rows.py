"""The rows a batch touches: found and locked together, made where they are missing, their keys looked up
once.

A thing that is mentioned before it is described (an order may arrive before its customer) gets an empty row.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, models, transaction

from tocsin.core.act import Work
from tocsin.core.crypto.data_keys import keys_for, looked_up
from tocsin.core.crypto.seal import INDEX_SCOPE
from tocsin.core.ids import new_id
from tocsin.domains.people.models import Account, ContactPoint, Instrument, Order, Party, Store
from tocsin.domains.people.vocabulary import ACCOUNT_KINDS, KINDS

Key = tuple[str, str]
_PARTY_KIND = {"customer": Party.Kind.CUSTOMER, "shopper": Party.Kind.WORKER}


def select(kind: str, external_ids: Iterable[str]) -> models.QuerySet:
    """The rows of one kind with these ids of the marketplace."""
    if kind in ACCOUNT_KINDS:
        return Account.objects.select_related("party").filter(role=kind, external_id__in=external_ids)
    if kind == "store":
        return Store.objects.filter(external_id__in=external_ids)
    if kind == "order":
        rows = Order.objects.select_related("customer", "shopper", "store", "address")
        return rows.filter(external_id__in=external_ids)
    return Instrument.objects.filter(kind=kind, external_id__in=external_ids)


class Rows:
    """Locked rows by kind and id, for the length of one action."""

    def __init__(self, work: Work, now: dt.datetime) -> None:
        self.work = work
        self.now = now
        self.created: set[Key] = set()
        self._rows: dict[Key, Any] = {}
        self._points: dict[str, list[ContactPoint]] = defaultdict(list)

    def load(self, wanted: Iterable[Key]) -> None:
        """Lock what is there and make what is not, kind by kind and in the order of their keys, so that two
        batches never wait for each other in a circle."""
        by_kind: dict[str, set[str]] = defaultdict(set)
        for kind, external_id in wanted:
            by_kind[kind].add(external_id)
        for kind in KINDS:
            if kind in by_kind:
                self._load(kind, by_kind[kind])
        parties = [row.party_id for (kind, _), row in self._rows.items() if kind in ACCOUNT_KINDS]
        for point in ContactPoint.objects.select_for_update().filter(party__in=parties).order_by("pk"):
            self._points[point.party_id].append(point)

    def get(self, kind: str, external_id: str) -> Any:
        """The locked row."""
        return self._rows[kind, external_id]

    def points(self, account: Account, kind: str) -> list[ContactPoint]:
        """All phones or e-mail addresses the person ever had here."""
        return [point for point in self._points[account.party_id] if point.kind == kind]

    def add_point(self, point: ContactPoint) -> None:
        """Remember a new one, in case the same person comes again in this batch."""
        self._points[point.party_id].append(point)

    @contextmanager
    def with_keys(self, sealing: Iterable[Key]) -> Iterator[None]:
        """Look the keys of these things up once, making those that are missing."""
        scopes = {INDEX_SCOPE, *(_scope(self._rows[key]) for key in sealing)}
        keys_for(scopes, create=True)
        with looked_up(scopes):
            yield

    def _load(self, kind: str, external_ids: set[str]) -> None:
        locked = select(kind, external_ids).select_for_update(of=("self",)).order_by("pk")
        found = {row.external_id: row for row in locked}
        missing = sorted(external_ids - found.keys())
        if missing:
            found |= self._make(kind, missing)
        self._rows |= {(kind, external_id): row for external_id, row in found.items()}

    def _make(self, kind: str, external_ids: list[str]) -> dict[str, Any]:
        try:
            made = self._insert(kind, external_ids)
        except IntegrityError:
            # somebody else told us of one of them at the same moment: the others are made one by one
            made = {}
            for external_id in external_ids:
                made |= self._make_one(kind, external_id)
        return made

    def _make_one(self, kind: str, external_id: str) -> dict[str, Any]:
        try:
            return self._insert(kind, [external_id])
        except IntegrityError:
            row = select(kind, [external_id]).select_for_update(of=("self",)).get()
            return {external_id: row}

    def _insert(self, kind: str, external_ids: list[str]) -> dict[str, Any]:
        made = {external_id: _blank(kind, external_id, self.now) for external_id in external_ids}
        parties = [row.party for row in made.values()] if kind in ACCOUNT_KINDS else []
        with transaction.atomic():
            Party.objects.bulk_create(parties)
            type(next(iter(made.values()))).objects.bulk_create(made.values())
        for row in (*parties, *made.values()):
            self.work.note(row, "entity.created")
        self.created |= {(kind, external_id) for external_id in made}
        return made


def _blank(kind: str, external_id: str, now: dt.datetime) -> Any:
    if kind in ACCOUNT_KINDS:
        party = Party(id=new_id("pty"), kind=_PARTY_KIND[kind], created_at=now)
        return Account(
            id=new_id("acc"), role=kind, external_id=external_id, party=party, created_at=now, updated_at=now
        )
    if kind == "store":
        return Store(id=new_id("sto"), external_id=external_id, name="", created_at=now)
    if kind == "order":
        return Order(id=new_id("ord"), external_id=external_id, updated_at=now)
    return Instrument(id=new_id("ins"), kind=kind, external_id=external_id, created_at=now)


def _scope(row: Account | Instrument) -> str:
    return row.party.key_scope if isinstance(row, Account) else row.key_scope
