"""Calls as they happen: answered, one step after the other, recorded, ended.

Every step is one transaction with its lines in the log, so that a process that dies leaves the call where it
was, and a webhook that is sent twice moves it once.
"""

from __future__ import annotations

import msgspec
from django.utils import timezone
from msgspec.structs import replace

from tocsin.core.act import Work, act
from tocsin.core.actor import system
from tocsin.core.errors import NotFound, TooManyAttempts
from tocsin.core.ids import InvalidReportNumber, new_id
from tocsin.core.locks import lock
from tocsin.domains.line import call_log, filing, queueing
from tocsin.domains.line import call_state as cs
from tocsin.domains.line.call_state import CallState, Effect, Input
from tocsin.domains.line.flow import step
from tocsin.domains.line.house import House
from tocsin.domains.line.models import Call, CallLogLine, Recording
from tocsin.domains.line.speaking import state_of
from tocsin.domains.reports import following, handing_in
from tocsin.domains.reports.following import WrongNumberOrPin
from tocsin.domains.reports.models import Report

LINE = system("line")
Kind = CallLogLine.Kind


def begin(carrier: str, carrier_ref: str, caller: str, house: House) -> Call:
    """A call was answered. The same one again is where it was.

    ``caller`` is the number the carrier shows, or nothing.
    """
    with act(LINE, "line.begin") as work:
        lock("call", carrier, carrier_ref)
        known = Call.objects.select_related("report").filter(carrier=carrier, carrier_ref=carrier_ref).first()
        if known is not None:
            return known
        call = Call(
            id=new_id("call"), carrier=carrier, carrier_ref=carrier_ref, started_at=timezone.now(), state={}
        )
        call.caller = caller[:60]
        _put(call, CallState())
        work.save(call)
        call_log.write(call, Kind.BEGAN, carrier=carrier, caller_shown=bool(caller))
        _advance(work, call, cs.Began(), house)
    return call


def advance(call_id: str, at_step: int, came: Input, house: House) -> Call:
    """Take what came in for a document, and move on. What was answered already, or comes after the end, moves
    nothing.

    Raises:
        NotFound: there is no such call.
    """
    with act(LINE, "line.step") as work:
        call = work.lock(Call, call_id)
        # who left the queue does so after any number of documents that were heard while waiting
        awaited = at_step == call.step or (isinstance(came, cs.LeftQueue) and state_of(call).at == "waiting")
        if awaited and call.ended_at is None:
            _advance(work, call, came, house)
    return call


def end(carrier: str, carrier_ref: str) -> None:
    """The call is over, from whichever side. Twice is once; a call nobody knows of is nothing."""
    with act(LINE, "line.end") as work:
        known = Call.objects.filter(carrier=carrier, carrier_ref=carrier_ref).first()
        if known is None:
            return
        call = work.lock(Call, known.pk)
        if call.ended_at is not None:
            return
        call.ended_at, call.pin_sealed = timezone.now(), None
        work.save(call)
        abandoned = queueing.hung_up(work, call)
        call_log.write(call, Kind.ENDED, at=state_of(call).at, waited_for_a_person=abandoned)


def keep_recording(
    call_id: str, carrier_ref: str, content: bytes, *, media_type: str, seconds: float | None
) -> Recording | None:
    """Seal a recording as evidence of the report of its call. The same one again is kept once.

    Nothing is kept, and None is answered, when the caller declined to be recorded.

    Raises:
        NotFound: there is no such call, or it has no report. TooLarge, InvalidInput: it cannot be taken.
    """
    with act(LINE, "line.recording") as work:
        call = work.lock(Call, call_id)
        known = Recording.objects.filter(call=call, carrier_ref=carrier_ref).first()
        if known is not None:
            return known
        state = state_of(call)
        if not state.recorded:
            call_log.write(call, Kind.RECORDED, kept=False, why="the caller declined")
            return None
        if call.report is None:
            raise NotFound("This call has no report to keep the recording with.")
        recording = Recording(
            id=new_id("lrec"), call=call, carrier_ref=carrier_ref, seconds=seconds, received_at=timezone.now()
        )
        seal(work, call.report, recording, content, media_type)
    return recording


def take_message(
    carrier: str, carrier_ref: str, caller: str, language: str, recording_ref: str, content: bytes,
    *, media_type: str, seconds: float | None, house: House,
) -> Recording:  # fmt: skip
    """Take a message that a caller left while the call flow could not be reached. It belongs to the report of
    that call, or becomes one, and the caller is owed a call. The same one again is kept once.

    Raises:
        TooLarge, InvalidInput: it cannot be taken.
    """
    with act(LINE, "line.message") as work:
        lock("call", carrier, carrier_ref)
        known = Call.objects.filter(carrier=carrier, carrier_ref=carrier_ref).first()
        # a step that stalled may still be filing the report: only the locked row says whether there is one
        call = work.lock(Call, known.pk) if known else _missed(work, carrier, carrier_ref, caller, language)
        kept = Recording.objects.filter(call=call, carrier_ref=recording_ref).first()
        if kept is not None:
            return kept
        if call.report is None:
            call.report = filing.file_message(language, house).report
            work.save(call)
            call_log.write(call, Kind.FILED, number=call.report.number, severity=call.report.severity)
        recording = Recording(
            id=new_id("lrec"), call=call, carrier_ref=recording_ref, seconds=seconds,
            received_at=timezone.now(),
        )  # fmt: skip
        seal(work, call.report, recording, content, media_type)
        queueing.ask_back(work, call, replace(state_of(call), severity=call.report.severity))
        call_log.write(call, Kind.CALL_BACK, promised=True)
    return recording


