"""Refusals are written down; grave ones and bursts of them are told to the privacy officer."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.access.models import Refusal
from tocsin.core.act import act
from tocsin.core.actor import Actor, system
from tocsin.core.crypto.typed_text import open_all
from tocsin.core.errors import AccessDenied
from tocsin.core.ids import new_id

#: So many refusals of one actor within the window raise one alert [D].
BURST = 5
WINDOW = dt.timedelta(minutes=10)

#: Reasons that are told at once: nobody runs into these by a slip of the mouse.
AT_ONCE = frozenset({"export_cap", "walled_off"})


def record_refusal(actor_ref: str, error: AccessDenied, *, purpose: str = "", path: str = "") -> Refusal:
    """Write one refusal, with its audit entry.

    Emits ``access.refusals_burst`` when they pile up and ``access.refusal_alert`` when the reason is grave.
    Called by surfaces after the refused act's transaction is gone, so that the refusal itself stays.
    """
    now = timezone.now()
    refusal = Refusal(
        id=new_id("ref"), at=now, actor=actor_ref[:80], purpose=purpose[:40],
        permission=error.permission[:60], reason=(error.reason or error.what)[:200],
    )  # fmt: skip
    refusal.path = path[:300]
    told = {"actor": refusal.actor, "refusal": refusal.pk}
    with act(system("access"), "access.refused") as work:
        recent = Refusal.objects.filter(actor=refusal.actor, at__gt=now - WINDOW)
        if error.reason in AT_ONCE:
            refusal.alerted_at = now
            work.emit("access.refusal_alert", told | {"reason": error.reason})
        elif recent.count() + 1 >= BURST and not recent.filter(alerted_at__isnull=False).exists():
            refusal.alerted_at = now
            work.emit("access.refusals_burst", told)
        work.save(refusal, by=actor_ref, permission=error.permission, reason=refusal.reason)
    return refusal


def refusals(actor: Actor, *, of: str = "", limit: int = 100) -> list[Refusal]:
    """The latest refusals, newest first; ``of`` is one actor's reference.

    Raises:
        AccessDenied: without ``access.view_log``.
    """
    require(actor, "access.view_log")
    rows = Refusal.objects.order_by("-at")
    return open_all(list((rows.filter(actor=of) if of else rows)[:limit]), "path")
