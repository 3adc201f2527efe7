"""E-mails to staff: privacy officers hear at once that somebody went beyond their own access, or tried to;
whoever must act hears that work is late.

An e-mail says that there is something to look at and where. What it is about stays in the console, where
looking leaves a trace as well.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils import timezone

from tocsin.core.crypto.seal import seal
from tocsin.core.outbox.models import OutboxMessage
from tocsin.core.outbox.parcels import SEALED_AS, address_of
from tocsin.core.outbox.publish import send
from tocsin.core.outbox.registry import on
from tocsin.domains.staff.models import Staff

_SUBJECT = "Tocsin: something to review in the access log"
_LINK = "Open {link} to read who it was, and why."


@address_of("staff")
def _address(staff_id: str) -> str:
    return Staff.objects.filter(pk=staff_id, is_active=True).values_list("email", flat=True).first() or ""


@on("access.break_glass_opened", "staff.tell_of_glass")
def glass_opened(data: Mapping[str, Any]) -> None:
    """The glass was broken: whoever reviews it hears of it now."""
    _tell("Somebody has just broken the glass. Their use of it waits for your review.", data["glass"])


@on("access.break_glass_overdue", "staff.tell_of_overdue_glass")
def glass_overdue(data: Mapping[str, Any]) -> None:
    """A use was not reviewed in time."""
    _tell("A use of break-glass has waited too long for its review.", f"{data['glass']}:overdue")


@on("access.refusal_alert", "staff.tell_of_refusal")
@on("access.refusals_burst", "staff.tell_of_refusals")
def refused(data: Mapping[str, Any]) -> None:
    """A grave refusal, or many in a short while."""
    _tell("Somebody was refused what they may not see or do.", data["refusal"])


def _tell(what: str, key: str) -> None:
    text = f"{what}\n\n{_LINK.format(link=f'{settings.TOCSIN_PUBLIC_URL}/console/access/')}\n"
    for officer in Staff.objects.filter(is_active=True, roles__contains=["privacy_officer"]).order_by("pk"):
        write(officer, "access.notice", _SUBJECT, text, key=key)


def write(
    staff: Staff, topic: str, subject: str, text: str, *, key: str, not_before: dt.datetime | None = None
) -> None:
    """One e-mail to a member of staff; the same ``key`` again sends none. Nothing of a case belongs in it."""
    scope = f"staff:{staff.pk}"
    send(
        OutboxMessage.Kind.EMAIL, topic, scope, key=_key(topic, key, staff), not_before=not_before,
        body_sealed=seal(scope, SEALED_AS, json.dumps({"subject": subject, "text": text})), key_scope=scope,
    )  # fmt: skip


def write_at_most_hourly(staff: Staff, topic: str, subject: str, text: str) -> None:
    """The same, for what may happen often: the first of an hour at once, all that follow in it at its end."""
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    if OutboxMessage.objects.filter(idempotency_key=_key(topic, hour.isoformat(), staff)).exists():
        hour += dt.timedelta(hours=1)
    write(staff, topic, subject, text, key=hour.isoformat(), not_before=max(hour, timezone.now()))


def _key(topic: str, key: str, staff: Staff) -> str:
    return f"{topic}:{key}:{staff.pk}"
