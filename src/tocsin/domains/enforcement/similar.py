"""How cases about the same violation ended: what consistency is measured by, never a rule."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count
from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.actor import Actor
from tocsin.domains.cases.access import visible
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement.ladder_steps import STEPS
from tocsin.domains.enforcement.models import Decision

#: Older decisions were made under other circumstances.
_SINCE = dt.timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Ended:
    """One way similar cases ended in the last year, and how many did."""

    label: str
    count: int


def under(actor: Actor, violation_code: str) -> list[Ended]:
    """The steps taken for this violation in cases the actor may know of, the most frequent first."""
    require(actor, "cases.view")
    rows = Decision.objects.filter(
        violation_code=violation_code,
        decided_at__gte=timezone.now() - _SINCE,
        state=Decision.State.IN_FORCE,
        case__in=Case.objects.filter(visible(actor)),
    )
    counted = rows.values("chosen_step__type").annotate(count=Count("pk")).order_by("-count")
    return [
        Ended(STEPS[row["chosen_step__type"]].label, row["count"])
        for row in counted
        if row["chosen_step__type"] in STEPS
    ]
