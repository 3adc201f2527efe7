"""One request, one effect, one answer, however often it is sent.

The first answer is kept and given again to every repeat. It is sealed, because answers hold PINs, and
forgotten after a day."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone

from tocsin.core.access.models import Idempotency
from tocsin.core.crypto.seal import open_text, seal
from tocsin.core.errors import Conflict, InvalidInput
from tocsin.core.locks import lock

#: How long a repeat gets the first answer [D].
KEPT = dt.timedelta(hours=24)

_LONGEST_KEY = 120


def request_digest(method: str, path: str, body: bytes) -> str:
    """SHA-256 (hex) of what was asked; the same request gives the same digest."""
    head = f"{method.upper()} {len(path)} {path}\n".encode()
    return hashlib.sha256(head + body).hexdigest()


def once(
    scope: str, key: str, request_digest: str, produce: Callable[[], tuple[int, dict[str, Any]]]
) -> tuple[int, dict[str, Any], bool]:
    """Produce an answer the first time and give it again afterwards: (status, body, replayed).

    ``scope`` says whose key it is, such as ``key:<api key id>``; ``key`` is the client's. ``produce`` runs in
    the transaction that stores its answer: both happen or neither. When two arrive at once, one works and the
    other waits and gets the same answer. When ``produce`` raises, nothing is stored, and a repeat tries
    again.

    Raises:
        Conflict: the key was used for another request. InvalidInput: the key is empty or too long.
    """
    if not 0 < len(key) <= _LONGEST_KEY or not key.isprintable():
        raise InvalidInput(
            f"An idempotency key has 1 to {_LONGEST_KEY} printable characters.", "Send another key.",
            fields={"Idempotency-Key": "1 to 120 printable characters"},
        )  # fmt: skip
    with transaction.atomic():
        lock("idempotency", scope, key)
        row = Idempotency.objects.filter(scope=scope, key=key).first()
        if row is not None:
            return (*_again(row, request_digest), True)
        status, body = produce()
        Idempotency.objects.create(
            scope=scope, key=key, request_digest=request_digest, status=status,
            body_sealed=seal(_key_scope(scope), _field(key), json.dumps(body)), created_at=timezone.now(),
        )  # fmt: skip
        return status, body, False


def forget_old() -> int:
    """Remove answers older than a day. Returns how many."""
    return Idempotency.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]


def _again(row: Idempotency, request_digest: str) -> tuple[int, dict[str, Any]]:
    if row.request_digest != request_digest:
        raise Conflict(
            "This idempotency key was used for another request.",
            "Use a new key for a new request.",
            code="idempotency_key_reused",
        )
    body: dict[str, Any] = json.loads(open_text(_key_scope(row.scope), _field(row.key), row.body_sealed))
    return row.status, body


def _key_scope(scope: str) -> str:
    # the data key's name has 80 characters at most; a digest keeps two long scopes apart
    return f"idempotency:{hashlib.sha256(scope.encode()).hexdigest()}"


def _field(key: str) -> str:
    return f"answer|{key}"
