"""Reading the engine's log on disk, record by record, in the shape this domain works with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tocsin.domains.detection.records import Fired, Record
from tocsin.domains.detection.ship import Reader
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
