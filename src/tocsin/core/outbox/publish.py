"""Putting messages into the outbox, in the caller's transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from tocsin.core.ids import new_id
from tocsin.core.outbox.models import OutboxMessage
from tocsin.core.outbox.notify import wake_worker
from tocsin.core.outbox.registry import handlers_for


def publish(topic: str, data: Mapping[str, Any], *, key: str | None = None) -> None:
    """One row for each handler of the topic. With ``key``, publishing twice changes nothing."""
    listeners = handlers_for(topic)
    if not listeners:
        return
    now = timezone.now()
    event_key = key or new_id("evt")
    OutboxMessage.objects.bulk_create(
        [
            OutboxMessage(
                id=new_id("msg"),
                kind=OutboxMessage.Kind.HANDLER,
                topic=topic,
                destination=name,
                data=dict(data),
                idempotency_key=f"{topic}:{event_key}:{name}",
                next_at=now,
                created_at=now,
            )
            for name in listeners
        ],
        ignore_conflicts=True,
    )
    wake_worker()


def send(
    kind: OutboxMessage.Kind,
    topic: str,
    destination: str,
    *,
    key: str,
    data: Mapping[str, Any] | None = None,
    body_sealed: bytes | None = None,
    key_scope: str = "",
    not_before: dt.datetime | None = None,
) -> None:
    """Queue one message that leaves the house. ``key`` is the idempotency key: sending twice queues once."""
    now = timezone.now()
    OutboxMessage.objects.bulk_create(
        [
            OutboxMessage(
                id=new_id("msg"),
                kind=kind,
                topic=topic,
                destination=destination,
                data=dict(data or {}),
                body_sealed=body_sealed,
                key_scope=key_scope,
                idempotency_key=key,
                next_at=not_before or now,
                created_at=now,
            )
        ],
        ignore_conflicts=True,
    )
    wake_worker()
