"""Reads of events, verdicts and alerts."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Min, Q, QuerySet, Sum

from tocsin.core.access.check import Scope, require
from tocsin.core.access.hidden import Page
from tocsin.core.actor import Actor
from tocsin.core.crypto.seal import Shredded, open_text
from tocsin.core.errors import InvalidInput, NotFound
from tocsin.domains.detection.harm import ranked
from tocsin.domains.detection.models import Alert, Event, Label, RuleHits, Verdict
from tocsin.domains.detection.store import day_scope

#: Counting what is hidden stops here.
COUNT_CAP = 1000
#: Entity kinds that have a column of their own; the rest are found inside ``entities``.
ENTITY_COLUMNS = {"customer": "customer", "shopper": "shopper", "order": "order", "device": "device"}


def in_regions(actor: Actor, field: str = "region") -> Q:
    """The part of a table that lies in the actor's regions; rows without a region belong to everybody."""
    if "*" in actor.regions or actor.kind == "system":
        return Q()
    inside = Q(**{field: ""})
    for region in actor.regions:
        inside |= Q(**{field: region}) | Q(**{f"{field}__startswith": f"{region}-"})
    return inside


def events_of(
    actor: Actor,
    *,
    kind: str = "",
    entity_id: str = "",
    types: Sequence[str] = (),
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    before_seq: int | None = None,
    limit: int = 100,
) -> Page[Event]:
    """Events, newest first. Personal fields stay sealed. The page's cursor is the ``before_seq`` of the next.
    What lies within the page and outside of the actor's regions, or is about their own account, is counted.

    Raises:
        AccessDenied: without ``entities.view``. InvalidInput: the limit is not 1 to 1,000.
    """
    require(actor, "entities.view")
    if not 1 <= limit <= 1000:
        raise InvalidInput("The limit must be from 1 to 1,000.", "Ask for fewer, and page on.")
    found: QuerySet[Event] = Event.objects.order_by("-received_at", "-seq")
    if kind and entity_id:
        column = ENTITY_COLUMNS.get(kind)
        found = (
            found.filter(**{column: entity_id})
            if column
            else found.filter(entities__contains={kind: entity_id})
        )
    if types:
        found = found.filter(type__in=list(types))
    if since:
        found = found.filter(ts__gte=since)
    if until:
        found = found.filter(ts__lt=until)
    if before_seq is not None:
        found = found.filter(seq__lt=before_seq)
    allowed = in_regions(actor) & ~_kept_from(actor)
    items = list(found.filter(allowed)[: limit + 1])
    more, items = len(items) > limit, items[:limit]
    around = found.filter(seq__gte=items[-1].seq) if more else found
    hidden = around.exclude(allowed) if allowed else around.none()
    count = len(hidden.order_by().values_list("seq", flat=True)[:COUNT_CAP])
    return Page(items, count, str(items[-1].seq) if more else "")


def events_at(actor: Actor, seqs: Sequence[int], *, since: dt.datetime, until: dt.datetime) -> list[Event]:
    """Events by their sequence numbers, newest first, received in this span, which keeps the database from
    looking through every day there is. Personal fields stay sealed; what the actor may not see is left out.

    Raises:
        AccessDenied: without ``entities.view``.
    """
    require(actor, "entities.view")
    found = Event.objects.filter(in_regions(actor) & ~_kept_from(actor), seq__in=list(seqs))
    return list(found.filter(received_at__gte=since, received_at__lt=until).order_by("-seq"))


def _kept_from(actor: Actor) -> Q:
    """Events of accounts that are the actor's own or their family's."""
    own = Q()
    for ref in actor.kept_from:
        role, _, ident = ref.partition(":")
        own |= Q(**{ENTITY_COLUMNS[role]: ident})
    return own


def _about_kept_from(actor: Actor) -> Q:
    """Alerts about accounts that are the actor's own or their family's."""
    own = Q(pk__in=[])
    for ref in actor.kept_from:
        kind, _, ident = ref.partition(":")
        own |= Q(subject_kind=kind, subject_id=ident) | Q(counterpart_kind=kind, counterpart_id=ident)
    return own


def personal_fields(actor: Actor, event: Event, scope: Scope) -> dict[str, Any]:
    """The sealed part of an event: message text, places. Needs sight of P3 on this row; empty once
    shredded."""
    require(actor, "entities.view", scope)
    if not event.sealed:
        return {}
    try:
        opened: dict[str, Any] = json.loads(
            open_text(day_scope(event.received_at.date()), "event", event.sealed)
        )
    except Shredded:
        return {}
    return opened


