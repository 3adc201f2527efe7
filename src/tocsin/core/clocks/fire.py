"""The worker's side of the clocks: each one that is due fires once.

A clock is claimed, answered and marked in one transaction. A worker that dies leaves nothing half done: the
database lets go of its row, and another worker takes it.
"""

from __future__ import annotations

import datetime as dt
import logging

from django.db import OperationalError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from psycopg import errors

from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.backoff import delay
from tocsin.core.clocks.breach import handlers_for
from tocsin.core.clocks.models import Clock
from tocsin.core.faults import said

log = logging.getLogger(__name__)

#: A handler that waits longer than this for a row gives way. People lock their case first and its clocks
#: after; we hold the clock and want the case. Giving way before the database calls it a deadlock (1 s)
#: keeps them going.
GIVE_WAY = "300ms"
_BLOCKED_PAUSE = dt.timedelta(seconds=1)


def fire_due(now: dt.datetime | None = None, limit: int = 100) -> int:
    """Fire up to ``limit`` clocks that are due at ``now``; returns how many fired.

    A handler that fails takes back all it did, is noted on the clock and tried again later; the other
    clocks go on.
    """
    moment = now or timezone.now()
    fired = 0
    for _ in range(limit):
        outcome = _fire_one(moment)
        if outcome is None:
            break
        fired += outcome
    return fired


def _due(now: dt.datetime) -> Q:
    return Q(state=Clock.State.RUNNING, due_at__lte=now) & (Q(retry_at=None) | Q(retry_at__lte=now))


def _fire_one(now: dt.datetime) -> bool | None:
    """True when a clock fired, False when one failed, None when nothing is due."""
    claimed: Clock | None = None
    try:
        with act(system("clocks"), "clock.breach") as work:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", [GIVE_WAY])
            claimed = (
                Clock.objects.select_for_update(skip_locked=True)
                .filter(_due(now))
                .order_by("due_at", "id")
                .first()
            )
            if claimed is None:
                return None
            handlers = handlers_for(claimed)
            work.watch(claimed)
            claimed.state, claimed.ended_at = Clock.State.BREACHED, now
            claimed.retry_at, claimed.last_error = None, ""
            work.save(claimed, name=claimed.name, verb_asked=claimed.on_breach)
            for handler in handlers:
                handler(claimed, work)
            work.emit(
                "clock.breached",
                {
                    "clock": claimed.pk,
                    "name": claimed.name,
                    "kind": claimed.kind,
                    "subject_type": claimed.subject_type,
                    "subject_id": claimed.subject_id,
                },
                key=claimed.pk,
            )
    except Exception as error:
        if claimed is None:
            raise
        _failed(claimed, error, now)
        return False
    return True


def _failed(clock: Clock, error: Exception, now: dt.datetime) -> None:
    """Note the failure and when to try again; unless somebody else dealt with the clock meanwhile."""
    blocked = isinstance(error, OperationalError) and isinstance(
        error.__cause__, errors.LockNotAvailable | errors.DeadlockDetected
    )
    attempts = clock.attempts if blocked else clock.attempts + 1
    if not blocked:
        log.error(
            "clock %s (%s) failed, attempt %d", clock.pk, clock.name, attempts,
            exc_info=(type(error), error, error.__traceback__),
        )  # fmt: skip
    with transaction.atomic():
        Clock.objects.filter(pk=clock.pk, state=Clock.State.RUNNING, attempts=clock.attempts).update(
            attempts=attempts,
            retry_at=now + (_BLOCKED_PAUSE if blocked else delay(attempts)),
            last_error="" if blocked else said(error)[:2000],
        )
