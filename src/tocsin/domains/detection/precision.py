"""precision@k, day by day: of the ``k`` alerts with the most expected harm that a day raised, how many were
right (handbook §4.1). ``k`` is how many alerts people can look at in a day (``TOCSIN_REVIEW_CAPACITY``).

The top is fixed when the day is over, in the order that its queue had, in which no label of that day had a
say (see ``harm``). Labels come later: what is known of the top is counted anew for thirty days, and kept
apart from what was known when the day was closed. Days are those of the marketplace's main place.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import TruncDate
from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.actor import Actor
from tocsin.core.proportions import wilson
from tocsin.domains.detection.harm import ranked, renew_records, start_of, today
from tocsin.domains.detection.models import Alert, TopOfDay

#: For so many days after its own, later labels still change what is known of a day.
KEPT_UP_FOR: Final = 30
_ONE_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Precision:
    """One day. ``at_k``: confirmed ÷ alerts in the top, so that what nobody judged yet counts as not right.
    ``of_judged``: confirmed ÷ judged, with ``interval``, its 95 % interval (Wilson). All from 0 to 1; None
    where there is nothing to divide by. ``then``: ``at_k`` as it was when the day was closed."""

    day: dt.date
    k: int
    raised: int
    top: int
    confirmed: int
    cleared: int
    at_k: float | None
    of_judged: float | None
    interval: tuple[float, float] | None
    then: float | None
    over: bool


def days(actor: Actor, count: int = KEPT_UP_FOR) -> list[Precision]:
    """The last days with alerts, newest first. They are figures about the queue as a whole, of all regions,
    and name nobody."""
    require(actor, "alerts.view")
    return [_precision(row) for row in TopOfDay.objects.order_by("-day")[:count]]


def _precision(row: TopOfDay) -> Precision:
    top, judged = len(row.top), row.confirmed + row.cleared
    return Precision(
        day=row.day,
        k=row.k,
        raised=row.raised,
        top=top,
        confirmed=row.confirmed,
        cleared=row.cleared,
        at_k=row.confirmed / top if top else None,
        of_judged=row.confirmed / judged if judged else None,
        interval=wilson(row.confirmed, judged),
        then=None if row.confirmed_then is None or not top else row.confirmed_then / top,
        over=row.confirmed_then is not None,
    )


def keep_up() -> int:
    """What the worker does again and again: closes the days that are over, renews the chances once a day, and
    counts what is known of today and the days before. Returns how many days it closed."""
    with transaction.atomic():
        if not _alone():
            return 0
        now = today()
        closed = [_close(day) for day in _ended_before(now)]
        renew_records(now)
        _take_top(now)
        _count_labels(now)
    return len(closed)


def _alone() -> bool:
    """Whether no other worker is at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('tocsin_precision'))")
        return bool(cursor.fetchone()[0])


def _ended_before(now: dt.date) -> list[dt.date]:
    """Days with alerts that are over and not closed, as far back as figures are kept up: also those on which
    no worker ran."""
    first = now - KEPT_UP_FOR * _ONE_DAY
    newest = TopOfDay.objects.exclude(confirmed_then=None).order_by("-day").first()
    if newest is not None:
        first = max(first, newest.day + _ONE_DAY)
    raised = Alert.objects.filter(opened_at__gte=start_of(first), opened_at__lt=start_of(now))
    day = TruncDate("opened_at", tzinfo=ZoneInfo(settings.TOCSIN_ZONE))
    return list(raised.order_by().annotate(day=day).values_list("day", flat=True).distinct().order_by("day"))


def _take_top(day: dt.date) -> TopOfDay | None:
    """The day as it stands: how many alerts it raised, and which had the most expected harm. A day without
    alerts has no row."""
    raised = Alert.objects.filter(opened_at__gte=start_of(day), opened_at__lt=start_of(day + _ONE_DAY))
    count, k = raised.count(), settings.TOCSIN_REVIEW_CAPACITY
    if not count:
        return None
    made = TopOfDay(day=day, k=k, raised=count, counted_at=timezone.now())
    made.top = list(ranked(raised).values_list("pk", flat=True)[:k])
    TopOfDay.objects.bulk_create(
        [made],
        update_conflicts=True,
        unique_fields=["day"],
        update_fields=["k", "raised", "top", "counted_at"],
    )
    return made


def _close(day: dt.date) -> dt.date:
    renew_records(day)  # changes nothing but where no worker ran that day: ranked by what was known before it
    row = _take_top(day)
    if row is not None:
        row.confirmed_then, row.cleared_then = _known(row)
        TopOfDay.objects.filter(pk=day).update(
            confirmed_then=row.confirmed_then, cleared_then=row.cleared_then
        )
    return day


def _count_labels(now: dt.date) -> None:
    for row in TopOfDay.objects.filter(day__gte=now - KEPT_UP_FOR * _ONE_DAY):
        known = _known(row)
        if known != (row.confirmed, row.cleared):
            row.confirmed, row.cleared = known
            row.counted_at = timezone.now()
            row.save(update_fields=["confirmed", "cleared", "counted_at"])


def _known(row: TopOfDay) -> tuple[int, int]:
    states = list(Alert.objects.filter(pk__in=row.top).values_list("state", flat=True))
    return states.count(Alert.State.CONFIRMED), states.count(Alert.State.CLEARED)
