"""Expected harm: the money an alert has at risk, times the chance that the alert is right.

The chance is what the alerts of the same rule came to in the ninety days before today: the share of them that
was confirmed, drawn towards the share of all alerts while few are settled. It is renewed once a day, so that
the order of a day's queue does not depend on what people say about that day's alerts.

Danger to people is not put in money: alerts of severity S0 and S1 stand before all others.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Case, Count, F, FloatField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from tocsin.domains.detection.models import Alert, RuleRecord

#: How far back settled alerts count.
SETTLED_WITHIN: Final = dt.timedelta(days=90)
#: As much as so many settled alerts weighs what all rules together came to.
PRIOR_WEIGHT: Final = 4
#: The chance while nothing at all is known.
UNKNOWN: Final = 0.5


@dataclass(frozen=True, slots=True)
class Harm:
    """What an alert is expected to cost. ``minor``: in minor units of its currency, None when no money is
    known to be at risk. ``chance``: from 0 to 1, made of ``settled`` alerts of its rule, of which
    ``confirmed`` were right."""

    minor: int | None
    chance: float
    confirmed: int
    settled: int


def today() -> dt.date:
    """The day at the marketplace's main place (``TOCSIN_ZONE``)."""
    return timezone.now().astimezone(_zone()).date()


def ranked(alerts: QuerySet[Alert]) -> QuerySet[Alert]:
    """Danger to people first, the worst before the rest; then the most expected harm, by minor units whatever
    their currency: there are no exchange rates here."""
    known = RuleRecord.objects.filter(rule=OuterRef("rule"))
    every = RuleRecord.objects.filter(rule=RuleRecord.EVERY_RULE)
    chance = Coalesce(Subquery(known.values("chance")), Subquery(every.values("chance")), Value(UNKNOWN))
    danger = Case(When(severity="S0", then=0), When(severity="S1", then=1), default=2)
    return (
        alerts.alias(danger=danger, chance=chance)
        .alias(harm=Cast(F("value_minor"), FloatField()) * F("chance"))
        .order_by("danger", "-harm", "severity", "-chance", "id")
    )


def harms(alerts: Iterable[Alert]) -> Mapping[str, Harm]:
    """The expected harm of each, by alert id."""
    alerts = list(alerts)
    wanted = {alert.rule for alert in alerts} | {RuleRecord.EVERY_RULE}
    records = RuleRecord.objects.in_bulk(list(wanted))
    return {alert.pk: _harm(alert, records) for alert in alerts}


def _harm(alert: Alert, records: Mapping[str, RuleRecord]) -> Harm:
    record = records.get(alert.rule)
    known = record or records.get(RuleRecord.EVERY_RULE)
    chance = known.chance if known else UNKNOWN
    minor = round(alert.value_minor * chance) if alert.value_minor else None
    if record is None:
        return Harm(minor, chance, 0, 0)
    return Harm(minor, chance, record.confirmed, record.confirmed + record.cleared)


def renew_records(day: dt.date) -> int:
    """Once a day: what the alerts of each rule came to before this day. Returns how many rules have a
    record."""
    if RuleRecord.objects.filter(rule=RuleRecord.EVERY_RULE, day=day).exists():
        return 0
    begins = start_of(day)
    settled = Alert.objects.filter(
        state__in=[Alert.State.CONFIRMED, Alert.State.CLEARED],
        dispositioned_at__gte=begins - SETTLED_WITHIN,
        dispositioned_at__lt=begins,
    )
    counted = {
        rule: (confirmed, cleared)
        for rule, confirmed, cleared in settled.values_list("rule").annotate(
            right=Count("pk", filter=Q(state=Alert.State.CONFIRMED)),
            wrong=Count("pk", filter=Q(state=Alert.State.CLEARED)),
        )
    }
    right, wrong = (sum(pair[n] for pair in counted.values()) for n in (0, 1))
    overall = (right + 2 * UNKNOWN) / (right + wrong + 2)
    rows = [RuleRecord(rule=RuleRecord.EVERY_RULE, day=day, confirmed=right, cleared=wrong, chance=overall)]
    for rule, (confirmed, cleared) in sorted(counted.items()):
        chance = (confirmed + PRIOR_WEIGHT * overall) / (confirmed + cleared + PRIOR_WEIGHT)
        rows.append(RuleRecord(rule=rule, day=day, confirmed=confirmed, cleared=cleared, chance=chance))
    RuleRecord.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["rule"],
        update_fields=["day", "confirmed", "cleared", "chance"],
    )
    RuleRecord.objects.exclude(day=day).delete()  # nothing of theirs was settled in time
    return len(rows)


def start_of(day: dt.date) -> dt.datetime:
    """Its first moment at the marketplace's main place."""
    return dt.datetime.combine(day, dt.time(), _zone())


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.TOCSIN_ZONE)
