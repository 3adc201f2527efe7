"""Reading kept lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils import timezone

from tocsin.core.access.check import require, sees_class
from tocsin.core.actor import Actor
from tocsin.core.crypto.masks import mask
from tocsin.core.crypto.seal import Sealed, open_many
from tocsin.core.crypto.typed_text import open_all
from tocsin.domains.lists.actions import SEALED_AS
from tocsin.domains.lists.models import ListEntry


@dataclass(frozen=True, slots=True)
class Summary:
    """A list, and how many entries count now."""

    name: str
    entries: int


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry with its value as this actor may see it; ``value`` None: its key was destroyed."""

    row: ListEntry
    value: str | None
    counts: bool


@dataclass(frozen=True, slots=True)
class Held:
    """What the engine is told of an entry. ``until``: ms since 1970, None for ever."""

    list: str
    value: str
    until: int | None
    confidence: int


def lists(actor: Actor) -> list[Summary]:
    """Every list there ever was an entry on, by name."""
    require(actor, "lists.view")
    counts = Count("pk", filter=_in_force())
    rows = ListEntry.objects.values("list").annotate(entries=counts).order_by("list")
    return [Summary(row["list"], row["entries"]) for row in rows]


def entries(actor: Actor, name: str, limit: int = 500) -> list[Shown]:
    """Entries of a list, those that count first, then newest first. Who may not see what points at a person
    (class P2) sees it masked."""
    require(actor, "lists.view")
    rows = ListEntry.objects.filter(list=name).order_by("-removed_at", "-added_at")
    return _shown(actor, list(rows[:limit]))


def from_source(actor: Actor, source_ref: str) -> list[Shown]:
    """Entries that were taken from one source of ours, as ``entries``."""
    require(actor, "lists.view")
    return _shown(actor, list(ListEntry.objects.filter(source_ref=source_ref).order_by("list", "added_at")))


def held(names: Iterable[str]) -> list[Held]:
    """For our own processes: what is on these lists now, in the order it was added."""
    rows = list(ListEntry.objects.filter(_in_force(), list__in=list(names)).order_by("added_at", "pk"))
    return [
        Held(row.list, value, int(row.until.timestamp() * 1000) if row.until else None, row.confidence)
        for row, value in zip(rows, _values(rows), strict=True)
        if value is not None
    ]


def _in_force() -> Q:
    return Q(removed_at=None) & (Q(until=None) | Q(until__gt=timezone.now()))


def _shown(actor: Actor, rows: list[ListEntry]) -> list[Shown]:
    clear = sees_class(actor, "P2", assigned=False)
    rows = open_all(rows, "reason")
    now = timezone.now()
    return [
        Shown(
            row,
            value if clear or value is None else mask(value, keep_last=4),
            row.removed_at is None and (row.until is None or row.until > now),
        )
        for row, value in zip(rows, _values(rows), strict=True)
    ]


def _values(rows: list[ListEntry]) -> list[str | None]:
    return open_many(Sealed(row.key_scope, SEALED_AS, row.value_sealed) for row in rows)
