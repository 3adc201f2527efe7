"""Reading the engine's log on disk, record by record, in the shape this domain works with; and removing what
has been shipped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import msgspec
from django.utils import timezone

from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.crypto.day_codec import PREFIX, DayCodec, Fetch, day_of
from tocsin.core.crypto.day_keys import stored_key
from tocsin.core.crypto.models import DataKey
from tocsin.core.crypto.shred import destroy
from tocsin.domains.detection.records import Fired, InForce, Record
from tocsin.domains.detection.ship import PARTITION, Reader, shipped
from tocsin.engine.decisions import Fired as EngineFired
from tocsin.engine.log import keys_in, remove_segments
from tocsin.engine.log.marks import read_mark
from tocsin.engine.log.reader import LogReader
from tocsin.engine.log.records import EventRecord, RulesRecord


def reader(folder: Path, fetch: Fetch = stored_key) -> Reader:
    """A reader for :func:`~tocsin.domains.detection.ship.ship_once`. A position is the last ``seq``, as
    text. ``fetch``: where the keys are that the log is sealed with."""
    log = LogReader(folder, DayCodec(fetch))

    def read(position: str, limit: int) -> tuple[Sequence[Record | InForce], str]:
        _refuse_a_lost_log(folder, int(position or 0))
        found = log.read(int(position or 0), limit)
        records = [_record(one) if isinstance(one, EventRecord) else _rules(one) for one in found]
        return records, str(found[-1].seq) if found else position

    return read


class LostLog(RuntimeError):
    """The log ends before what was shipped from it. Nothing can be shipped until that is mended."""


def _refuse_a_lost_log(folder: Path, done: int) -> None:
    # looked at twice: the first look may have met the mark while it was being written
    if read_mark(folder) >= done or read_mark(folder) >= done:
        return
    raise LostLog(
        f"{done} records were shipped from the log in {folder}, and it ends at record {read_mark(folder)}: "
        f"nothing of it can be shipped. Put the folder back from a copy, or see `tocsin log begin`."
    )


def forget_shipped(folder: Path, partition: str = PARTITION) -> int:
    """Remove what is in the database from the log, as far as the engine no longer needs it to start again;
    and destroy the keys of past days that no file needs any more. Returns how many segments and keys.
    """
    done = shipped(partition)
    # a log that ends before is another one: nothing is known of what was shipped from it
    if not 0 < done <= read_mark(folder):
        return 0
    return len(remove_segments(folder, done)) + _forget_days(folder)


def _forget_days(folder: Path) -> int:
    """A file leaves the log once it is shipped and two snapshots cover it, so a key without a file has done
    its work. From then on no copy of the folder can be read for that day either."""
    keys = DataKey.objects.filter(scope__startswith=PREFIX, destroyed_at=None).order_by("scope")
    over = [scope for scope in keys.values_list("scope", flat=True) if why_keep(folder, scope) is None]
    for scope in over:
        with act(system("log removal"), "key.destroyed") as work:
            destroy(work, scope, "everything of this day is in the database and has left the log")
    return len(over)


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
        engine_version=decision.engine_version,
        late=decision.late,
        explanation=msgspec.to_builtins(explain) if explain else {},
        fired=_fired(explain.fired) if explain else (),
        watched=_fired(explain.watched) if explain else (),
    )


def _rules(held: RulesRecord) -> InForce:
    return InForce(held.seq, held.version, _moment(held.received_at), held.sources)


def _fired(rules: Sequence[EngineFired]) -> tuple[Fired, ...]:
    return tuple(Fired(one.rule, one.code, one.verdict, one.severity, one.clause) for one in rules)


def _moment(milliseconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
