"""Starting, meeting, pausing and extending clocks, inside the action that does so.

Every verb takes the action's :class:`~tocsin.core.act.Work`: the clock, its audit entry and the action's
own rows are written together. Whoever changes a case locks the case first and its clocks after; see
``fire.py`` for the other direction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Min, Q, QuerySet
from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import Work
from tocsin.core.clocks.breach import on_breach
from tocsin.core.clocks.fire import fire_due
from tocsin.core.clocks.models import Clock
from tocsin.core.clocks.spec import ClockSpec, Extension
from tocsin.core.clocks.terms import KEY, due_of, keep, terms_of, words
from tocsin.core.crypto.seal import Sealed, open_many, seal
from tocsin.core.crypto.typed_text import access_scope, sealed_as
from tocsin.core.errors import Conflict, InvalidInput
from tocsin.core.ids import new_id
from tocsin.core.outbox.notify import wake_worker

__all__ = [
    "cancel",
    "extend",
    "fire_due",
    "meet",
    "next_due",
    "on_breach",
    "pause",
    "resume",
    "running",
    "start",
    "why_extended",
]

#: A clock in one of these states still has something to wait for.
ALIVE = (Clock.State.RUNNING, Clock.State.PAUSED)
#: Missed, and what was waited for has not happened since.
_LATE = Q(state=Clock.State.BREACHED, settled_at=None)


def start(
    work: Work,
    spec: ClockSpec,
    *,
    subject_type: str,
    subject_id: str,
    zone: str,
    region: str = "",
    data: dict[str, Any] | None = None,
    start_at: dt.datetime | None = None,
    name: str | None = None,
) -> Clock:
    """Start a clock, or return the one of this name that already runs for the subject.

    Args:
        zone: IANA zone of the person the deadline protects.
        region: jurisdiction code such as ``US-CA``; kept with the clock.
        data: what the breach handler will need: ids and codes, never personal values.
        start_at: the event that started it, by default now. A moment long ago may be due at once.
        name: by default the specification's.

    Raises:
        ValueError: a naive ``start_at``, an unknown zone, or data under the reserved name ``spec``.
    """
    if data and KEY in data:
        raise ValueError(f"{KEY!r} is reserved in a clock's data")
    called = name or spec.name
    present = _alive(subject_type, subject_id, called).first()
    if present is not None:
        return present
    started = start_at or timezone.now()
    clock = Clock(
        id=new_id("clk"), name=called, kind=spec.kind, subject_type=subject_type, subject_id=subject_id,
        basis=spec.basis, amount=spec.amount, calendar=spec.calendar.id if spec.calendar else "", zone=zone,
        authority=words(spec.authority), pause_rule=spec.pause, started_at=started, on_breach=spec.on_breach,
        data={**(data or {}), "region": region, KEY: keep(spec)},
    )  # fmt: skip
    clock.due_at = due_of(clock)
    try:
        with transaction.atomic():
            work.save(clock, "clock.start", name=called, due_at=clock.due_at)
    except IntegrityError:
        # somebody else started it since we looked; anything but that is a real error
        other = _alive(subject_type, subject_id, called).first()
        if other is None:
            raise
        return other
    wake_worker()
    return clock


def meet(work: Work, subject_type: str, subject_id: str, name: str) -> Clock | None:
    """What the clock waited for has happened. Returns it, or None when no such clock runs.

    ``ended_at`` after ``due_at`` says that it was met late, before its breach was acted on. One that was
    missed stays missed, and is late no longer.
    """
    _settle(work, subject_type, subject_id, name)
    for clock in _locked(work, subject_type, subject_id, name):
        _end(work, clock, Clock.State.MET, "clock.meet")
        return clock
    return None


def cancel(
    work: Work, subject_type: str, subject_id: str, name: str | None = None, because: str = ""
) -> list[Clock]:
    """Stop waiting: one clock, or with no name all of the subject's. Returns those that were stopped."""
    _settle(work, subject_type, subject_id, name)
    clocks = _locked(work, subject_type, subject_id, name)
    for clock in clocks:
        _end(work, clock, Clock.State.CANCELLED, "clock.cancel", because=because)
    return clocks


def pause(work: Work, subject_type: str, subject_id: str, because: str) -> list[Clock]:
    """Let the subject's clocks stand still that may: a legal clock never does, unless its pack says so."""
    paused = [
        clock
        for clock in _locked(work, subject_type, subject_id)
        if clock.state == Clock.State.RUNNING and clock.pause_rule != "never"
    ]
    for clock in paused:
        clock.pauses = [*clock.pauses, [timezone.now().astimezone(dt.UTC).isoformat(), None]]
        clock.state = Clock.State.PAUSED
        work.save(clock, "clock.pause", because=because)
    return paused


def resume(work: Work, subject_type: str, subject_id: str) -> list[Clock]:
    """Let paused clocks run again; the time that stood still is added."""
    resumed = [
        clock for clock in _locked(work, subject_type, subject_id) if clock.state == Clock.State.PAUSED
    ]
    for clock in resumed:
        since, _ = clock.pauses[-1]
        clock.pauses = [*clock.pauses[:-1], [since, timezone.now().astimezone(dt.UTC).isoformat()]]
        clock.state = Clock.State.RUNNING
        clock.due_at = due_of(clock)
        work.save(clock, "clock.resume", due_at=clock.due_at)
    return resumed


