"""Webhook endpoints and their deliveries."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from tocsin.core.outbox import webhooks
from tocsin.core.outbox.models import OutboxMessage, WebhookEndpoint
from tocsin.surfaces.api import schemas as s
from tocsin.surfaces.api.auth import Key, actor_of
from tocsin.surfaces.api.idempotent import answer_once
from tocsin.surfaces.api.problems import ERRORS
from tocsin.surfaces.api.views import iso

router = Router(tags=["webhooks"])


def _endpoint(row: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": row.pk,
        "url": row.url,
        "topics": row.topics,
        "description": row.description,
        "created_at": iso(row.created_at),
        "disabled_at": iso(row.disabled_at),
    }


def _delivery(row: OutboxMessage) -> dict[str, Any]:
    return {
        "id": row.pk,
        "topic": row.topic,
        "state": row.state,
        "attempts": row.attempts,
        "created_at": iso(row.created_at),
        "done_at": iso(row.done_at),
        "last_error": row.last_error,
    }


@router.get(
    "/webhooks", response={200: s.WebhookList, **ERRORS}, auth=Key("webhooks:manage"), summary="Endpoints"
)
def list_webhooks(request: HttpRequest) -> Any:
    """Those that are told."""
    return 200, {"items": [_endpoint(row) for row in webhooks.endpoints(actor_of(request))]}


@router.post(
    "/webhooks",
    response={201: s.WebhookMade, **ERRORS},
    auth=Key("webhooks:manage"),
    summary="Add an endpoint",
)
def add_webhook(request: HttpRequest, body: s.WebhookIn) -> HttpResponse:
    """The answer holds the signing secret, once."""
    actor = actor_of(request)

    def produce() -> tuple[int, dict[str, Any]]:
        row, secret = webhooks.create(actor, body.url, body.topics or ["*"], body.description)
        return 201, {**_endpoint(row), "secret": secret}

    return answer_once(request, produce)


@router.delete(
    "/webhooks/{endpoint_id}",
    response={200: s.WebhookOut, **ERRORS},
    auth=Key("webhooks:manage"),
    summary="Stop telling",
)
def disable_webhook(request: HttpRequest, endpoint_id: str) -> Any:
    """Disabled, not forgotten: its deliveries stay readable. Twice changes nothing."""
    return 200, _endpoint(webhooks.disable(actor_of(request), endpoint_id))


@router.get(
    "/webhooks/{endpoint_id}/deliveries",
    response={200: s.DeliveryPage, **ERRORS},
    auth=Key("webhooks:manage"),
    summary="What was sent",
)
def list_deliveries(
    request: HttpRequest,
    endpoint_id: str,
    cursor: str = Query("", max_length=40),
    limit: int = Query(50, ge=1, le=200),
) -> Any:
    """Newest first."""
    rows = webhooks.deliveries(actor_of(request), endpoint_id, cursor=cursor, limit=limit)
    return 200, {"items": [_delivery(row) for row in rows]}


@router.post(
    "/webhooks/deliveries/{delivery_id}/redeliver",
    response={202: dict[str, str], **ERRORS},
    auth=Key("webhooks:manage"),
    summary="Send again",
)
def redeliver(request: HttpRequest, delivery_id: str) -> HttpResponse:
    """The same body under a new delivery id."""
    actor = actor_of(request)

    def produce() -> tuple[int, dict[str, Any]]:
        return 202, {"id": webhooks.redeliver(actor, delivery_id)}

    return answer_once(request, produce)
