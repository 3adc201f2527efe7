"""What order verification does when something happens below: rules demand it, orders are delivered, time
passes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from tocsin.core.act import Work, act
from tocsin.core.actor import system
from tocsin.core.clocks.models import Clock
from tocsin.core.clocks.service import on_breach
from tocsin.domains.detection.models import Event
from tocsin.domains.detection.records import Record
from tocsin.domains.detection.ship import follow
from tocsin.domains.verification import actions
from tocsin.domains.verification.models import Verification

_ME = system("verification")
#: What a rule asks for, and the kind of verification it means.
DEMANDS = {f"verify_{kind}": kind for kind in Verification.Kind.values}

_ENDS = frozenset({"order.delivered", "order.cancelled"})
#: What is told so long after it happened is history, or was held up: nobody is at the door any more.
_HISTORY = dt.timedelta(days=1)


@follow
def keep_demands(records: Sequence[Record]) -> None:
    """Keep what rules demanded, begin to wait for results when orders are delivered, and wait no more when
    they are cancelled, in the transaction that ships the log."""
    of_interest = [one for one in records if one.type in _ENDS or (_demanded(one) and not _is_history(one))]
    if not of_interest:
        return
    with act(_ME, "verification.follow") as work:
        for record in of_interest:
            if not _is_history(record):
                _keep(work, record)
            _at_its_end(work, record)


def _keep(work: Work, record: Record) -> None:
    """Keep what the answer to an event demands, also when the order has ended already: delivered, it is
    waited for at once; cancelled, there is nothing to demand."""
    for kind, order in _demanded(record):
        ended = _end_before(record, order)
        if ended == "order.cancelled":
            continue
        actions.demand(
            work, order, kind, entities=record.entities, region=record.region,
            reason_code=str(record.reasons[0]["code"]) if record.reasons else "",
        )  # fmt: skip
        if ended == "order.delivered":
            actions.await_result(work, order, "")


def _end_before(record: Record, order: str) -> str:
    """The type of the event that ended the order before this one, empty when it goes on."""
    ends = Event.objects.filter(order=order, type__in=_ENDS, seq__lt=record.seq)
    return ends.order_by("-ts", "-seq").values_list("type", flat=True).first() or ""


def _is_history(record: Record) -> bool:
    return record.received_at - record.ts > _HISTORY


def _at_its_end(work: Work, record: Record) -> None:
    order = record.entities.get("order", "")
    if record.type == "order.delivered":
        actions.await_result(work, order, record.entities.get("shopper", ""))
    elif record.type == "order.cancelled":
        actions.drop(work, order)


def _demanded(record: Record) -> list[tuple[str, str]]:
    """(kind, order) of each verification that the answer to an event demands."""
    return [
        (DEMANDS[asked["type"]], str(asked["target"]["id"]))
        for asked in record.actions
        if asked["type"] in DEMANDS and asked["target"]["kind"] == "order"
    ]


@on_breach("escalate", subject_type="verification")
def no_result(clock: Clock, work: Work) -> None:
    """The order was delivered, and nobody said how the verification went."""
    actions.stays_away(work, clock.subject_id)
