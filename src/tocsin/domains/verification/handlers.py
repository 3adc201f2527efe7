"""What order verification does when something happens below: rules demand it, orders are delivered, time
passes."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.core.act import Work, act
from tocsin.core.actor import system
from tocsin.core.clocks.models import Clock
from tocsin.core.clocks.service import on_breach
from tocsin.domains.detection.records import Record
from tocsin.domains.detection.ship import follow
from tocsin.domains.verification import actions
from tocsin.domains.verification.models import Verification

_ME = system("verification")
#: What a rule asks for, and the kind of verification it means.
DEMANDS = {f"verify_{kind}": kind for kind in Verification.Kind.values}


@follow
def keep_demands(records: Sequence[Record]) -> None:
    """Keep what rules demanded and begin to wait for results when orders are delivered, in the transaction
    that ships the log."""
    of_interest = [one for one in records if one.type == "order.delivered" or _demanded(one)]
    if not of_interest:
        return
    with act(_ME, "verification.follow") as work:
        for record in of_interest:
            for kind, order in _demanded(record):
                actions.demand(
                    work, order, kind, entities=record.entities, region=record.region,
                    reason_code=str(record.reasons[0]["code"]) if record.reasons else "",
                )  # fmt: skip
            if record.type == "order.delivered" and "order" in record.entities:
                actions.await_result(work, record.entities["order"], record.entities.get("shopper", ""))


def _demanded(record: Record) -> list[tuple[str, str]]:
    """(kind, order) of each verification that the answer to an event demands."""
    return [
        (DEMANDS[asked["type"]], str(asked["target"]["id"]))
        for asked in record.actions
        if asked["type"] in DEMANDS
    ]


@on_breach("escalate", subject_type="verification")
def no_result(clock: Clock, work: Work) -> None:
    """The order was delivered, and nobody said how the verification went."""
    actions.stays_away(work, clock.subject_id)