def words_behind(actor: Actor, alert: Alert, scope: Scope) -> list[str]:
    """What was written in the messages that raised an alert, first and last; needs sight of P3 on this
    row."""
    events = Event.objects.filter(seq__in={alert.first_seq, alert.last_seq}).order_by("seq")
    texts = [personal_fields(actor, event, scope).get("text", "") for event in events]
    return [str(text) for text in texts if text]


def verdicts_for(actor: Actor, seqs: Sequence[int]) -> dict[int, Verdict]:
    """The stored answers by sequence number."""
    require(actor, "alerts.view")
    return Verdict.objects.in_bulk(list(seqs))


def alerts(actor: Actor, *, state: str = "open", limit: int = 100) -> tuple[list[Alert], int]:
    """Alerts by expected harm, and how many more are hidden from this actor."""
    require(actor, "alerts.view")
    rows = Alert.objects.filter(state=state)
    visible = rows.filter(in_regions(actor) & ~_about_kept_from(actor))
    return list(ranked(visible)[:limit]), rows.count() - visible.count()


def waiting(actor: Actor) -> QuerySet[Alert]:
    """Alerts nobody has said anything about yet. To be counted, with others, in one statement."""
    require(actor, "alerts.view")
    return Alert.objects.filter(in_regions(actor) & ~_about_kept_from(actor), state__in=Alert.OPEN_STATES)


def alert(actor: Actor, alert_id: str) -> Alert:
    """One alert.

    Raises:
        NotFound: there is none, it lies outside the actor's regions, or is about their own account.
    """
    require(actor, "alerts.view")
    found = Alert.objects.filter(in_regions(actor), ~_about_kept_from(actor), pk=alert_id).first()
    if found is None:
        raise NotFound("There is no such alert.", "Check the identifier.")
    return found


def hits_since(actor: Actor, since: dt.datetime) -> dict[str, tuple[int, int]]:
    """How often each rule fired since then, and how often in shadow; by the hour, so that the hour that had
    begun is left out."""
    require(actor, "rules.view")
    rows = RuleHits.objects.filter(hour__gte=since).exclude(rule=RuleHits.EVERY_EVENT).values_list("rule")
    return {rule: (fired, watched) for rule, fired, watched in rows.annotate(Sum("fired"), Sum("watched"))}


def hits_in_hour(rule: str, at: dt.datetime) -> tuple[int, int, int]:
    """For our own processes: in the hour (UTC) of this moment, how often a rule fired, how often it would
    have in shadow, and how many events there were."""
    hour = RuleHits.hour_of(at)
    rows = {
        row.rule: row for row in RuleHits.objects.filter(rule__in=[rule, RuleHits.EVERY_EVENT], hour=hour)
    }
    mine, every = rows.get(rule), rows.get(RuleHits.EVERY_EVENT)
    return (mine.fired if mine else 0, mine.watched if mine else 0, every.fired if every else 0)


def hits_of_all(at: dt.datetime) -> dict[str, int]:
    """For our own processes: how often each rule fired in the hour (UTC) of this moment."""
    rows = RuleHits.objects.filter(hour=RuleHits.hour_of(at)).exclude(rule=RuleHits.EVERY_EVENT)
    return dict(rows.values_list("rule", "fired"))


def people_since(rule: str, since: dt.datetime) -> int:
    """For our own processes: how many people a rule that acts met in events received since then. It is the
    fewer of the customers and the shoppers, so that one person who meets many counts as one; devices, or
    events, where no person is named."""
    first = Event.objects.filter(received_at__gte=since).aggregate(first=Min("seq"))["first"]
    if first is None:
        return 0
    fired = Verdict.objects.filter(seq__gte=first, reasons__contains=[{"rule": rule}]).values("seq")
    met = Event.objects.filter(received_at__gte=since, seq__in=fired).aggregate(
        customers=Count("customer", distinct=True),
        shoppers=Count("shopper", distinct=True),
        devices=Count("device", distinct=True),
        events=Count("seq"),
    )
    people = [int(met[side]) for side in ("customers", "shoppers") if met[side]]
    return min(people, default=int(met["devices"] or met["events"]))


def labels_of(object_kind: str, object_id: str) -> list[Label]:
    """Labels in force on something."""
    return list(Label.objects.filter(object_kind=object_kind, object_id=object_id, revoked_at=None))
