"""Events: forwarded to the decide host, and read back from what it shipped."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any

import httpx
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from tocsin.core.errors import InvalidInput
from tocsin.domains.detection import queries
from tocsin.surfaces.api import answers as a
from tocsin.surfaces.api import inputs as i
from tocsin.surfaces.api.auth import actor_of
from tocsin.surfaces.api.event_schema import BODY
from tocsin.surfaces.api.problems import READING, WRITING, problem
from tocsin.surfaces.api.routing import get, post

router = Router(tags=["events"])
_PASSED_ON = ("Authorization", "Content-Type", "Tocsin-Replay")
#: The decide host gives a body so long to arrive; here it has arrived before.
_TOO_SLOW = 408
_LARGEST_SEQ = 2**63 - 1
_TYPES = Query([], max_length=20, description="Only these types.")


@lru_cache(maxsize=1)
def _client() -> httpx.Client:
    # our own process: never through a proxy, which would read events and keys
    return httpx.Client(timeout=10, trust_env=False, limits=httpx.Limits(max_connections=20))


def _forward(request: HttpRequest, path: str) -> HttpResponse:
    """Ask the decide host, with the caller's own key, and give its answer as it is."""
    headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
    try:
        told = _client().post(f"{settings.TOCSIN_DECIDE_URL}{path}", content=request.body, headers=headers)
    except httpx.HTTPError:
        return problem(
            503,
            "decide_unavailable",
            "The decide host cannot be reached. Nothing was lost: send it again, the same ids are safe.",
            retry_after=2,
        )
    response = HttpResponse(told.content, status=told.status_code, content_type=told.headers["Content-Type"])
    for name in ("Retry-After", "WWW-Authenticate"):
        if name in told.headers:
            response[name] = told.headers[name]
    return response


@post(
    router,
    "/decide",
    scope="decide",
    status=200,
    answers=a.Verdict | a.Verdicts,
    who="system",
    may_fail=(*WRITING, _TOO_SLOW),
    repeatable=False,
    extra=BODY,
    summary="Decide one event, or a batch",
)
def decide(request: HttpRequest) -> HttpResponse:
    """The same as on the decide host, which is the faster way. The id of an event makes it safe to send
    again: the same event gets its first answer, another one under the same id is refused (409)."""
    return _forward(request, "/v1/decide")


@post(
    router, "/events", scope="events:write", status=200, answers=a.Verdict | a.Verdicts, who="system",
    may_fail=(*WRITING, _TOO_SLOW), repeatable=False, extra=BODY, summary="Tell events",
)  # fmt: skip
def tell(request: HttpRequest) -> HttpResponse:
    """Events that need no verdict are told the same way; the answer can be ignored."""
    return _forward(request, "/v1/events")


@get(
    router, "/events", scope="events:read", answers=a.EventPage, may_fail=READING, summary="Read events back"
)
def list_events(
    request: HttpRequest,
    entity_kind: Annotated[str, Field(max_length=20, pattern="^[a-z_]*$")] = "",
    entity_id: Annotated[str, Field(max_length=128)] = "",
    type: list[Annotated[str, Field(max_length=60)]] = _TYPES,  # noqa: A002 - its name in the API
    since: i.Moment | None = None,
    until: i.Moment | None = None,
    cursor: Annotated[str, Field(max_length=20, pattern="^[0-9]*$")] = "",
    limit: Annotated[int, Field(ge=1, le=1000)] = 100,
) -> Any:
    """Newest first, of one entity or of all. Personal fields are not given back through this door."""
    if bool(entity_kind) != bool(entity_id):
        raise InvalidInput(
            "An entity is named by its kind and its id.", "Send both, or neither.",
            fields={"entity_id" if entity_kind else "entity_kind": "This is needed too."},
        )  # fmt: skip
    page = queries.events_of(
        actor_of(request), kind=entity_kind, entity_id=entity_id, types=type, since=since, until=until,
        before_seq=min(int(cursor), _LARGEST_SEQ) if cursor else None, limit=limit,
    )  # fmt: skip
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
    return {"items": items, "hidden": page.hidden, "next_cursor": page.next_cursor}
