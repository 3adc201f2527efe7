"""Shipped events read back in the order of the log, whole, to be replayed. They are counted and never shown:
what comes of them are figures."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from typing import Final

from django.db.models import Q, QuerySet

from tocsin.core.crypto.seal import open_many
from tocsin.domains.detection.models import Event, Label
from tocsin.domains.detection.queries import ENTITY_COLUMNS
from tocsin.domains.detection.records import Record
from tocsin.domains.detection.store import day_scope
from tocsin.engine.events import Entities
from tocsin.engine.events import Event as EngineEvent

_CHUNK: Final = 2048


def records_since(since: dt.datetime, limit: int) -> Iterator[list[Record]]:
    """The newest ``limit`` events received since then, oldest first, in pieces. Of a day whose key was
    destroyed only what was not personal is left."""
    return _in_pieces(Event.objects.filter(received_at__gte=since), limit)


def records_between(since: dt.datetime, until: dt.datetime, limit: int) -> Iterator[list[Record]]:
    """The same of those received before ``until``."""
    return _in_pieces(Event.objects.filter(received_at__gte=since, received_at__lt=until), limit)


def records_of(kind: str, entity_id: str, since: dt.datetime, limit: int) -> list[Record]:
    """The newest ``limit`` events that name an entity, received since then, oldest first. ``kind`` as events
    call it."""
    column = ENTITY_COLUMNS.get(kind)
    named = Q(**{column: entity_id}) if column else Q(entities__contains={kind: entity_id})
    newest = Event.objects.filter(named, received_at__gte=since).order_by("-received_at", "-seq")[:limit]
    return _records(sorted(newest, key=lambda event: event.seq))


def _in_pieces(rows: QuerySet[Event], limit: int) -> Iterator[list[Record]]:
    newest = rows.order_by("-seq").values_list("seq", flat=True)
    first = min(newest[limit - 1 : limit], default=0)
    last = first - 1
    while piece := list(rows.filter(seq__gt=last).order_by("seq")[:_CHUNK]):
        yield _records(piece)
        last = piece[-1].seq


def engine_event(record: Record) -> EngineEvent:
    """The event as the engine takes it."""
    return EngineEvent(
        id=record.event_id,
        type=record.type,
        ts=int(record.ts.timestamp() * 1000),
        entities=Entities(**record.entities),
        fields=dict(record.fields),
        region=record.region or None,
    )


def labelled(labels: Sequence[str]) -> dict[tuple[str, str], set[str]]:
    """Who bears one of these labels, as (kind, id), and which."""
    found: dict[tuple[str, str], set[str]] = {}
    for row in Label.objects.filter(label__in=list(labels), revoked_at=None):
        found.setdefault((row.object_kind, row.object_id), set()).add(row.label)
    return found


def _records(rows: Sequence[Event]) -> list[Record]:
    opened = open_many([(day_scope(row.received_at.date()), "event", row.sealed) for row in rows])
    return [
        Record(
            seq=row.seq,
            event_id=row.event_id,
            type=row.type,
            ts=row.ts,
            received_at=row.received_at,
            region=row.region,
            entities=row.entities,
            fields={**row.fields, **(json.loads(text) if text else {})},
            verdict=row.verdict,
        )
        for row, text in zip(rows, opened, strict=True)
    ]
