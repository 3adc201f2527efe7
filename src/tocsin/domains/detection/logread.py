"""Reading the engine's log on disk, record by record, in the shape this domain works with; and removing what
has been shipped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tocsin.domains.detection.models import ShipPosition
from tocsin.domains.detection.records import Fired, Record
from tocsin.domains.detection.ship import PARTITION, Reader
from tocsin.engine.log import remove_segments
from tocsin.engine.log.marks import read_mark
from tocsin.engine.log.reader import LogReader
from tocsin.engine.log.records import EventRecord


def reader(folder: Path) -> Reader:
    """A reader for :func:`~tocsin.domains.detection.ship.ship_once`. A position is the last ``seq``, as
    text."""
    log = LogReader(folder)

    def read(position: str, limit: int) -> tuple[Sequence[Record], str]:
        found = log.read(int(position or 0), limit)
        records = [_record(one) for one in found if isinstance(one, EventRecord)]
        return records, str(found[-1].seq) if found else position

    return read


def forget_shipped(folder: Path, partition: str = PARTITION) -> int:
    """Remove what is in the database from the log, as far as the engine no longer needs it to start again;
    returns how many segments. The log holds events as they were sent, unsealed.
    """
    place = ShipPosition.objects.filter(partition=partition).first()
    shipped = int(place.position or 0) if place is not None else 0
    # a log that ends before is another one: nothing is known of what was shipped from it
    if not 0 < shipped <= read_mark(folder):
        return 0
    return len(remove_segments(folder, shipped))


def _record(held: EventRecord) -> Record:
    event, decision = held.event(), held.decision()
    explain = held.explain
    return Record(
        seq=held.seq,
        event_id=event.id,
        type=event.type,
        ts=_moment(event.ts),
        received_at=_moment(held.received_at),
        region=event.region or "",
        entities=msgspec.to_builtins(event.entities),
        fields=event.fields,
        verdict=decision.verdict,
        reasons=tuple(msgspec.to_builtins(reason) for reason in decision.reasons),
        actions=tuple(msgspec.to_builtins(action) for action in decision.actions),
        rules_version=decision.rules_version,
        late=decision.late,
        fired=tuple(Fired(one.rule, one.code, one.verdict, one.severity, one.clause) for one in explain.fired)
        if explain
        else (),
    )


def _moment(milliseconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
