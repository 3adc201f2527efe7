"""Break-glass: access beyond one's own for a short while, told to the privacy officer at once, reviewed
afterwards.

It stands in for an assignment and a region. It never opens what somebody is walled off from, and never lifts
the data class above what the role may see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

from django.db.models import QuerySet
from django.utils import timezone

from tocsin.core.access.check import Scope, require
from tocsin.core.access.models import BreakGlass
from tocsin.core.access.reveals import check_reason
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.clocks import service as clocks
from tocsin.core.clocks.models import Clock
from tocsin.core.clocks.spec import UNIT_OF
from tocsin.core.crypto.typed_text import open_all
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput
from tocsin.core.ids import new_id
from tocsin.core.locks import lock
from tocsin.core.packs.today import required

SUBJECT = "break_glass"

#: The numbers of the packs: how long the glass stays open, and how soon a use is reviewed.
LENGTH, REVIEW = "privacy.glass", "privacy.glass_review"

_answers: ContextVar[dict[tuple[str, str, str], dt.datetime | None] | None] = ContextVar(
    "break_glass_answers", default=None
)

#: How a use was judged.
OUTCOMES = {"justified": "It was right to look", "not_justified": "There was no good reason"}


def open_glass(
    actor: Actor, object_type: str, object_id: str, reason: str, *, walled_off: frozenset[str] = frozenset()
) -> BreakGlass:
    """Open one object for the time the packs allow. While it is open, opening it again gives the same.

    The privacy officer is told (``access.break_glass_opened``), and a clock starts for the review.

    Raises:
        AccessDenied: without ``access.break_glass``, or walled off from the object. InvalidInput: no real
        reason.
    """
    require(actor, "access.break_glass", Scope(walled_off=walled_off))
    if actor.kind != "staff":
        raise AccessDenied(
            "Only a person can break the glass.", permission="access.break_glass", reason="role"
        )
    why = check_reason(reason, "open this now")
    with act(actor, "access.break_glass") as work:
        lock("break_glass", actor.id, object_type, object_id)
        now = timezone.now()
        present = _running(actor, object_type, object_id, now).first()
        if present is not None:
            return present
        glass = BreakGlass(
            id=new_id("glass"), staff_id=actor.id, object_type=object_type, object_id=object_id,
            started_at=now, ends_at=now + length(),
        )  # fmt: skip
        glass.reason = why
        work.save(glass, about=object_id)
        clocks.start(work, required(REVIEW, ""), subject_type=SUBJECT, subject_id=glass.pk, zone="UTC")
        told = {"glass": glass.pk, "staff": actor.id, "object_type": object_type, "object_id": object_id}
        work.emit("access.break_glass_opened", told, key=glass.pk)
    return glass


def open_until(actor: Actor, object_type: str, object_id: str) -> dt.datetime | None:
    """Until when this person's glass on this object stays open; None when it is not."""
    if actor.kind != "staff":
        return None
    answers, key = _answers.get(), (actor.id, object_type, object_id)
    if answers is not None and key in answers:
        return answers[key]
    running = _running(actor, object_type, object_id, timezone.now()).order_by("-ends_at")
    ends_at = running.values_list("ends_at", flat=True).first()
    if answers is not None:
        answers[key] = ends_at
    return ends_at


def is_open(actor: Actor, object_type: str, object_id: str) -> bool:
    """Whether this person broke the glass on this object and the time is not over."""
    return open_until(actor, object_type, object_id) is not None


@contextmanager
def asked_once() -> Iterator[None]:
    """While open, each object is asked about once. For drawing one page, which asks of many of its parts;
    never for a write."""
    token = _answers.set({})
    try:
        yield
    finally:
        _answers.reset(token)


def through_glass(actor: Actor, scope: Scope, object_type: str, object_id: str) -> Scope:
    """The scope as it is for this person now."""
    if scope.assigned and not scope.region:
        return scope
    return behind_glass(scope) if is_open(actor, object_type, object_id) else scope


def behind_glass(scope: Scope) -> Scope:
    """The scope as it would be with the glass open: as if assigned to the person and in their region."""
    return replace(scope, assigned=True, region="")


def review(actor: Actor, glass_id: str, outcome: str, note: str = "") -> BreakGlass:
    """Judge one use, once, never one's own.

    Raises:
        AccessDenied: without the permission, or one's own use. InvalidInput: no such outcome, or "not
        justified" without a note. Conflict: it was reviewed before. NotFound: there is no such use.
    """
    require(actor, "access.review_break_glass")
    with act(actor, "access.review_break_glass") as work:
        glass = work.lock(BreakGlass, glass_id)
        if actor.kind == "staff" and glass.staff_id == actor.id:
            raise AccessDenied(
                "Nobody reviews their own use of break-glass.",
                "Ask another privacy officer.",
                permission="access.review_break_glass",
                reason="own",
            )
        _check(glass, outcome, note)
        glass.reviewed_at, glass.reviewed_by = timezone.now(), actor.ref
        glass.review_outcome, glass.review_note = outcome, note.strip()
        work.save(glass, outcome=outcome)
        clocks.meet(work, SUBJECT, glass.pk, REVIEW)
        work.emit("access.break_glass_reviewed", {"glass": glass.pk, "outcome": outcome}, key=glass.pk)
    return glass


def to_review(actor: Actor) -> list[BreakGlass]:
    """Uses nobody has reviewed yet, oldest first. Raises AccessDenied."""
    require(actor, "access.review_break_glass")
    waiting = BreakGlass.objects.filter(reviewed_at__isnull=True).order_by("started_at")
    return open_all(list(waiting), "reason")


@clocks.on_breach("tell_privacy_officer", subject_type=SUBJECT)
def _overdue(clock: Clock, work: Work) -> None:
    work.emit("access.break_glass_overdue", {"glass": clock.subject_id}, key=clock.pk)


def _running(actor: Actor, object_type: str, object_id: str, now: dt.datetime) -> QuerySet[BreakGlass]:
    return BreakGlass.objects.filter(
        staff_id=actor.id, object_type=object_type, object_id=object_id, ends_at__gt=now
    )


def length() -> dt.timedelta:
    """How long the glass stays open, as the packs say."""
    spec = required(LENGTH, "")
    return UNIT_OF[spec.basis] * spec.amount


def _check(glass: BreakGlass, outcome: str, note: str) -> None:
    if glass.reviewed_at is not None:
        raise Conflict(
            f"{glass.reviewed_by} reviewed this on {glass.reviewed_at:%Y-%m-%d}.", "Nothing is left to do."
        )
    if outcome not in OUTCOMES:
        raise InvalidInput(
            f"There is no outcome {outcome!r}.",
            f"One of: {', '.join(OUTCOMES)}.",
            fields={"outcome": "Choose one."},
        )
    if outcome == "not_justified" and not note.strip():
        raise InvalidInput(
            "Please say what was wrong.", "A few words are enough.", fields={"note": "Say what was wrong."}
        )
