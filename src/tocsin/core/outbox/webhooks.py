"""Webhooks: who wants to be told, and telling them.

The data of the public topics is a contract with the marketplace: what a domain emits under one of these
names goes out as it is. It holds ids and codes, never personal values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.conf import settings
from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import act
from tocsin.core.actor import Actor, system
from tocsin.core.crypto.seal import seal
from tocsin.core.errors import Conflict, InvalidInput, NotFound
from tocsin.core.ids import new_id
from tocsin.core.outbox.channels.webhook import outbound
from tocsin.core.outbox.models import OutboxMessage, WebhookEndpoint
from tocsin.core.outbox.outbound import Forbidden
from tocsin.core.outbox.parcels import SECRET_SEALED_AS
from tocsin.core.outbox.publish import send
from tocsin.core.outbox.registry import on
from tocsin.core.outbox.signing import new_secret

#: What the marketplace can be told. ``*`` in an endpoint's topics stands for all of them.
PUBLIC_TOPICS = (
    "action.requested",
    "action.reversed",
    "appeal.decided",
    "case.closed",
    "case.opened",
    "decision.issued",
    "notice.issued",
    "report.received",
    "verification.demanded",
)
TEST_TOPIC = "webhook.test"
_PERMISSION = "webhooks.manage"


def create(
    actor: Actor, url: str, topics: Sequence[str], description: str = ""
) -> tuple[WebhookEndpoint, str]:
    """Add an endpoint. Returns it and its signing secret, which cannot be seen again.

    Raises:
        AccessDenied. InvalidInput: an address we do not call, or topics that do not exist.
    """
    require(actor, _PERMISSION)
    fields = _problems(url, topics)
    if fields:
        raise InvalidInput("This endpoint cannot be added.", " ".join(fields.values()), fields=fields)
    secret = new_secret()
    with act(actor, "webhook.create") as work:
        endpoint_id = new_id("whk")
        endpoint = WebhookEndpoint(
            id=endpoint_id,
            url=url,
            topics=sorted(set(topics)),
            secret_sealed=seal(f"webhook:{endpoint_id}", SECRET_SEALED_AS, secret),
            description=description.strip()[:200],
            created_at=timezone.now(),
            created_by=actor.ref,
        )
        work.save(endpoint)
    return endpoint, secret


def endpoints(actor: Actor, *, disabled: bool = False) -> list[WebhookEndpoint]:
    """All endpoints in use, or with ``disabled`` the others too, newest first."""
    require(actor, _PERMISSION)
    rows = WebhookEndpoint.objects.order_by("-created_at", "-id")
    return list(rows if disabled else rows.filter(disabled_at=None))


def endpoint(actor: Actor, endpoint_id: str) -> WebhookEndpoint:
    """One endpoint.

    Raises:
        AccessDenied, NotFound.
    """
    require(actor, _PERMISSION)
    found = WebhookEndpoint.objects.filter(pk=endpoint_id).first()
    if found is None:
        raise NotFound("There is no such webhook endpoint.", "Look at the list of endpoints.")
    return found


def disable(actor: Actor, endpoint_id: str) -> WebhookEndpoint:
    """Tell this endpoint nothing more. Doing so twice changes nothing."""
    require(actor, _PERMISSION)
    with act(actor, "webhook.disable") as work:
        row = work.lock(WebhookEndpoint, endpoint_id)
        if row.disabled_at is None:
            row.disabled_at = timezone.now()
            work.save(row)
    return row


def disable_gone(endpoint_id: str) -> None:
    """The receiver answered that it wants no more."""
    disable(system("outbox"), endpoint_id)


def send_test(actor: Actor, endpoint_id: str) -> str:
    """Send a harmless delivery to see whether it arrives; returns its id.

    Raises:
        AccessDenied, NotFound. Conflict: the endpoint is disabled.
    """
    row = endpoint(actor, endpoint_id)
    _must_be_enabled(row)
    key = new_id("evt")
    with act(actor, "webhook.test") as work:
        _queue(row, TEST_TOPIC, {"endpoint": row.pk}, key)
        work.note(row, detail={"event": key})
    return OutboxMessage.objects.get(idempotency_key=_key(row, key)).pk


def deliveries(actor: Actor, endpoint_id: str, *, cursor: str = "", limit: int = 50) -> list[OutboxMessage]:
    """What went or is about to go to one endpoint, newest first. ``cursor``: last id of the page before."""
    row = endpoint(actor, endpoint_id)
    sent = OutboxMessage.objects.filter(kind=OutboxMessage.Kind.WEBHOOK, destination=row.pk)
    if cursor:
        sent = sent.filter(pk__lt=cursor)
    return list(sent.order_by("-id")[:limit])


def redeliver(actor: Actor, delivery_id: str) -> str:
    """Send the event of a delivery again, as a delivery of its own; returns the new delivery's id.

    The event keeps its ``id``, by which a receiver knows that it has had it before.

    Raises:
        AccessDenied, NotFound. Conflict: the endpoint is disabled.
    """
    require(actor, _PERMISSION)
    first = OutboxMessage.objects.filter(pk=delivery_id, kind=OutboxMessage.Kind.WEBHOOK).first()
    if first is None:
        raise NotFound("There is no such delivery.", "Look at the deliveries of the endpoint.")
    row = endpoint(actor, first.destination)
    _must_be_enabled(row)
    with act(actor, "webhook.redeliver") as work:
        key = new_id("evt")
        send(OutboxMessage.Kind.WEBHOOK, first.topic, row.pk, key=_key(row, key), data=first.data)
        work.note(row, detail={"delivery": first.pk})
    return OutboxMessage.objects.get(idempotency_key=_key(row, key)).pk


def fan_out(topic: str, data: Mapping[str, Any], key: str) -> int:
    """Queue one delivery for every endpoint that wants the topic, in the caller's transaction.

    ``key`` makes it unique: the same topic and key are queued once. Returns how many endpoints want it.
    """
    wanted = [
        row
        for row in WebhookEndpoint.objects.filter(disabled_at=None).order_by("id")
        if topic in row.topics or "*" in row.topics
    ]
    for row in wanted:
        _queue(row, topic, data, f"{topic}:{key}")
    return len(wanted)


def _queue(row: WebhookEndpoint, topic: str, data: Mapping[str, Any], key: str) -> None:
    event = {
        "id": new_id("evt"),
        "type": topic,
        "created_at": timezone.now().isoformat(timespec="milliseconds"),
        "data": dict(data),
    }
    send(OutboxMessage.Kind.WEBHOOK, topic, row.pk, key=_key(row, key), data=event)


def _key(row: WebhookEndpoint, key: str) -> str:
    return f"webhook:{row.pk}:{key}"


def _must_be_enabled(row: WebhookEndpoint) -> None:
    if row.disabled_at is not None:
        raise Conflict("This endpoint is disabled.", "Add it again to get a new secret.")


def _problems(url: str, topics: Sequence[str]) -> dict[str, str]:
    problems: dict[str, str] = {}
    try:
        outbound(tuple(settings.TOCSIN_OUTBOUND_ALLOW)).check(url)
    except Forbidden as error:
        problems["url"] = str(error)
    if len(url) > 500:
        problems["url"] = "An address has at most 500 characters."
    unknown = sorted(set(topics) - set(PUBLIC_TOPICS) - {"*"})
    if unknown or not topics:
        problems["topics"] = f"Choose from {', '.join(PUBLIC_TOPICS)}, or * for all."
    return problems


def register() -> None:
    """Listen to the public topics. Called once when the app starts."""
    for topic in PUBLIC_TOPICS:
        on(topic, "webhooks.fan_out")(partial(_tell, topic))


def _tell(topic: str, data: Mapping[str, Any]) -> None:
    # the handler's own message is delivered once, so its event needs no key of its own
    fan_out(topic, data, new_id("evt"))
