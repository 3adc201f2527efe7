"""What the marketplace tells us about people and things."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from tocsin.core.errors import NotFound
from tocsin.domains.people import actions as people
from tocsin.domains.people import queries
from tocsin.surfaces.api import answers as a
from tocsin.surfaces.api import inputs as i
from tocsin.surfaces.api.auth import actor_of
from tocsin.surfaces.api.idempotent import answer_once
from tocsin.surfaces.api.problems import READING_ONE
from tocsin.surfaces.api.routing import get, post, put

router = Router(tags=["entities"])


@put(
    router, "/entities/{kind}/{entity_id}", scope="entities:write", answers=a.EntityWritten,
    summary="Create or complete one",
)  # fmt: skip
def put_entity(request: HttpRequest, kind: i.EntityKind, entity_id: i.ExternalId, body: i.EntityIn) -> Any:
    """Attributes that are not named stay as they are; null clears one. Putting the same twice changes
    nothing."""
    links = [link.model_dump() for link in body.links]
    return asdict(people.upsert_entity(actor_of(request), kind, entity_id, body.attributes, links))


@post(
    router, "/entities", scope="entities:write", status=200, answers=a.EntityBatchWritten,
    summary="Up to 1,000 at once",
)  # fmt: skip
def post_entities(request: HttpRequest, body: i.EntityBatch) -> HttpResponse:
    """All of them are taken, or none."""
    actor = actor_of(request)
    given = [
        people.EntityInput(one.kind, one.id, one.attributes, [link.model_dump() for link in one.links])
        for one in body.entities
    ]

    def produce() -> tuple[int, dict[str, Any]]:
        return 200, {"written": [asdict(done) for done in people.upsert_entities(actor, given)]}

    return answer_once(request, produce)


@get(
    router, "/entities/{kind}/{entity_id}", scope="entities:read", answers=a.Entity, may_fail=READING_ONE,
    summary="What is held about one",
)  # fmt: skip
def get_entity(request: HttpRequest, kind: i.EntityKind, entity_id: i.ExternalId) -> Any:
    """What this key may see of it."""
    found = queries.entity(actor_of(request), kind, entity_id)
    if found is None:
        raise NotFound(f"There is no {kind} {entity_id}.", "Check the identifier.")
    return found
