"""Waking others when something was committed: open screens, and the workers.

Notifications carry no content. A screen comes and fetches, and access is checked then; a worker looks at
its tables. One that is lost costs time, never work: workers look by themselves every second, screens when
they connect again.

They are sent right *after* the commit. PostgreSQL lets transactions that notify commit only one after the
other, each with its own flush to disk; see ``docs/decisions/audit-chains.md`` for what that costs.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from django.db import connection, transaction

#: Open screens listen here; the payload is ``{"topic": "queue"}`` or ``{"topic": "case:<id>"}``.
LIVE = "tocsin_live"
#: Workers listen here; there is no payload.
WORK = "tocsin_work"


def tick(topic: str) -> None:
    """Tell open screens that ``topic`` changed, once the caller's transaction has committed."""
    _after_commit(LIVE, json.dumps({"topic": topic}))


def wake_worker() -> None:
    """Tell the workers that there is something to do, once the caller's transaction has committed."""
    _after_commit(WORK, "")


def listening_parameters() -> dict[str, Any]:
    """How to connect to the same database without Django, for a connection that listens."""
    ours = {"cursor_factory", "context", "prepare_threshold", "server_side_binding", "pool"}
    return {name: value for name, value in connection.get_connection_params().items() if name not in ours}


def _after_commit(channel: str, payload: str) -> None:
    transaction.on_commit(partial(_notify, channel, payload), robust=True)


def _notify(channel: str, payload: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [channel, payload])