def _missed(work: Work, carrier: str, carrier_ref: str, caller: str, language: str) -> Call:
    """A call that was over before the flow heard of it."""
    now = timezone.now()
    call = Call(
        id=new_id("call"), carrier=carrier, carrier_ref=carrier_ref, started_at=now, ended_at=now, state={}
    )
    call.caller = caller[:60]
    _put(call, CallState(at="over", language=language))
    work.save(call)
    call_log.write(call, Kind.BEGAN, carrier=carrier, caller_shown=bool(caller))
    return call


def seal(work: Work, report: Report, recording: Recording, content: bytes, media_type: str) -> None:
    """Make the bytes of a recording evidence of the report of its call. What adds to a report that was there
    before the call is told to whoever works on it."""
    call = recording.call
    item = handing_in.add_evidence(
        following.reporter(report), report.pk, content=content, filename=f"{recording.pk}.wav",
        declared_type=media_type, channel="phone",
    )  # fmt: skip
    recording.evidence_id = item.pk
    work.save(recording, sha256=item.sha256)
    call_log.write(call, Kind.RECORDED, kept=True, evidence=item.pk, seconds=recording.seconds)
    if not call.log.filter(kind=Kind.FILED).exists():
        filing.say_added(report, state_of(call).language)


def _advance(work: Work, call: Call, came: Input, house: House) -> None:
    """Step until the telephone has something to do."""
    state = state_of(call)
    call_log.write_input(call, state, came)
    if isinstance(came, cs.LeftQueue) and came.bridged:
        queueing.answered(work, call)
    turn = step(state, came, house.facts())
    answers = _do(work, call, turn.state, turn.effects, house)
    while answers is not None:
        turn = step(turn.state, answers, house.facts())
        answers = _do(work, call, turn.state, turn.effects, house)
    _put(call, turn.state)
    call.verbs = msgspec.to_builtins(turn.verbs)
    call.step += 1
    work.save(call)
    call_log.write_heard(call, turn.state.language, turn.verbs)


def _do(work: Work, call: Call, state: CallState, effects: tuple[Effect, ...], house: House) -> Input | None:
    """Do what the flow asks of the house, and answer what waits for an answer."""
    answer: Input | None = None
    for effect in effects:
        match effect:
            case cs.File():
                answer = _file(call, state, house)
            case cs.Open(number, pin):
                answer = _open(call, number, pin)
            case cs.Consent(given):
                call_log.write(call, Kind.CONSENT, given=given, **call_log.version_of(state.language))
            case cs.Unsafe() if call.report is not None:
                filing.raise_unsafe(call.report)
                call_log.write(call, Kind.UNSAFE)
            case cs.JoinQueue():
                place = queueing.join(work, call, state)
                call_log.write(call, Kind.QUEUED, severity=place.severity)
            case cs.CallBack():
                queueing.ask_back(work, call, state)
                call_log.write(call, Kind.CALL_BACK, promised=True)
            case cs.ReadOut():
                call.pin_sealed = None
    return answer


def _file(call: Call, state: CallState, house: House) -> cs.WasFiled:
    filed = filing.file_call(state, call.caller or "", house)
    call.report, call.pin = filed.report, filed.pin
    call_log.write(call, Kind.FILED, number=filed.number, severity=filed.report.severity)
    return cs.WasFiled(filed.report.pk, filed.report.severity)


def _open(call: Call, number: str, pin: str) -> cs.WasOpened | cs.NotOpened:
    """Tries are counted by the report's number, and by the number that is shown, which anybody can forge."""
    try:
        report = following.verify_follow_up(number, pin, f"phone:{call.caller}")
    except InvalidReportNumber:
        return _not_opened(call, "mistyped")
    except WrongNumberOrPin:
        return _not_opened(call, "wrong")
    except TooManyAttempts:
        return _not_opened(call, "wait")
    call.report = report
    call_log.write(call, Kind.OPENED, number=report.number)
    return cs.WasOpened(report.pk, report.severity)


def _not_opened(call: Call, why: str) -> cs.NotOpened:
    call_log.write(call, Kind.NOT_OPENED, why=why)
    return msgspec.convert({"why": why}, cs.NotOpened)


def _put(call: Call, state: CallState) -> None:
    call.state = msgspec.to_builtins(state)
