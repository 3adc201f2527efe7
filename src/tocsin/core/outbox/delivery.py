"""Everything that is due in the outbox, once through: handlers first, then what leaves the house."""

from __future__ import annotations

import datetime as dt

from tocsin.core.outbox.courier import Courier
from tocsin.core.outbox.handling import handle_due

__all__ = ["deliver_due", "handle_due", "send_due"]


def send_due(now: dt.datetime | None = None, limit: int = 100) -> int:
    """Send up to ``limit`` due messages and wait for the answers; returns how many were tried."""
    courier = Courier()
    try:
        _, tried = courier.pump(now, limit)
        while courier.under_way:
            tried += courier.pump(now, 0, wait_s=1.0)[1]
        return tried
    finally:
        courier.close(now)


def deliver_due(now: dt.datetime | None = None, limit: int = 100) -> int:
    """Run due handlers and send due messages; returns how many handlers succeeded and messages were tried.

    Handlers may publish more: call again until it returns 0 to see everything that follows.
    """
    return handle_due(now, limit) + send_due(now, limit)
