"""Telling privacy officers at once that somebody went beyond their own access, or tried to.

The e-mail says that there is something to look at and where. Who it was and what they opened stays in the
console, where looking leaves a trace as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings

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
    """One e-mail to each privacy officer; handling the event again sends none."""
    text = f"{what}\n\n{_LINK.format(link=f'{settings.TOCSIN_PUBLIC_URL}/console/access/')}\n"
    body = json.dumps({"subject": _SUBJECT, "text": text})
    for officer in Staff.objects.filter(is_active=True, roles__contains=["privacy_officer"]).order_by("pk"):
        scope = f"staff:{officer.pk}"
        send(
            OutboxMessage.Kind.EMAIL, "access.notice", scope, key=f"access.notice:{key}:{officer.pk}",
            body_sealed=seal(scope, SEALED_AS, body), key_scope=scope,
        )  # fmt: skip
