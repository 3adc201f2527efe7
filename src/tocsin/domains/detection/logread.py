"""Reading the engine's log on disk, record by record, in the shape this domain works with; and removing what
has been shipped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import msgspec
from django.utils import timezone

from tocsin.core.crypto.day_codec import DayCodec, Fetch, day_of
from tocsin.core.crypto.day_keys import stored_key
from tocsin.domains.detection.models import ShipPosition
from tocsin.domains.detection.records import Fired, Record
from tocsin.domains.detection.ship import PARTITION, Reader
from tocsin.engine.log import keys_in, remove_segments
from tocsin.engine.log.marks import read_mark
from tocsin.engine.log.reader import LogReader
from tocsin.engine.log.records import EventRecord


def reader(folder: Path, fetch: Fetch = stored_key) -> Reader:
    """A reader for :func:`~tocsin.domains.detection.ship.ship_once`. A position is the last ``seq``, as
    text. ``fetch``: where the keys are that the log is sealed with."""
    log = LogReader(folder, DayCodec(fetch))

    def read(position: str, limit: int) -> tuple[Sequence[Record], str]:
        found = log.read(int(position or 0), limit)
        records = [_record(one) for one in found if isinstance(one, EventRecord)]
        return records, str(found[-1].seq) if found else position

    return read


def forget_shipped(folder: Path, partition: str = PARTITION) -> int:
    """Remove what is in the database from the log, as far as the engine no longer needs it to start again;
    returns how many segments.
    """
    place = ShipPosition.objects.filter(partition=partition).first()
    shipped = int(place.position or 0) if place is not None else 0
    # a log that ends before is another one: nothing is known of what was shipped from it
    if not 0 < shipped <= read_mark(folder):
        return 0
    return len(remove_segments(folder, shipped))


def why_keep(folder: Path, scope: str) -> str | None:
    """Why the key of a day must not be destroyed yet, in plain words; None for keys the log does not need.

    Without it the engine could not start again, and what is not shipped would be lost.
    """
    day = day_of(scope)
    if day is None:
        return None
    if day >= timezone.now().date() - dt.timedelta(days=1):  # decide may not have the next one yet
        return "the log of decisions is being written under it"
    if folder.is_dir() and scope in keys_in(folder):
        return "the log of decisions still has files that only this key opens"
    return None


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
