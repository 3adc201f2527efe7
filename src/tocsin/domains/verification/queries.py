"""Reads of order verification."""

from __future__ import annotations

from django.db.models import Prefetch

from tocsin.core.access.check import require
from tocsin.core.actor import Actor
from tocsin.domains.verification.models import Verification, VerificationResult


def of_order(actor: Actor, order: str) -> list[Verification]:
    """What an order had to be, or was, verified by; its results are prefetched, the oldest first.

    Raises:
        AccessDenied: without ``entities.view``.
    """
    require(actor, "entities.view")
    results = VerificationResult.objects.order_by("told_at", "id")
    rows = Verification.objects.filter(order_ref=order).order_by("kind")
    return list(rows.prefetch_related(Prefetch("results", results)))
