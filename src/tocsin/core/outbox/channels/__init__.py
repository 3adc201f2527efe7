"""The ways out: one function a kind of message. It sends a parcel and says how it went, without the
database."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.core.outbox.channels.decide import send_event
from tocsin.core.outbox.channels.email import send_email
from tocsin.core.outbox.channels.sms import send_sms
from tocsin.core.outbox.channels.webhook import send_webhook
from tocsin.core.outbox.models import OutboxMessage
from tocsin.core.outbox.parcels import Outcome, Parcel

Channel = Callable[[Parcel], Outcome]

_channels: dict[str, Channel] = {
    OutboxMessage.Kind.EMAIL: send_email,
    OutboxMessage.Kind.EVENT: send_event,
    OutboxMessage.Kind.SMS: send_sms,
    OutboxMessage.Kind.WEBHOOK: send_webhook,
}


def use(kind: str, channel: Channel) -> None:
    """Send messages of a kind another way, as a carrier's adapter does for text messages."""
    _channels[kind] = channel


def channel_for(kind: str) -> Channel:
    """The way out for a kind."""
    return _channels[kind]
