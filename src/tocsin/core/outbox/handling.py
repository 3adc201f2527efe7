"""Running handlers: our own code, in the transaction that marks its message done."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import OperationalError, connection, transaction
from django.utils import timezone
from psycopg import errors

from tocsin.core.backoff import delay
from tocsin.core.faults import said
from tocsin.core.outbox.models import OutboxMessage
from tocsin.core.outbox.registry import handler

log = logging.getLogger(__name__)

#: After so many failures a message is dead: a person looks at it and sends it again.
ATTEMPTS = 12
#: A handler that waits longer than this for somebody's row gives up, so that it does not hold up the others.
_GIVE_WAY = "5s"
_BLOCKED_PAUSE = dt.timedelta(seconds=1)


class NoHandler(LookupError):
    """The handler a message was written for is not there (any more)."""


def handle_due(now: dt.datetime | None = None, limit: int = 100) -> int:
    """Run up to ``limit`` handlers whose messages are due; returns how many succeeded."""
    moment = now or timezone.now()
    handled = 0
    for _ in range(limit):
        outcome = _handle_one(moment)
        if outcome is None:
            break
        handled += outcome
    return handled


def _handle_one(now: dt.datetime) -> bool | None:
    """True when one succeeded, False when one failed, None when nothing is due."""
    claimed: OutboxMessage | None = None
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", [_GIVE_WAY])
            claimed = (
                OutboxMessage.objects.select_for_update(skip_locked=True)
                .filter(kind=OutboxMessage.Kind.HANDLER, state=OutboxMessage.State.PENDING, next_at__lte=now)
                .order_by("next_at", "id")
                .first()
            )
            if claimed is None:
                return None
            run = handler(claimed.topic, claimed.destination)
            if run is None:
                raise NoHandler(f"nobody is called {claimed.destination!r} for {claimed.topic!r}")
            run(claimed.data)
            claimed.state, claimed.done_at, claimed.last_error = OutboxMessage.State.DONE, now, ""
            claimed.attempts += 1
            claimed.save(update_fields=["state", "done_at", "last_error", "attempts"])
    except Exception as error:
        if claimed is None:
            raise
        _failed(claimed.pk, error, now)
        return False
    return True


def _failed(message_id: str, error: Exception, now: dt.datetime) -> None:
    blocked = isinstance(error, OperationalError) and isinstance(
        error.__cause__, errors.LockNotAvailable | errors.DeadlockDetected
    )
    with transaction.atomic():
        message = (
            OutboxMessage.objects.select_for_update()
            .filter(pk=message_id, state=OutboxMessage.State.PENDING)
            .first()
        )
        if message is None:
            return
        if blocked:
            message.next_at = now + _BLOCKED_PAUSE
        else:
            message.attempts += 1
            message.last_error = said(error)[:2000]
            message.next_at = now + delay(message.attempts)
            if message.attempts >= ATTEMPTS:
                message.state = OutboxMessage.State.DEAD
            log.error(
                "handler %s of %s failed, attempt %d", message.destination, message.topic, message.attempts,
                exc_info=(type(error), error, error.__traceback__),
            )  # fmt: skip
        message.save(update_fields=["attempts", "last_error", "next_at", "state"])
