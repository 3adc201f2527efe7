"""What the marketplace tells us about people and things."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router

from tocsin.core.errors import NotFound
from tocsin.domains.people import actions as people
from tocsin.domains.people import queries
from tocsin.surfaces.api import schemas as s
from tocsin.surfaces.api.auth import Key, actor_of
from tocsin.surfaces.api.idempotent import answer_once
from tocsin.surfaces.api.problems import ERRORS

router = Router(tags=["entities"])
_ID = Path(..., pattern=r"^[A-Za-z0-9_.:@-]{1,64}$")


@router.put(
    "/entities/{kind}/{entity_id}",
    response={200: s.EntityWritten, **ERRORS},
    auth=Key("entities:write"),
    summary="Create or complete one",
)
def put_entity(request: HttpRequest, kind: s.EntityKind, body: s.EntityIn, entity_id: str = _ID) -> Any:
    """Attributes that are not named stay as they are; null clears one. Putting the same twice changes
    nothing.
    """
    links = [link.model_dump() for link in body.links]
    return 200, asdict(people.upsert_entity(actor_of(request), kind, entity_id, body.attributes, links))


@router.post(
    "/entities",
    response={200: s.EntityBatchOut, **ERRORS},
    auth=Key("entities:write"),
    summary="Up to 1,000 at once",
)
def post_entities(request: HttpRequest, body: s.EntityBatch) -> HttpResponse:
    """All of them, or none."""
    actor = actor_of(request)
    given = [
        people.EntityInput(one.kind, one.id, one.attributes, [link.model_dump() for link in one.links])
        for one in body.entities
    ]

    def produce() -> tuple[int, dict[str, Any]]:
        return 200, {"written": [asdict(done) for done in people.upsert_entities(actor, given)]}

    return answer_once(request, produce)


@router.get(
    "/entities/{kind}/{entity_id}",
    response={200: s.EntityOut, **ERRORS},
    auth=Key("entities:read"),
    summary="What is held about one",
)
def get_entity(request: HttpRequest, kind: s.EntityKind, entity_id: str = _ID) -> Any:
    """What this key may see of it."""
    found = queries.entity(actor_of(request), kind, entity_id)
    if found is None:
        raise NotFound(f"There is no {kind} {entity_id}.", "Check the identifier.")
    return 200, found
