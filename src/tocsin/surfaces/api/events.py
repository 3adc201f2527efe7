"""Events: forwarded to the decide host, and read back from what it shipped."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

import httpx
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from tocsin.core.errors import InvalidInput
from tocsin.domains.detection import queries
from tocsin.surfaces.api import schemas as s
from tocsin.surfaces.api.auth import Key, actor_of
from tocsin.surfaces.api.problems import ERRORS, problem

router = Router(tags=["events"])
_PASSED_ON = ("Authorization", "Content-Type", "Content-Encoding", "Tocsin-Replay")


@lru_cache(maxsize=1)
def _client() -> httpx.Client:
    # our own process: never through a proxy, which would read events and keys
    return httpx.Client(timeout=10, trust_env=False, limits=httpx.Limits(max_connections=20))


def _forward(request: HttpRequest) -> HttpResponse:
    headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
    try:
        answer = _client().post(
            f"{settings.TOCSIN_DECIDE_URL}/v1/decide", content=request.body, headers=headers
        )
    except httpx.HTTPError:
        return problem(
            503,
            "decide_unavailable",
            "The decide host cannot be reached. Nothing was decided and nothing was lost. "
            "Send it again shortly.",
            retry_after=2,
        )
    response = HttpResponse(
        answer.content, status=answer.status_code, content_type=answer.headers["Content-Type"]
    )
    if "Retry-After" in answer.headers:
        response["Retry-After"] = answer.headers["Retry-After"]
    return response


_EVENT = {
    "type": "object",
    "required": ["id", "type", "ts"],
    "properties": {
        "id": {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,64}$"},
        "type": {"type": "string", "example": "order.placed"},
        "ts": {"oneOf": [{"type": "string", "format": "date-time"}, {"type": "integer"}]},
        "region": {"type": "string"},
        "zone": {"type": "string"},
        "entities": {"type": "object", "additionalProperties": {"type": "string"}},
        "fields": {"type": "object"},
    },
    "additionalProperties": False,
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [
                        _EVENT,
                        {
                            "type": "object",
                            "required": ["events"],
                            "properties": {
                                "events": {"type": "array", "items": _EVENT, "minItems": 1, "maxItems": 1000}
                            },
                            "additionalProperties": False,
                        },
                    ]
                }
            }
        },
    }
}


@router.post(
    "/decide",
    response={200: dict[str, Any], **ERRORS},
    auth=Key("decide"),
    openapi_extra=_BODY,
    summary="Decide one event, or a batch",
)
def decide(request: HttpRequest) -> HttpResponse:
    """The same as on the decide host, which is the faster way."""
    return _forward(request)


@router.post(
    "/events",
    response={200: dict[str, Any], **ERRORS},
    auth=Key("events:write"),
    openapi_extra=_BODY,
    summary="Tell events",
)
def tell(request: HttpRequest) -> HttpResponse:
    """Events that need no verdict are told the same way; the answer can be ignored."""
    return _forward(request)


@router.get(
    "/events", response={200: s.EventPage, **ERRORS}, auth=Key("events:read"), summary="Read events back"
)
def list_events(
    request: HttpRequest,
    entity_kind: str = Query("", max_length=20, pattern="^[a-z_]*$"),
    entity_id: str = Query("", max_length=64),
    type: list[str] = Query([], max_length=20),  # noqa: A002, B008 - the API's own word; ninja's way
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str = Query("", max_length=20),
    limit: int = Query(100, ge=1, le=1000),
) -> Any:
    """Newest first. Personal fields are not given back through this door."""
    if cursor and not cursor.isdigit():
        raise InvalidInput(
            "That page marker is not known.", "Start from the first page.", fields={"cursor": "unknown"}
        )
    page = queries.events_of(
        actor_of(request),
        kind=entity_kind,
        entity_id=entity_id,
        types=type,
        since=since,
        until=until,
        before_seq=int(cursor) if cursor else None,
        limit=limit,
    )
    items = [
        {
            "seq": row.seq,
            "id": row.event_id,
            "type": row.type,
            "ts": row.ts,
            "received_at": row.received_at,
            "region": row.region,
            "entities": row.entities,
            "fields": row.fields,
            "verdict": row.verdict,
        }
        for row in page.items
    ]
    return 200, {"items": items, "hidden": page.hidden, "next_cursor": page.next_cursor}
