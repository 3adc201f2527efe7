"""Reads of order verification."""

from __future__ import annotations

from django.db.models import Prefetch

from tocsin.core.access.check import Scope, require
from tocsin.core.actor import Actor
from tocsin.domains.people import reach
from tocsin.domains.people.models import Order
from tocsin.domains.verification.models import Verification, VerificationResult


def of_order(actor: Actor, order: str) -> list[Verification]:
    """What an order had to be, or was, verified by; its results are prefetched, the oldest first.

    Raises:
        AccessDenied: without ``entities.view``, or where the order itself may not be seen.
    """
    require(actor, "entities.view")
    held = Order.objects.select_related("customer", "shopper").filter(external_id=order).first()
    if held is not None:
        reach.require_thing(actor, held)
    results = VerificationResult.objects.order_by("told_at", "id")
    rows = list(
        Verification.objects.filter(order_ref=order)
        .order_by("kind")
        .prefetch_related(Prefetch("results", results))
    )
    for row in rows:
        require(actor, "entities.view", _scope_of(row, actor, known=held is not None))
    return rows


def _scope_of(row: Verification, actor: Actor, *, known: bool) -> Scope:
    """Where a verification belongs: to the region of its order, which was looked at when the order is known,
    and to the accounts it names."""
    near = not actor.kept_from.isdisjoint({f"customer:{row.customer}", f"shopper:{row.shopper}"})
    return Scope(
        region="" if known else row.region,
        data_class="P2",
        walled_off=frozenset({actor.id}) if near else frozenset(),
    )
