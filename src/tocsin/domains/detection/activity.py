"""What a case page shows of events: what was written, and how busy somebody was. Few queries, however many
alerts there are, and never more days of events than needed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.db.models.functions import TruncDay
from django.utils import timezone

from tocsin.core.access.check import Scope, require
from tocsin.core.actor import Actor
from tocsin.core.crypto.seal import Sealed, open_many
from tocsin.domains.detection.models import Alert, Event, Label
from tocsin.domains.detection.store import day_scope


@dataclass(frozen=True, slots=True)
class Said:
    """A message that raised an alert. ``kind``, ``id``: who wrote it. ``text`` is None once shredded."""

    seq: int
    kind: str
    id: str
    at: dt.datetime
    text: str | None


def words_behind(actor: Actor, alerts: Sequence[Alert], scope: Scope) -> dict[str, list[Said]]:
    """The messages that raised these alerts, the first and the last of each, by alert id.

    Raises:
        AccessDenied: without sight of P3 on this row.
    """
    require(actor, "entities.view", scope)
    if not alerts:
        return {}
    # the bounds keep the database from looking through every day there is
    rows = Event.objects.filter(
        type="message.sent",
        seq__in={seq for alert in alerts for seq in (alert.first_seq, alert.last_seq)},
        received_at__gte=min(alert.opened_at for alert in alerts),
        received_at__lte=max(alert.last_at for alert in alerts),
    )
    said = {one.seq: one for one in _opened([row for row in rows if row.sealed])}
    return {
        alert.pk: [said[seq] for seq in sorted({alert.first_seq, alert.last_seq}) if seq in said]
        for alert in alerts
    }


def _opened(events: Sequence[Event]) -> list[Said]:
    texts = open_many(Sealed(day_scope(row.received_at.date()), "event", row.sealed) for row in events)
    return [_said(row, text) for row, text in zip(events, texts, strict=True)]


def _said(event: Event, opened: str | None) -> Said:
    kind = str(event.fields.get("sender", ""))
    if kind not in ("customer", "shopper"):
        kind = "customer" if event.customer else "shopper"
    who = event.customer if kind == "customer" else event.shopper
    text = None if opened is None else str(json.loads(opened).get("text", ""))
    return Said(event.seq, kind, who or "", event.ts, text)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of somebody: how many events, and how many of them were not simply allowed."""

    day: dt.date
    events: int
    flagged: int


def days_of(actor: Actor, kind: str, external_id: str, *, zone: str, days: int = 30) -> list[Day]:
    """The last days of a customer or shopper, oldest first, quiet days too. Days are those of ``zone``.

    Raises:
        AccessDenied: without ``entities.view``.
    """
    require(actor, "entities.view")
    here = ZoneInfo(zone)
    today = timezone.now().astimezone(here).date()
    first = today - dt.timedelta(days=days - 1)
    since = dt.datetime.combine(first, dt.time(), here)
    rows = Event.objects.filter(**{kind: external_id}, received_at__gte=since)
    counted = {
        row["day"].date(): (row["events"], row["flagged"])
        for row in rows.annotate(day=TruncDay("received_at", tzinfo=here))
        .values("day")
        .annotate(events=Count("seq"), flagged=Count("seq", filter=~Q(verdict="allow")))
        .order_by("day")
    }
    every = [first + dt.timedelta(days=number) for number in range(days)]
    return [Day(day, *counted.get(day, (0, 0))) for day in every]


def labels_of(things: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[Label]]:
    """Labels in force on several things, by (kind, id)."""
    found: dict[tuple[str, str], list[Label]] = {thing: [] for thing in things}
    wanted = Q(pk__in=[])
    for kind, ident in found:
        wanted |= Q(object_kind=kind, object_id=ident)
    for label in Label.objects.filter(wanted, revoked_at=None).order_by("at"):
        found[label.object_kind, label.object_id].append(label)
    return found
