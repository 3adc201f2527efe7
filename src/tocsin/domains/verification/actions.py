"""Writes of order verification: it is demanded, its result is told, it stays away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.clocks import service as clocks
from tocsin.core.errors import Conflict, InvalidInput
from tocsin.core.ids import new_id
from tocsin.core.locks import lock
from tocsin.core.packs.today import required
from tocsin.domains.detection.models import Event
from tocsin.domains.detection.telling import tell_engine
from tocsin.domains.people.models import Order
from tocsin.domains.verification.models import Verification, VerificationResult

#: How far ahead of ours the marketplace's clock may be.
_AHEAD = dt.timedelta(minutes=5)
_STATE = Verification.State
#: These events say who carries an order.
_CARRIED = ("order.assigned", "order.picked", "order.delivered")


@dataclass(frozen=True, slots=True)
class Told:
    """One result, as the marketplace tells it. See :class:`VerificationResult`."""

    external_id: str
    outcome: str
    method: str
    attempts: int
    at: dt.datetime
    evidence_sha256: str = ""


def demand(
    work: Work, order: str, kind: str, *, entities: Mapping[str, str], region: str, reason_code: str
) -> Verification:
    """A rule wants an order verified. Demanding it again, or after it was done, changes nothing but that it
    is known to have been demanded. The marketplace is told, unless it has passed already."""
    row, new = _locked(work, order, kind)
    if row.demanded_at is not None:
        return row
    row.demanded_at, row.reason_code = timezone.now(), reason_code[:10]
    row.region = row.region or region[:20]
    row.customer = row.customer or entities.get("customer", "")
    row.shopper = row.shopper or entities.get("shopper", "")
    if new:
        row.state = _STATE.DEMANDED
    work.save(row, "verification.demand")
    if row.state == _STATE.PASSED:
        return row
    work.emit(
        "verification.demanded",
        {"verification_id": row.pk, "order": order, "kind": kind, "reason_code": row.reason_code},
        key=row.pk,
    )
    return row


def tell(actor: Actor, order: str, kind: str, told: Told) -> Verification:
    """Store a result. The same one again gives the same answer and changes nothing.

    A failed verification raises an alert, through the rules. What was missing or has failed may still pass;
    what has passed is settled.

    Raises:
        AccessDenied. InvalidInput: a time that cannot be.
        Conflict: another result has this ``external_id``, or the verification has passed already.
    """
    require(actor, "entities.write")
    _check_time(told.at)
    with act(actor, "verification.tell") as work:
        lock("verification result", told.external_id)
        present = VerificationResult.objects.filter(external_id=told.external_id).first()
        if present is not None:
            return _again(present, order, kind, told)
        row, _ = _locked(work, order, kind)
        if row.state == _STATE.PASSED:
            raise Conflict(
                "This verification has passed already.", "Nothing was changed. There is nothing to send.",
                code="already_passed",
            )  # fmt: skip
        row.state, row.settled_at = _STATE(told.outcome), timezone.now()
        row.attempts += told.attempts
        row.shopper = _shopper_of(order) or row.shopper
        work.save(row, "verification.settle", outcome=told.outcome)
        result = VerificationResult(
            id=new_id("vrs"), verification=row, told_at=row.settled_at, told_by=actor.ref, **asdict(told)
        )
        work.save(result, "verification.result")
        clocks.meet(work, "verification", row.pk, "report")
        _tell_engine(row, key=result.pk)
    return row


def await_result(work: Work, order: str, shopper: str) -> None:
    """The order was delivered: from now on the results it still lacks are late after the packs' time.
    ``shopper``: who delivered it, empty when that was not said."""
    waiting = Verification.objects.select_for_update().filter(order_ref=order, state=_STATE.DEMANDED)
    for row in waiting.order_by("kind"):
        if shopper and shopper != row.shopper:
            work.watch(row)
            row.shopper = shopper
            work.save(row, "verification.shopper")
        clocks.start(
            work,
            required("verification.report", row.region),
            subject_type="verification",
            subject_id=row.pk,
            zone=_zone(order),
            region=row.region,
            name="report",
        )


def drop(work: Work, order: str) -> None:
    """The order was cancelled: nothing is waited for any more."""
    waiting = Verification.objects.select_for_update().filter(order_ref=order, state=_STATE.DEMANDED)
    for row in waiting.order_by("kind"):
        work.watch(row)
        row.state, row.settled_at = _STATE.DROPPED, timezone.now()
        work.save(row, "verification.drop")
        clocks.cancel(work, "verification", row.pk, because="the order was cancelled")


def stays_away(work: Work, verification_id: str) -> None:
    """No result came in time. An alert follows, through the rules."""
    row = work.lock(Verification, verification_id)
    if row.state != _STATE.DEMANDED:
        return
    row.state, row.settled_at = _STATE.MISSING, timezone.now()
    row.shopper = _shopper_of(row.order_ref) or row.shopper
    work.save(row, "verification.missing")
    _tell_engine(row, key=f"{row.pk}:missing")


def _locked(work: Work, order: str, kind: str) -> tuple[Verification, bool]:
    """The verification, locked; or a new one, not yet saved."""
    lock("verification", order, kind)
    row = Verification.objects.filter(order_ref=order, kind=kind).first()
    if row is not None:
        return work.lock(Verification, row.pk), False
    held = Order.objects.select_related("customer", "shopper").filter(external_id=order).first()
    fresh = Verification(id=new_id("ver"), order_ref=order, kind=Verification.Kind(kind))
    if held is not None:
        fresh.region = held.region
        fresh.customer = held.customer.external_id if held.customer else ""
        fresh.shopper = held.shopper.external_id if held.shopper else ""
    return fresh, True


def _again(present: VerificationResult, order: str, kind: str, told: Told) -> Verification:
    row = present.verification
    first = {name: getattr(present, name) for name in asdict(told)}
    if (row.order_ref, row.kind, first) != (order, kind, asdict(told)):
        raise Conflict(
            f"Another result was told as {told.external_id}.",
            "Nothing was changed. Give every result an id of its own.", code="external_id_used",
        )  # fmt: skip
    return row


def _check_time(at: dt.datetime) -> None:
    if at > timezone.now() + _AHEAD:
        wrong = "This lies in the future."
        raise InvalidInput("The result was not stored.", "Mend what is marked.", fields={"at": wrong})


def _tell_engine(row: Verification, *, key: str) -> None:
    who = {"order": row.order_ref, "customer": row.customer, "shopper": row.shopper}
    tell_engine(
        "order.verified",
        timezone.now(),
        {kind: ident for kind, ident in who.items() if ident},
        key=key,
        fields={"verification": str(row.kind), "outcome": str(row.state), "attempts": row.attempts},
        region=row.region,
    )


def _shopper_of(order: str) -> str:
    """Who carries the order now, or delivered it: as its newest event says, else as the order is known; empty
    when nobody does yet. Orders are handed from one shopper to another after they were placed."""
    carried = Event.objects.filter(order=order, type__in=_CARRIED, shopper__isnull=False)
    newest = carried.order_by("-ts", "-seq").values_list("shopper", flat=True).first()
    if newest:
        return newest
    held = Order.objects.select_related("shopper").filter(external_id=order).first()
    return held.shopper.external_id if held is not None and held.shopper is not None else ""


def _zone(order: str) -> str:
    held = Order.objects.filter(external_id=order).first()
    return held.zone if held is not None else "UTC"
