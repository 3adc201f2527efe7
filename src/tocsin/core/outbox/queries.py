"""Reads of the outbox: dead letters, and how much waits."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Min, QuerySet
from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.actor import Actor
from tocsin.core.outbox.models import OutboxMessage


@dataclass(frozen=True)
class Backlog:
    """How the outbox stands: counts by kind, and since when the oldest due message waits."""

    pending: dict[str, int]
    dead: dict[str, int]
    waiting_since: dt.datetime | None


def dead_letters(actor: Actor, *, cursor: str = "", limit: int = 50) -> list[OutboxMessage]:
    """Messages that are dead, newest first. ``cursor`` is the last id of the page before.

    Raises:
        AccessDenied: without ``outbox.manage``.
    """
    require(actor, "outbox.manage")
    dead = OutboxMessage.objects.filter(state=OutboxMessage.State.DEAD)
    if cursor:
        dead = dead.filter(pk__lt=cursor)
    return list(dead.order_by("-id")[:limit])


def backlog(now: dt.datetime | None = None) -> Backlog:
    """How much waits and how much is dead; for metrics and the operator's check-up."""
    moment = now or timezone.now()
    counted = OutboxMessage.objects.exclude(state=OutboxMessage.State.DONE).values("state", "kind")
    by = {(row["state"], row["kind"]): row["n"] for row in counted.annotate(n=Count("id")).order_by()}
    oldest = OutboxMessage.objects.filter(state=OutboxMessage.State.PENDING, next_at__lte=moment)
    return Backlog(
        pending={kind: n for (state, kind), n in by.items() if state == OutboxMessage.State.PENDING},
        dead={kind: n for (state, kind), n in by.items() if state == OutboxMessage.State.DEAD},
        waiting_since=oldest.aggregate(first=Min("next_at"))["first"],
    )


def waiting(actor: Actor) -> QuerySet[OutboxMessage]:
    """What waits for somebody to send it again. To be counted, with others, in one statement."""
    require(actor, "outbox.manage")
    return OutboxMessage.objects.filter(state=OutboxMessage.State.DEAD)
