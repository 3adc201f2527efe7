"""A message made ready to leave the house: all opened and looked up, so that sending needs no database."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings

from tocsin.core.access.house_key import house_token
from tocsin.core.crypto.seal import Shredded, open_text
from tocsin.core.outbox.models import OutboxMessage, WebhookEndpoint

#: The name under which a message's body is sealed: ``seal(key_scope, SEALED_AS, json)``.
SEALED_AS = "outbox"
#: The name under which an endpoint's secret is sealed, in the scope ``webhook:<id>``.
SECRET_SEALED_AS = "secret"  # noqa: S105 (a field's name)


class Undeliverable(Exception):
    """It can never be delivered: the person was erased, or the endpoint is gone."""


@dataclass(frozen=True)
class Parcel:
    """One delivery. ``body`` is what the sealed body held; ``data`` ids and codes; ``to`` the address."""

    id: str
    kind: str
    topic: str
    destination: str
    key: str
    created_at: dt.datetime
    to: str
    data: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, str] = field(default_factory=dict)
    secret: str = ""


@dataclass(frozen=True)
class Outcome:
    """How one try went.

    Attributes:
        result: ``done``; ``later`` (try again); ``never`` (trying again would change nothing).
        error: what went wrong, without personal values.
        wait: how long the receiver asked us to wait.
        troubled: the destination itself does not work, so its other messages wait as well.
        gone: the receiver wants no more.
    """

    result: str
    error: str = ""
    wait: dt.timedelta | None = None
    troubled: bool = False
    gone: bool = False


DONE = Outcome("done")

AddressBook = Callable[[str], str]
_address_books: dict[str, AddressBook] = {}


def address_of(prefix: str) -> Callable[[AddressBook], AddressBook]:
    """Register who knows the address behind a destination such as ``contact:<id>``.

    The function gets what follows the colon, and returns the e-mail address or phone number, or an empty
    string when there is none any more. Addresses are personal, so messages name them only this way or
    inside a sealed body.
    """

    def register(book: AddressBook) -> AddressBook:
        _address_books[prefix] = book
        return book

    return register


def prepare(message: OutboxMessage) -> Parcel:
    """Open a message.

    Raises:
        Undeliverable: see there.
    """
    try:
        if message.kind == OutboxMessage.Kind.WEBHOOK:
            return _webhook(message)
        if message.kind == OutboxMessage.Kind.EVENT:
            return _event(message)
        return _letter(message)
    except Shredded as error:
        raise Undeliverable("The person's data was erased, so there is nothing to send.") from error


def _event(message: OutboxMessage) -> Parcel:
    parcel = _parcel(message, to=f"{settings.TOCSIN_DECIDE_URL}/v1/events", secret=house_token())
    sealed = json.loads(open_text(message.key_scope, SEALED_AS, message.body_sealed) or "{}")
    return replace(parcel, data={**message.data, **sealed})


def _webhook(message: OutboxMessage) -> Parcel:
    endpoint = WebhookEndpoint.objects.filter(pk=message.destination).first()
    if endpoint is None or endpoint.disabled_at is not None:
        raise Undeliverable("The endpoint is disabled.")
    secret = open_text(f"webhook:{endpoint.pk}", SECRET_SEALED_AS, endpoint.secret_sealed)
    return _parcel(message, to=endpoint.url, secret=secret)


def _letter(message: OutboxMessage) -> Parcel:
    body = json.loads(open_text(message.key_scope, SEALED_AS, message.body_sealed) or "{}")
    to = str(body.get("to") or "")
    if not to:
        prefix, _, name = message.destination.partition(":")
        book = _address_books.get(prefix)
        to = book(name) if book is not None else ""
    if not to:
        raise Undeliverable("There is no address to send to.")
    return _parcel(message, to=to, body={name: str(value) for name, value in body.items()})


def _parcel(
    message: OutboxMessage, *, to: str, body: Mapping[str, str] | None = None, secret: str = ""
) -> Parcel:
    return Parcel(
        id=message.pk, kind=message.kind, topic=message.topic, destination=message.destination,
        key=message.idempotency_key, created_at=message.created_at, to=to, data=message.data, body=body or {},
        secret=secret,
    )  # fmt: skip
