"""Webhook endpoints and their deliveries."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from tocsin.core.outbox import webhooks
from tocsin.core.outbox.models import OutboxMessage, WebhookEndpoint
from tocsin.surfaces.api import answers as a
from tocsin.surfaces.api import inputs as i
from tocsin.surfaces.api.auth import actor_of
from tocsin.surfaces.api.idempotent import answer_once
from tocsin.surfaces.api.problems import READING, READING_ONE
from tocsin.surfaces.api.routing import delete, get, post
from tocsin.surfaces.api.views import iso

router = Router(tags=["webhooks"])
_SCOPE = "webhooks:manage"


def _endpoint(row: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": row.pk, "url": row.url, "topics": row.topics, "description": row.description,
        "created_at": iso(row.created_at), "disabled_at": iso(row.disabled_at),
    }  # fmt: skip


def _delivery(row: OutboxMessage) -> dict[str, Any]:
    return {
        "id": row.pk, "topic": row.topic, "state": row.state, "attempts": row.attempts,
        "created_at": iso(row.created_at), "done_at": iso(row.done_at), "last_error": row.last_error,
    }  # fmt: skip


@get(router, "/webhooks", scope=_SCOPE, answers=a.WebhookList, may_fail=READING, summary="Endpoints")
def list_webhooks(request: HttpRequest) -> Any:
    """Those that are told."""
    return {"items": [_endpoint(row) for row in webhooks.endpoints(actor_of(request))]}


@post(router, "/webhooks", scope=_SCOPE, status=201, answers=a.WebhookMade, summary="Add an endpoint")
def add_webhook(request: HttpRequest, body: i.WebhookIn) -> HttpResponse:
    """The answer holds the signing secret, once."""
    actor = actor_of(request)

    def produce() -> tuple[int, dict[str, Any]]:
        row, secret = webhooks.create(actor, body.url, body.topics or ["*"], body.description)
        return 201, {**_endpoint(row), "secret": secret}

    return answer_once(request, produce)


@delete(
    router, "/webhooks/{endpoint_id}", scope=_SCOPE, answers=a.Webhook, may_fail=READING_ONE,
    summary="Stop telling",
)  # fmt: skip
def disable_webhook(request: HttpRequest, endpoint_id: str) -> Any:
    """Disabled, not forgotten: its deliveries stay readable. Twice changes nothing."""
    return _endpoint(webhooks.disable(actor_of(request), endpoint_id))


@get(
    router, "/webhooks/{endpoint_id}/deliveries", scope=_SCOPE, answers=a.DeliveryPage, may_fail=READING_ONE,
    summary="What was sent",
)  # fmt: skip
def list_deliveries(
    request: HttpRequest,
    endpoint_id: str,
    cursor: Annotated[str, Field(max_length=60)] = "",
    limit: Annotated[int, Field(ge=1, le=200)] = 50,
) -> Any:
    """Newest first."""
    rows = webhooks.deliveries(actor_of(request), endpoint_id, cursor=cursor, limit=limit)
    more = rows[-1].pk if len(rows) == limit else ""
    return {"items": [_delivery(row) for row in rows], "next_cursor": more}


@post(
    router, "/webhooks/{endpoint_id}/test", scope=_SCOPE, status=202, answers=a.Added,
    summary="Send a harmless delivery",
)  # fmt: skip
def send_test(request: HttpRequest, endpoint_id: str) -> HttpResponse:
    """Its type is `webhook.test`. Look at the deliveries to see whether it arrived."""
    actor = actor_of(request)

    def produce() -> tuple[int, dict[str, Any]]:
        return 202, {"id": webhooks.send_test(actor, endpoint_id)}

    return answer_once(request, produce)


@post(
    router, "/webhooks/deliveries/{delivery_id}/redeliver", scope=_SCOPE, status=202, answers=a.Added,
    summary="Send again",
)  # fmt: skip
def redeliver(request: HttpRequest, delivery_id: str) -> HttpResponse:
    """The same event under a new delivery id."""
    actor = actor_of(request)

    def produce() -> tuple[int, dict[str, Any]]:
        return 202, {"id": webhooks.redeliver(actor, delivery_id)}

    return answer_once(request, produce)
