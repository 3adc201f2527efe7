"""Shipped events in bulk: one COPY a batch, into the partition of the day."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Sequence

from django.db import connection

from tocsin.core.crypto.seal import seal_many
from tocsin.domains.detection.models import RuleHits, Verdict
from tocsin.domains.detection.records import Record

_COLUMNS = (
    "seq, event_id, type, ts, received_at, region, customer, shopper, order_id, device, entities, fields, "
    "sealed, verdict"
)


def day_scope(day: dt.date) -> str:
    """The key scope of a day's personal event data: destroying it shreds the day."""
    return f"events:{day.isoformat()}"


def make_partitions(days: Iterable[dt.date]) -> None:
    """Make sure the partitions exist."""
    with connection.cursor() as cursor:
        for day in sorted(set(days)):
            cursor.execute("SELECT tocsin_event_partition(%s)", [day])


def write_events(records: Sequence[Record]) -> None:
    """COPY events into their partitions; personal fields are sealed on the way."""
    make_partitions(record.received_at.date() for record in records)
    # sealing may ask the database for a key, which cannot be done while a COPY is under way
    rows = [_row(record, sealed) for record, sealed in zip(records, _sealed(records), strict=True)]
    with connection.cursor() as cursor, cursor.copy(f"COPY detection_event ({_COLUMNS}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _sealed(records: Sequence[Record]) -> list[bytes | None]:
    """The personal fields of each, sealed; None where there are none. One look at the keys for all."""
    personal = [record.personal_fields for record in records]
    sealed = iter(
        seal_many(
            [
                (day_scope(record.received_at.date()), "event", json.dumps(fields, ensure_ascii=False))
                for record, fields in zip(records, personal, strict=True)
                if fields
            ]
        )
    )
    return [next(sealed) if fields else None for fields in personal]


def _row(record: Record, sealed: bytes | None) -> tuple[object, ...]:
    who = record.entities
    return (
        record.seq,
        record.event_id,
        record.type,
        record.ts,
        record.received_at,
        record.region[:20],
        who.get("customer"),
        who.get("shopper"),
        who.get("order"),
        who.get("device"),
        json.dumps(dict(who)),
        json.dumps(record.plain_fields),
        sealed,
        record.verdict,
    )


def count_hits(records: Sequence[Record]) -> None:
    """Add to how many events each hour had, how often each rule fired, and how often one in shadow would
    have."""
    fired: Counter[tuple[str, dt.datetime]] = Counter()
    watched: Counter[tuple[str, dt.datetime]] = Counter()
    for record in records:
        hour = RuleHits.hour_of(record.received_at)
        fired[RuleHits.EVERY_EVENT, hour] += 1
        fired.update((one.rule, hour) for one in record.fired)
        watched.update((one.rule, hour) for one in record.watched)
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO detection_rule_hits AS held (rule, hour, fired, watched) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (rule, hour) DO UPDATE "
            "SET fired = held.fired + excluded.fired, watched = held.watched + excluded.watched",
            [(*key, fired[key], watched[key]) for key in sorted(fired.keys() | watched.keys())],
        )


def write_verdicts(records: Sequence[Record]) -> None:
    """Store the answers that were anything but a plain allow."""
    Verdict.objects.bulk_create(
        [
            Verdict(
                seq=record.seq,
                event_id=record.event_id,
                verdict=record.verdict,
                reasons=record.plain_reasons,
                actions=list(record.actions),
                rules_version=record.rules_version,
                decided_at=record.received_at,
                late=record.late,
            )
            for record in records
            if record.verdict != "allow"
        ]
    )
