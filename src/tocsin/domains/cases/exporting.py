"""Carrying cases away as a list: within the daily cap, and written down."""

from __future__ import annotations

from tocsin.core.access.check import require
from tocsin.core.access.exports import check_cap
from tocsin.core.act import act
from tocsin.core.actor import Actor
from tocsin.domains.cases import queries
from tocsin.domains.cases.models import Case


def export_queue(actor: Actor, *, desk: str = "", tab: str = "open", severity: str = "") -> list[Case]:
    """The cases of one view of the queue, as many of them as the actor may see.

    Raises:
        AccessDenied: without ``cases.export``, or ``export_cap`` when this and what the actor exported
            before is more than a day's worth. InvalidInput: there is no such view.
    """
    require(actor, "cases.export")
    total = queries.queue(actor, desk=desk, tab=tab, severity=severity, limit=1).total
    check_cap(actor, total)
    found = queries.queue(actor, desk=desk, tab=tab, severity=severity, limit=total).items if total else []
    with act(actor, "case.export") as work:
        work.fact("cases.queue", tab, desk=desk, severity=severity, cases=[case.pk for case in found])
    return found
