"""Locks by name, held until the transaction ends: for things that have no row to lock yet."""

from __future__ import annotations

import hashlib

from django.db import connection


class NotInTransaction(RuntimeError):
    """A lock was asked for outside a transaction, where it would end at once."""


def lock(kind: str, *parts: str) -> None:
    """Wait until nobody else holds this name, then hold it until the transaction commits or rolls back.

    Two names may share a lock by accident (64 bits of SHA-256); then one waits for the other, and nothing
    worse.

    Raises:
        NotInTransaction: there is no transaction that could hold it.
    """
    if not connection.in_atomic_block:
        raise NotInTransaction(f"the lock {kind!r} needs a transaction to hold it")
    name = "\0".join((kind, *parts)).encode()
    number = int.from_bytes(hashlib.sha256(name).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
