"""What is said to a detector and what it may answer; ``docs/integrate/detectors.md`` says it to those who
build one.

It is told what may be stored of an event as it is: type, times, place, entities and plain fields. Message
texts, positions and whatever else is personal is never sent.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from django.conf import settings

from tocsin.core.crypto.seal import open_text
from tocsin.core.outbox import signing
from tocsin.core.outbox.channels.webhook import outbound
from tocsin.core.outbox.outbound import Forbidden, Unreachable
from tocsin.core.outbox.parcels import SECRET_SEALED_AS
from tocsin.domains.detection.models import Event
from tocsin.domains.detectors.models import Detector

Score = Annotated[float, msgspec.Meta(ge=0, le=1)]


class _Answer(msgspec.Struct):
    scores: dict[str, Score]


@dataclass(frozen=True)
class Said:
    """The scores by event id, how long the call took, and what went wrong when nothing usable came back."""

    scores: Mapping[str, float]
    ms: float
    error: str = ""


def ask(detector: Detector, events: Sequence[Event]) -> Said:
    """Ask about some events in one signed call."""
    body = msgspec.json.encode({"detector": detector.name, "events": [_told(event) for event in events]})
    secret = open_text(scope_of(detector.name), SECRET_SEALED_AS, detector.secret_sealed)
    headers = signing.headers(secret, f"{detector.name}:{events[0].seq}", int(time.time()), body)
    began = time.perf_counter()
    try:
        answer = outbound(tuple(settings.TOCSIN_OUTBOUND_ALLOW)).post(
            detector.url, body, headers, detector.timeout_ms / 1000
        )
    except (Forbidden, Unreachable) as error:
        return Said({}, _since(began), str(error)[:300])
    took = _since(began)
    if answer.status != 200:
        return Said({}, took, f"It answered {answer.status}.")
    try:
        scores = msgspec.json.decode(answer.body, type=_Answer).scores
    except msgspec.DecodeError as error:
        return Said({}, took, f"Its answer cannot be read: {error}"[:300])
    return Said(scores, took)


def scope_of(name: str) -> str:
    """The key scope of a detector's secret."""
    return f"detector:{name}"


def _told(event: Event) -> dict[str, Any]:
    return {
        "id": event.event_id,
        "type": event.type,
        "ts": event.ts.isoformat(),
        "region": event.region,
        "entities": event.entities,
        "fields": event.fields,
    }


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 3)
