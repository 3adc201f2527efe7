"""The queue of callers: the gravest first, then who has waited longest, the unanswered and those to be rung
back together."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils import timezone

from tocsin.core.act import Work
from tocsin.domains.line.call_state import CallState
from tocsin.domains.line.models import Call, QueuePlace

State = QueuePlace.State
_OPEN = (State.WAITING, State.CALL_BACK)


def in_order() -> QuerySet[QueuePlace]:
    """Everybody who is still owed a person, first to be answered first."""
    return QueuePlace.objects.filter(state__in=_OPEN).order_by("severity", "entered_at", "call")


def place_of(call: Call) -> int:
    """How many are answered before this caller, and this caller."""
    mine = QueuePlace.objects.get(pk=call.pk)
    earlier = Q(severity__lt=mine.severity) | Q(severity=mine.severity, entered_at__lt=mine.entered_at)
    return in_order().filter(earlier).count() + 1


def join(work: Work, call: Call, state: CallState) -> QueuePlace:
    """Take a place, or the one the caller had. It never moves back."""
    place = _lock(work, call) or QueuePlace(call=call, entered_at=timezone.now())
    place.state, place.severity = State.WAITING, min(place.severity or "S9", state.severity)
    place.language, place.silent, place.left_at = state.language, state.silent, None
    work.save(place, "line.queue")
    work.emit("line.waiting", {"call": call.pk, "report": call.report_id, "severity": place.severity})
    return place


def ask_back(work: Work, call: Call, state: CallState) -> None:
    """Owe the caller a call, at the place they have."""
    place = _lock(work, call) or QueuePlace(call=call, entered_at=timezone.now(), severity=state.severity)
    place.state, place.language, place.silent = State.CALL_BACK, state.language, state.silent
    work.save(place, "line.call_back")
    work.emit("line.call_back_asked", {"call": call.pk, "report": call.report_id, "severity": place.severity})


def hung_up(work: Work, call: Call) -> bool:
    """The caller is gone. Who waited in an emergency is rung back. Whether somebody was owed a person."""
    place = _lock(work, call)
    if place is None or place.state != State.WAITING:
        return False
    place.state = State.CALL_BACK if place.severity == "S0" else State.GONE
    place.left_at = timezone.now()
    work.save(place, "line.abandoned")
    work.emit("line.abandoned", {"call": call.pk, "report": call.report_id, "severity": place.severity})
    return True


def answered(work: Work, call: Call) -> None:
    """A person took the call."""
    place = _lock(work, call)
    if place is not None:
        place.state, place.left_at = State.ANSWERED, timezone.now()
        work.save(place, "line.answered")


def _lock(work: Work, call: Call) -> QueuePlace | None:
    place = QueuePlace.objects.select_for_update().filter(pk=call.pk).first()
    if place is not None:
        work.watch(place)
    return place
