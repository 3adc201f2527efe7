"""What an event looks like, for the document: the decide host reads it, so no shape of ours does."""

from __future__ import annotations

from typing import Any

from tocsin.engine.vocabulary import ENTITY_KINDS, EVENT_TYPES

#: Null is the same as leaving it out.
_PLACE = {"type": ["string", "null"], "pattern": "^[A-Za-z0-9_+./-]{1,64}$"}
EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["id", "type", "ts"],
    "properties": {
        "id": {
            "type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,64}$",
            "description": "Your id of the event. The same event again gets its first answer.",
        },
        "type": {
            "anyOf": [
                {"type": "string", "enum": sorted(EVENT_TYPES)},
                {"type": "string", "pattern": "^custom\\.[a-z0-9_]{1,48}$"},
            ]
        },
        "ts": {
            "description": (
                "When it happened, with its offset, or in milliseconds since 1970. At most five minutes "
                "ahead and thirty days back; older with `Tocsin-Replay: 1` and the scope replay."
            ),
            "anyOf": [
                {"type": "string", "format": "date-time"},
                {"type": "integer", "minimum": 0, "maximum": 253402300799999},
            ],
        },
        "region": {**_PLACE, "examples": ["US-CA"]},
        "zone": {**_PLACE, "examples": ["America/Los_Angeles"]},
        "entities": {
            "type": "object",
            "description": "Who and what took part, by your own ids.",
            "properties": {
                kind: {"type": "string", "minLength": 1, "maxLength": 128} for kind in sorted(ENTITY_KINDS)
            },
            "additionalProperties": False,
        },
        "fields": {
            "type": "object",
            "description": (
                "What else is known: flat. Money ends in _minor and needs a currency. Places are lat, lon, "
                "accuracy_m. A message has text and sender. Names that no rule knows are kept."
            ),
            "maxProperties": 64,
            "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
        },
    },
    "additionalProperties": False,
}  # fmt: skip
EXAMPLE = {
    "id": "evt-90817",
    "type": "payment.declined",
    "ts": "2026-11-21T10:15:00-08:00",
    "region": "US-CA",
    "entities": {"customer": "c-1042", "card": "card-7781", "device": "dev-55"},
    "fields": {"amount_minor": 4999, "currency": "USD"},
}
_BATCH = {
    "type": "object",
    "required": ["events"],
    "properties": {"events": {"type": "array", "items": EVENT, "minItems": 1, "maxItems": 1000}},
    "additionalProperties": False,
}
#: The request body of the two operations that take events.
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"anyOf": [EVENT, _BATCH]},
                "examples": {
                    "one": {"summary": "One event", "value": EXAMPLE},
                    "batch": {"summary": "A batch", "value": {"events": [EXAMPLE]}},
                },
            }
        },
    }
}
