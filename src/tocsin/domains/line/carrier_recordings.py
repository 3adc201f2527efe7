"""Recordings that a carrier keeps: announced by it, fetched and sealed by the worker, then deleted there.

Whoever carries one out takes it for a while first, so that two workers never fetch the same one, and a worker
that dies leaves it to the next.
"""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.backoff import delay
from tocsin.core.errors import NotFound
from tocsin.core.ids import new_id
from tocsin.domains.line import call_log
from tocsin.domains.line.calls import Kind, seal
from tocsin.domains.line.models import Call, Recording
from tocsin.domains.line.speaking import state_of

LINE = system("line")
#: For how long a worker may carry out what it took.
_TAKEN_FOR = dt.timedelta(minutes=5)
#: By then the fault is not one that passes: the address ran out, or the key is not the right one.
GIVEN_UP_AFTER = dt.timedelta(days=7)


def announce(
    call_id: str, carrier_ref: str, account: str, address: str, seconds: float | None
) -> Recording | None:
    """A carrier has a recording for us. The same one again is fetched once; None when the caller declined to
    be recorded.

    Raises:
        NotFound: there is no such call, or it has no report.
    """
    with act(LINE, "line.recording_announced") as work:
        call = work.lock(Call, call_id)
        known = Recording.objects.filter(call=call, carrier_ref=carrier_ref).first()
        if known is not None or not state_of(call).recorded:
            return known
        if call.report_id is None:
            raise NotFound("This call has no report to keep the recording with.")
        now = timezone.now()
        recording = Recording(
            id=new_id("lrec"), call=call, carrier_ref=carrier_ref, seconds=seconds, received_at=now,
            account=account[:64], try_at=now,
        )  # fmt: skip
        recording.address = address
        work.save(recording)
        call_log.write(call, Kind.RECORDED, kept=False, why="the carrier has it, and it is fetched")
    return recording


def take_next(now: dt.datetime | None = None) -> Recording | None:
    """The next one something has to be done about, ours for a while."""
    now = now or timezone.now()
    with act(LINE, "line.recording_taken") as work:
        due = Recording.objects.filter(try_at__lte=now).order_by("try_at")
        recording = due.select_for_update(skip_locked=True).first()
        if recording is None:
            return None
        work.watch(recording)
        recording.try_at = now + _TAKEN_FOR
        work.save(recording)
    return recording


def store(recording_id: str, content: bytes) -> Recording:
    """It was fetched: seal it. What was sealed already stays as it is."""
    with act(LINE, "line.recording_fetched") as work:
        recording = work.lock(Recording, recording_id)
        report = recording.call.report
        if not recording.evidence_id and report is not None:
            seal(work, report, recording, content, "audio/wav")
    return recording


def deleted(recording_id: str) -> None:
    """The carrier has it no longer; nothing is left to do."""
    with act(LINE, "line.recording_deleted") as work:
        recording = work.lock(Recording, recording_id)
        recording.deleted_at, recording.try_at, recording.address_sealed = timezone.now(), None, None
        work.save(recording)


def put_off(recording_id: str, now: dt.datetime | None = None) -> None:
    """It could not be done: try again later. After a week it is given up, and the doctor says so."""
    with act(LINE, "line.recording_put_off") as work:
        recording = work.lock(Recording, recording_id)
        now = now or timezone.now()
        recording.tries += 1
        too_late = now - recording.received_at > GIVEN_UP_AFTER
        recording.try_at = None if too_late else now + delay(recording.tries)
        work.save(recording)
