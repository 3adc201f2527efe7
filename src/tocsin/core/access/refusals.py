"""Refusals are written down, and a burst of them is told to the privacy officer."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from tocsin.core.access.models import Refusal
from tocsin.core.actor import system
from tocsin.core.errors import AccessDenied
from tocsin.core.ids import new_id

#: So many refusals of one actor within the window raise one alert [D].
BURST = 5
WINDOW = dt.timedelta(minutes=10)


def record_refusal(actor_ref: str, error: AccessDenied, *, purpose: str = "", path: str = "") -> Refusal:
    """Write one refusal, with its audit entry; raise ``access.refusals_burst`` when they pile up.

    Called by surfaces after the refused act's transaction is gone, so that the refusal itself stays.
    """
    from tocsin.core.act import act

    now = timezone.now()
    with act(system("access"), "access.refused") as work:
        refusal = Refusal(
            id=new_id("ref"), at=now, actor=actor_ref[:80], purpose=purpose, permission=error.permission,
            reason=(error.reason or error.what)[:200], path=path[:300],
        )  # fmt: skip
        recent = Refusal.objects.filter(actor=refusal.actor, at__gte=now - WINDOW)
        burst = recent.count() + 1 >= BURST and not recent.filter(alerted_at__isnull=False).exists()
        if burst:
            refusal.alerted_at = now
            work.emit("access.refusals_burst", {"actor": refusal.actor, "refusal": refusal.id})
        work.save(refusal, by=actor_ref, permission=error.permission, reason=refusal.reason)
    return refusal
