"""What an operator does with the outbox."""

from __future__ import annotations

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import act
from tocsin.core.actor import Actor
from tocsin.core.errors import Conflict, NotFound
from tocsin.core.outbox.models import OutboxMessage
from tocsin.core.outbox.notify import wake_worker


def resend(actor: Actor, message_id: str) -> OutboxMessage:
    """Try a dead message again, from its first attempt.

    Raises:
        AccessDenied, NotFound. Conflict: it is not dead.
    """
    require(actor, "outbox.manage")
    with act(actor, "outbox.resend") as work:
        message = OutboxMessage.objects.select_for_update().filter(pk=message_id).first()
        if message is None:
            raise NotFound("There is no such message.", "Look at the list of dead letters.")
        if message.state != OutboxMessage.State.DEAD:
            raise Conflict(f"This message is {message.state}, not dead.", "There is nothing to send again.")
        tried = message.attempts
        message.state, message.attempts, message.next_at = OutboxMessage.State.PENDING, 0, timezone.now()
        message.save(update_fields=["state", "attempts", "next_at"])
        work.fact(
            "core.outboxmessage", message.pk, kind=message.kind, topic=message.topic, attempts_before=tried
        )
        wake_worker()
    return message
