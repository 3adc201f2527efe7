"""What an operator does with the outbox."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import act
from tocsin.core.actor import Actor
from tocsin.core.errors import Conflict, NotFound
from tocsin.core.ids import earliest_id
from tocsin.core.outbox.models import IN_ORDER, OutboxMessage
from tocsin.core.outbox.notify import wake_worker

#: How long a delivered message can be looked up, and its idempotency key is remembered [D].
KEPT = dt.timedelta(days=30)


def resend(actor: Actor, message_id: str) -> OutboxMessage:
    """Try a dead message again, from its first attempt.

    Raises:
        AccessDenied, NotFound. Conflict: it is not dead, or its order matters and something newer about the
        same was sent since.
    """
    require(actor, "outbox.manage")
    with act(actor, "outbox.resend") as work:
        message = OutboxMessage.objects.select_for_update().filter(pk=message_id).first()
        if message is None:
            raise NotFound("There is no such message.", "Look at the list of dead letters.")
        if message.state != OutboxMessage.State.DEAD:
            raise Conflict(f"This message is {message.state}, not dead.", "There is nothing to send again.")
        if message.kind in IN_ORDER:
            _refuse_overtaken(message)
        tried = message.attempts
        message.state, message.attempts, message.next_at = OutboxMessage.State.PENDING, 0, timezone.now()
        message.save(update_fields=["state", "attempts", "next_at"])
        work.fact(
            "core.outboxmessage", message.pk, kind=message.kind, topic=message.topic, attempts_before=tried
        )
        wake_worker()
    return message


def _refuse_overtaken(message: OutboxMessage) -> None:
    """Sent after a newer one, an old event would undo it. Newer ones are known by the same entities, sealed
    under the same key: of a kept list, any of its values."""
    newer = OutboxMessage.objects.filter(
        kind=message.kind, destination=message.destination, key_scope=message.key_scope,
        data__entities=message.data.get("entities"), created_at__gt=message.created_at,
    ).exclude(state=OutboxMessage.State.DEAD)  # fmt: skip
    if message.created_at <= timezone.now() - KEPT or newer.exists():
        raise Conflict(
            "Newer events about the same were sent since, and this one would undo them. Nothing was sent.",
            "Look at how it stands now. What is still missing has to be done anew: a value, for example, has "
            "to be taken off its list and put on it again.",
        )


def forget_delivered(now: dt.datetime | None = None, limit: int = 5000) -> int:
    """Remove messages that were delivered and are older than ``KEPT``; returns how many. Dead ones stay."""
    oldest_kept = earliest_id("msg", (now or timezone.now()) - KEPT)
    done = OutboxMessage.objects.filter(pk__lt=oldest_kept, state=OutboxMessage.State.DONE)
    removed, _ = OutboxMessage.objects.filter(pk__in=done.order_by("pk").values("pk")[:limit]).delete()
    return removed
