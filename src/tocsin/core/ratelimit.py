"""Rate limits: token buckets in PostgreSQL, so that every process and every host counts the same tries.

A bucket holds ``capacity`` tokens and fills up again within ``per_seconds``; every try takes one or more.

A try counts even when what was tried is rolled back, or else wrong PINs would be free. So the bucket is
written outside the caller's transaction: call ``take`` before opening one, where it is one statement on the
connection at hand. Called inside a transaction it still counts, through a connection opened for it, which
costs a few milliseconds."""

from __future__ import annotations

import datetime as dt
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import psycopg
from django.db import connection
from django.utils import timezone

from tocsin.core.access.models import RateBucket
from tocsin.core.errors import TooManyAttempts

# a billionth of a token is forgiven, so that who waits as long as told is not refused for a rounding
_TAKE = """
INSERT INTO core_rate_bucket AS bucket (name, tokens, updated_at)
VALUES (%(name)s, %(capacity)s::float8 - %(cost)s::float8, %(now)s)
ON CONFLICT (name) DO UPDATE SET
    tokens = greatest(0, least(%(capacity)s, bucket.tokens
        + greatest(0, extract(epoch FROM %(now)s - bucket.updated_at)) * %(rate)s) - %(cost)s),
    updated_at = greatest(bucket.updated_at, %(now)s)
WHERE least(%(capacity)s, bucket.tokens
        + greatest(0, extract(epoch FROM %(now)s - bucket.updated_at)) * %(rate)s) >= %(cost)s - 1e-9
RETURNING tokens
"""
_LEFT = """
SELECT least(%(capacity)s, tokens + greatest(0, extract(epoch FROM %(now)s - updated_at)) * %(rate)s)
FROM core_rate_bucket WHERE name = %(name)s
"""


def take(name: str, capacity: int, per_seconds: float, cost: int = 1) -> float:
    """Take ``cost`` tokens from a bucket. Returns how many are left.

    ``name`` says what is limited and for whom, such as ``pin:TSN-…``; it is stored, so put no personal value
    in it.

    Raises:
        TooManyAttempts: there are not enough; nothing was taken. ``retry_after`` is in whole seconds.
    """
    if cost > capacity:
        raise _too_many(per_seconds)
    values = {
        "name": name[:160], "capacity": float(capacity), "cost": float(cost),
        "rate": capacity / per_seconds, "now": timezone.now(),
    }  # fmt: skip
    with _cursor() as cursor:
        cursor.execute(_TAKE, values)
        row = cursor.fetchone()
        if row is not None:
            return float(row[0])
        cursor.execute(_LEFT, values)
        left = cursor.fetchone()
    missing = cost - (float(left[0]) if left else 0.0)
    raise _too_many(missing * per_seconds / capacity)


def refill(name: str) -> None:
    """Forget the tries made, after the right PIN, say. Like ``take`` it stays when the caller rolls back."""
    with _cursor() as cursor:
        cursor.execute("DELETE FROM core_rate_bucket WHERE name = %s", [name[:160]])


def forget_idle(older_than: dt.timedelta = dt.timedelta(days=2)) -> int:
    """Remove buckets nobody touched for longer than any of them takes to fill. Returns how many."""
    return RateBucket.objects.filter(updated_at__lt=timezone.now() - older_than).delete()[0]


@contextmanager
def _cursor() -> Iterator[Any]:
    if not connection.in_atomic_block:
        with connection.cursor() as cursor:
            yield cursor
        return
    # the same database as the caller's, which in tests is not the one in the settings
    parameters = {k: v for k, v in connection.get_connection_params().items() if k not in _DJANGOS_OWN}
    with psycopg.connect(**parameters, autocommit=True) as own, own.cursor() as cursor:
        yield cursor


#: Parameters of ``connect`` that carry Django's own machinery.
_DJANGOS_OWN = frozenset({"context", "cursor_factory", "prepare_threshold"})


def _too_many(seconds: float) -> TooManyAttempts:
    return TooManyAttempts(
        "There were too many tries in a short time.",
        "Wait a moment and try again.",
        retry_after=max(1, math.ceil(seconds - 1e-6)),
    )


class LocalBuckets:
    """Buckets in the memory of one process, for high limits where a database write for each call would cost
    more than it protects.

    Honest about what it is: every process counts for itself, so the limit in force is ``capacity`` times the
    number of processes, and a restart forgets. Use it for fairness between API keys, never for guessing
    secrets."""

    def __init__(self, most: int = 10_000) -> None:
        self._lock = Lock()
        self._most = most
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, name: str, capacity: int, per_seconds: float, cost: int = 1) -> float:
        """As the function ``take``."""
        now, rate = time.monotonic(), capacity / per_seconds
        with self._lock:
            tokens, at = self._buckets.get(name, (float(capacity), now))
            tokens = min(capacity, tokens + (now - at) * rate)
            if tokens >= cost - 1e-9:
                tokens = max(0.0, tokens - cost)
                self._keep(name, tokens, now)
                return tokens
        raise _too_many(per_seconds if cost > capacity else (cost - tokens) / rate)

    def _keep(self, name: str, tokens: float, now: float) -> None:
        self._buckets.pop(name, None)
        self._buckets[name] = (tokens, now)  # last touched, last in line
        while len(self._buckets) > self._most:
            del self._buckets[next(iter(self._buckets))]
