"""Telling the decide host what was decided here, so that features, links and lists know it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping

from tocsin.core.crypto.seal import seal
from tocsin.core.outbox.models import OutboxMessage
from tocsin.core.outbox.parcels import SEALED_AS
from tocsin.core.outbox.publish import send

#: All events go to one host, in the order in which they were written.
_DECIDE = "decide"


def tell_engine(
    event_type: str,
    at: dt.datetime,
    entities: Mapping[str, str],
    *,
    key: str,
    fields: Mapping[str, str | int | float | bool] | None = None,
    region: str = "",
    sealed_under: str = "",
) -> None:
    """Have an event of our own decided, once, after the caller's transaction has committed.

    ``entities`` holds the marketplace's ids by kind, ``fields`` what the schema knows of this type; nothing
    personal, unless ``sealed_under`` names the key scope they are sealed under on their way. ``key``: telling
    the same twice tells it once.
    """
    data = {
        "type": event_type,
        "ts": at.isoformat(timespec="milliseconds"),
        "entities": dict(entities),
        **({"region": region} if region else {}),
    }
    said = {"fields": dict(fields or {})}
    sealed = seal(sealed_under, SEALED_AS, json.dumps(said)) if sealed_under else None
    send(
        OutboxMessage.Kind.EVENT, event_type, _DECIDE, key=f"{event_type}:{key}"[:200],
        data=data if sealed else data | said, body_sealed=sealed, key_scope=sealed_under,
    )  # fmt: skip
