"""Writing to the audit chains: only from inside the transaction that makes the change."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import connection, models

from tocsin.core.actor import Actor


class NotInTransaction(RuntimeError):
    """An audit entry was about to be written apart from the change it records."""


def _plain(value: Any) -> Any:
    if isinstance(value, memoryview | bytes):
        return bytes(value).hex()
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date | dt.time | uuid.UUID):
        return str(value)
    if isinstance(value, models.Model):
        return str(value.pk)
    return str(value)


def canonical(value: Any) -> str:
    """Canonical JSON: sorted keys, no spaces, bytes as hex, times as UTC ISO 8601."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)


def columns_of(model: type[models.Model]) -> list[str]:
    """The stored columns an entry about a row of this model covers, in order. Those named in the model's
    ``audit_exclude`` are book-keeping and left out.
    """
    left_out: frozenset[str] = getattr(model, "audit_exclude", frozenset())
    return sorted(f.attname for f in model._meta.concrete_fields if f.attname not in left_out)


def digest(obj: models.Model, columns: Collection[str] | None = None) -> str:
    """SHA-256 (hex) over stored columns of a row, by default all it covers; equal rows give equal digests.

    A row about to be written and the same row read back give the same digest, however its values were
    spelled (an ``int`` in a float column, a tuple in a list column).
    """
    wanted = columns_of(type(obj)) if columns is None else columns
    row = {
        f.attname: _as_stored(f, f.value_from_object(obj))
        for f in obj._meta.concrete_fields
        if f.attname in wanted
    }
    return hashlib.sha256(canonical(row).encode()).hexdigest()


def _as_stored(column: models.Field, value: Any) -> Any:
    """The value as the database will give it back."""
    if isinstance(value, memoryview | bytes) or value is None:
        return value
    if isinstance(column, models.JSONField):
        return _as_json(value)
    return column.to_python(value)


def _as_json(value: Any) -> Any:
    """JSON without the distinctions ``jsonb`` drops: 2.0 from 2, -0.0 from 0, tuples from lists."""
    if isinstance(value, Mapping):
        return {str(name): _as_json(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def payload(
    actor: Actor,
    verb: str,
    object_type: str,
    object_id: str,
    *,
    before: str | None,
    after: str | None,
    columns: Sequence[str] = (),
    detail: Mapping[str, Any] | None = None,
) -> str:
    """The canonical JSON of one entry. ``columns`` are those the digest ``after`` covers, so that it can be
    checked when the table has more of them. ``detail`` holds ids, codes and counts, never personal values.
    """
    said = {
        "actor": actor.ref,
        "purpose": actor.purpose,
        "verb": verb,
        "object_type": object_type,
        "object_id": object_id,
        "before": before,
        "after": after,
        "detail": dict(detail or {}),
    }
    return canonical(said | ({"columns": list(columns)} if columns else {}))


def append(payloads: Sequence[str]) -> None:
    """Append entries to one free chain, in the caller's transaction.

    Raises:
        NotInTransaction: outside a transaction, because an entry must stand or fall with its change.
    """
    if not payloads:
        return
    if not connection.in_atomic_block:
        raise NotInTransaction("audit entries are written inside the transaction of the change")
    with connection.cursor() as cursor:
        cursor.execute("SELECT tocsin_audit_append(%s::text[])", [list(payloads)])
