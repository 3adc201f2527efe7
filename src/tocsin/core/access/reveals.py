"""Looking behind a mask: with a reason, written down, and open to the question "who saw me?"."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from django.utils import timezone

from tocsin.core.access.check import Scope, allows, require
from tocsin.core.access.models import Reveal
from tocsin.core.act import act
from tocsin.core.actor import Actor
from tocsin.core.crypto.typed_text import open_all
from tocsin.core.errors import AccessDenied, InvalidInput
from tocsin.core.ids import new_id

#: A reason says something; a dot or "ok" does not [D].
SHORTEST_REASON = 10


def reveal(
    actor: Actor,
    *,
    object_type: str,
    object_id: str,
    field: str,
    reason: str,
    scope: Scope,
    case_id: str = "",
    open: Callable[[], str],  # noqa: A002 - reads well where it is called
) -> str:
    """The value behind a mask. Every call leaves a ``Reveal`` row and an audit entry, committed before the
    value is handed out; when opening fails nobody saw anything and nothing is left.

    ``scope`` is that of the row, with the data class of the field.

    Raises:
        AccessDenied: role, purpose, region, assignment, class or a wall. InvalidInput: no real reason.
    """
    require(actor, "people.reveal", scope)
    why = check_reason(reason, "see this")
    with act(actor, "people.reveal") as work:
        value = open()
        row = Reveal(
            id=new_id("rvl"), at=timezone.now(), actor=actor.ref, purpose=actor.purpose,
            object_type=object_type, object_id=object_id, field=field, case_id=case_id,
        )  # fmt: skip
        row.reason = why
        work.save(row, about=object_id, field=field, case=case_id)
    return value


def check_reason(reason: str, to: str) -> str:
    """The reason, trimmed.

    Raises:
        InvalidInput: it is too short to say anything.
    """
    why = reason.strip()
    if len(why) < SHORTEST_REASON:
        raise InvalidInput(
            f"Please say why you need to {to}.",
            f"At least {SHORTEST_REASON} letters; they are kept with your name.",
            fields={"reason": "Say in a few words why you need this."},
        )
    return why


@dataclass(frozen=True, slots=True)
class Look:
    """One look behind a mask. ``actor``, ``reason`` and ``case_id`` are empty for the person who was looked
    at: they learn when, what and what for, and never the name of a specialist. ``reason`` is None once
    shredded."""

    at: dt.datetime
    object_type: str
    object_id: str
    field: str
    purpose: str
    actor: str = ""
    reason: str | None = ""
    case_id: str = ""


def who_saw(actor: Actor, object_type: str, object_id: str, *, limit: int = 200) -> list[Look]:
    """Who looked behind the masks of one object, newest first.

    With ``access.view_log`` in full; a party asking about its own account or record gets the short form.

    Raises:
        AccessDenied: neither of the two.
    """
    in_full = allows(actor, "access.view_log")
    if not in_full and not (actor.kind == "party" and actor.id == object_id):
        raise AccessDenied(
            "Only the person concerned and those who review access may see who looked.",
            "Ask the privacy officer.",
            permission="access.view_log",
            reason="role",
        )
    rows = Reveal.objects.filter(object_type=object_type, object_id=object_id).order_by("-at")[:limit]
    return _looks(rows, in_full)


def seen_by(actor: Actor, staff_ref: str, *, since: dt.datetime, limit: int = 500) -> list[Look]:
    """What one person looked at, newest first, for reviewing access. Raises AccessDenied."""
    require(actor, "access.view_log")
    rows = Reveal.objects.filter(actor=staff_ref, at__gte=since).order_by("-at")[:limit]
    return _looks(rows, True)


def latest(actor: Actor, *, limit: int = 100) -> list[Look]:
    """The latest looks of everybody, newest first, for reviewing access. Raises AccessDenied."""
    require(actor, "access.view_log")
    return _looks(Reveal.objects.order_by("-at")[:limit], True)


def _looks(rows: Iterable[Reveal], in_full: bool) -> list[Look]:
    if not in_full:
        return [_look(row) for row in rows]
    return [
        replace(_look(row), actor=row.actor, reason=row.reason, case_id=row.case_id)
        for row in open_all(list(rows), "reason")
    ]


def _look(row: Reveal) -> Look:
    """What the person who was looked at may know."""
    return Look(row.at, row.object_type, row.object_id, row.field, row.purpose)