def extend(work: Work, clock_id: str, by: Extension | dt.timedelta, reason: str) -> Clock:
    """Give a clock more time, with a reason.

    A legal clock takes no more than its pack allows, once.

    Raises:
        AccessDenied: without ``clocks.extend``. InvalidInput: no reason, or a length that is not more time.
        Conflict: the clock has ended, or the law allows no (further) extension of this length.
    """
    require(work.actor, "clocks.extend")
    more = Extension(basis="seconds", amount=int(by.total_seconds())) if isinstance(by, dt.timedelta) else by
    if not reason.strip():
        raise InvalidInput("More time needs a reason.", "Say why.", fields={"reason": "Say why."})
    if more.amount <= 0:
        raise InvalidInput("An extension has to be longer than nothing.", "Say how much longer.")
    clock = work.lock(Clock, clock_id)
    if clock.state not in ALIVE:
        raise Conflict("This clock has ended, so it cannot be given more time.", "Look at what it led to.")
    if clock.kind == "legal":
        _check_allowed(clock, more)
    now = timezone.now()
    clock.extensions = [
        *clock.extensions,
        {
            "basis": more.basis,
            "amount": more.amount,
            "reason_sealed": seal(*_reason_place(clock, len(clock.extensions), now), reason.strip()).hex(),
            "by": work.actor.ref,
            "at": now.astimezone(dt.UTC).isoformat(),
        },
    ]
    clock.due_at = due_of(clock)
    clock.attempts, clock.retry_at, clock.last_error = 0, None, ""
    work.save(clock, "clock.extend", basis=more.basis, amount=more.amount, due_at=clock.due_at)
    return clock


def why_extended(clock: Clock) -> list[str | None]:
    """The reason of each extension, in their order; None once its key was destroyed."""
    return open_many(
        Sealed(
            *_reason_place(clock, number, dt.datetime.fromisoformat(one["at"])),
            bytes.fromhex(one["reason_sealed"]),
        )
        for number, one in enumerate(clock.extensions)
    )


def running(subject_type: str, subject_id: str) -> list[Clock]:
    """The subject's clocks that still wait, paused ones too, the earliest first."""
    return list(_alive(subject_type, subject_id).order_by("due_at", "id"))


def every(subject_type: str, subject_id: str) -> list[Clock]:
    """All of the subject's clocks but the cancelled ones, ended ones too, the earliest first."""
    clocks = Clock.objects.filter(subject_type=subject_type, subject_id=subject_id)
    return list(clocks.exclude(state=Clock.State.CANCELLED).order_by("due_at", "id"))


def next_due(subject_type: str, subject_id: str) -> dt.datetime | None:
    """When the first of the subject's running clocks is due, or was, when it is late; paused ones do not
    count."""
    return next_dues(subject_type, [subject_id]).get(subject_id)


def next_dues(subject_type: str, subject_ids: Iterable[str]) -> dict[str, dt.datetime]:
    """The same for several subjects, by id; those that nothing is awaited from are left out."""
    clocks = Clock.objects.filter(
        Q(state=Clock.State.RUNNING) | _LATE, subject_type=subject_type, subject_id__in=list(subject_ids)
    )
    return dict(clocks.values("subject_id").annotate(first=Min("due_at")).values_list("subject_id", "first"))


def _reason_place(clock: Clock, number: int, at: dt.datetime) -> tuple[str, str]:
    """The key and the name an extension's reason is sealed under: the key of the case or report the clock
    belongs to, or else of the day."""
    own = clock.subject_type in ("case", "report")
    scope = f"{clock.subject_type}:{clock.subject_id}" if own else access_scope(at)
    return scope, sealed_as("clock", clock.pk, f"extension:{number}")


def _check_allowed(clock: Clock, more: Extension) -> None:
    allowed = terms_of(clock).extension
    if allowed is None or clock.extensions:
        raise Conflict(
            "The law allows no more time here." if allowed is None else "The one extension was already used.",
            f"The deadline stays as it is: {clock.authority}.",
            code="no_extension",
        )
    if more.basis != allowed.basis or more.amount > allowed.amount:
        raise Conflict(
            f"The law allows at most {allowed.amount} {allowed.basis.replace('_', ' ')} more.",
            "Ask for that much, or less.",
            code="extension_too_long",
        )


def _alive(subject_type: str, subject_id: str, name: str | None = None) -> QuerySet[Clock]:
    clocks = Clock.objects.filter(subject_type=subject_type, subject_id=subject_id, state__in=ALIVE)
    return clocks if name is None else clocks.filter(name=name)


def _locked(work: Work, subject_type: str, subject_id: str, name: str | None = None) -> list[Clock]:
    clocks = list(_alive(subject_type, subject_id, name).select_for_update().order_by("id"))
    for clock in clocks:
        work.watch(clock)
    return clocks


def _settle(work: Work, subject_type: str, subject_id: str, name: str | None) -> None:
    """What was missed is late no longer."""
    late = Clock.objects.filter(_LATE, subject_type=subject_type, subject_id=subject_id)
    for clock in (late if name is None else late.filter(name=name)).select_for_update().order_by("id"):
        work.watch(clock)
        clock.settled_at = timezone.now()
        work.save(clock, "clock.settle", name=clock.name)


def _end(work: Work, clock: Clock, state: Clock.State, verb: str, **detail: Any) -> None:
    now = timezone.now()
    if clock.state == Clock.State.PAUSED:
        since, _ = clock.pauses[-1]
        clock.pauses = [*clock.pauses[:-1], [since, now.astimezone(dt.UTC).isoformat()]]
    clock.state, clock.ended_at = state, now
    work.save(clock, verb, name=clock.name, **detail)
