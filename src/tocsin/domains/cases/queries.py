"""Reads of cases. The actor comes first; what access rules hide is counted, never dropped in silence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Prefetch, Q, QuerySet, prefetch_related_objects
from django.db.models.lookups import Exact
from django.utils import timezone

from tocsin.core.access.check import Scope, allows, more_sensitive, require
from tocsin.core.actor import Actor
from tocsin.core.counting import CAP, capped_counts
from tocsin.core.crypto.seal import Sealed, open_many
from tocsin.core.errors import InvalidInput
from tocsin.domains.cases.access import kept_back, may_see, no_such_case, scope_of, visible
from tocsin.domains.cases.actions import OVER
from tocsin.domains.cases.models import Case, CaseParty, Presence, TimelineEntry
from tocsin.domains.people.models import Account
from tocsin.domains.staff.models import Staff

COUNT_CAP = CAP
#: Somebody counts as "on it" for this long after their page last said so.
PRESENT_FOR = dt.timedelta(seconds=45)

TABS = ("open", "mine", "due", "waiting", "all")


@dataclass(frozen=True)
class QueuePage:
    """One page of the queue. ``total`` and ``hidden`` stop at ``COUNT_CAP``."""

    items: list[Case]
    total: int
    hidden: int
    next_cursor: str


def _tab(actor: Actor, tab: str) -> Q:
    now = timezone.now()
    is_open = ~Q(state__in=OVER)
    return {
        "open": is_open & (Q(assignee=None) | Q(assignee_id=actor.id)),
        "mine": is_open & Q(assignee_id=actor.id),
        "due": is_open & Q(next_due_at__lt=now + dt.timedelta(hours=4)),
        "waiting": is_open & Q(state=Case.State.AWAITING_INFO),
        "all": is_open,
    }[tab]


def capped(rows: QuerySet[Any]) -> int:
    """A count that stops at the cap."""
    return len(rows.order_by().values_list("pk", flat=True)[:COUNT_CAP])


def queue(
    actor: Actor, *, desk: str = "", tab: str = "open", cursor: str = "", limit: int = 40, severity: str = ""
) -> QueuePage:
    """The queue: worst first, then what is due first. ``cursor`` is the id of the last case of the page
    before.

    Raises:
        AccessDenied: without ``cases.view``. InvalidInput: no such tab or cursor.
    """
    require(actor, "cases.view")
    if tab not in TABS:
        raise InvalidInput(f"There is no tab {tab!r}.", f"One of: {', '.join(TABS)}.")
    wanted = _tab(actor, tab)
    if desk:
        wanted &= Q(desk=desk)
    if severity:
        wanted &= Q(severity=severity)
    everything = Case.objects.filter(wanted)
    mine = everything.filter(visible(actor))
    page = mine.order_by("severity", F("next_due_at").asc(nulls_last=True), "id")
    if cursor:
        page = page.filter(_after(cursor))
    items = list(page.select_related("assignee")[: limit + 1])
    more = items[limit - 1].pk if len(items) > limit else ""
    hidden = {f"hidden {n}": everything.filter(part) for n, part in enumerate(kept_back(actor))}
    counted = capped_counts({"total": mine, **hidden}, COUNT_CAP)
    total = counted.pop("total")
    return QueuePage(items[:limit], total, min(sum(counted.values()), COUNT_CAP), more)


def _after(cursor: str) -> Q:
    last = Case.objects.filter(pk=cursor).values("severity", "next_due_at", "pk").first()
    if last is None:
        raise InvalidInput(
            "That page marker is not known.", "Start from the first page.", fields={"cursor": "unknown"}
        )
    severity, due, pk = last["severity"], last["next_due_at"], last["pk"]
    if due is None:
        later = Q(next_due_at=None, pk__gt=pk)
    else:
        later = Q(next_due_at__gt=due) | Q(next_due_at=due, pk__gt=pk) | Q(next_due_at=None)
    return Q(severity__gt=severity) | (Q(severity=severity) & later)


def find(actor: Actor, case_id: str) -> Case:
    """One case by id or reference, when the actor may see it.

    Raises:
        NotFound: none such, or kept from the actor. AccessDenied: known, but not to be seen.
    """
    case = known(actor, case_id)
    may_see(actor, case)
    return case


def known(actor: Actor, case_id: str) -> Case:
    """One case by id or reference, for breaking the glass: it may lie outside of what the actor may see.

    Raises:
        NotFound: none such, or kept from the actor. AccessDenied: without ``cases.view``.
    """
    require(actor, "cases.view")
    case = (
        Case.objects.select_related("assignee", "order", "order__store", "merged_into")
        .filter(Q(pk=case_id) | Q(reference=case_id.upper()))
        .first()
    )
    if case is None or (actor.kind == "staff" and actor.id in case.walled_off):
        raise no_such_case()
    return case


def parties(case: Case) -> list[CaseParty]:
    """The people in a case, the subject first."""
    order = {"subject": 0, "reporter": 1, "affected": 2, "witness": 3}
    people = CaseParty.objects.select_related("account__party").order_by("id")
    prefetch_related_objects([case], Prefetch("parties", people))  # asked for once while the case is held
    return sorted(case.parties.all(), key=lambda row: order[row.part])


@dataclass(frozen=True)
class Line:
    """One line of the timeline. ``body`` is None when there is none or the actor may not read it."""

    entry: TimelineEntry
    body: str | None
    covered: bool


def timeline(actor: Actor, case: Case, limit: int = 200) -> list[Line]:
    """The story, newest last. Bodies only for those who may read P3 in this case."""
    may_read = allows(actor, "cases.view", scope_of(actor, case, "P3"))
    entries: Sequence[TimelineEntry] = list(case.timeline.order_by("-at", "-id")[:limit])[::-1]
    sealed = [entry for entry in entries if entry.body_sealed] if may_read else []
    texts = open_many(Sealed(case.key_scope, "timeline", entry.body_sealed) for entry in sealed)
    bodies = dict(zip((entry.pk for entry in sealed), texts, strict=True))
    return [
        Line(entry, bodies.get(entry.pk), covered=bool(entry.body_sealed) and bodies.get(entry.pk) is None)
        for entry in entries
    ]


def since(case: Case, moment: dt.datetime, limit: int = 10) -> list[TimelineEntry]:
    """What was added to the story after a moment, oldest first, without bodies."""
    return list(case.timeline.filter(at__gt=moment).order_by("at", "id")[:limit])


def prior_cases(actor: Actor, case: Case, limit: int = 10) -> tuple[list[Case], int]:
    """Other cases about the same subjects, newest first, and how many are hidden."""
    subjects = [party.account_id for party in parties(case) if party.part == CaseParty.Part.SUBJECT]
    theirs = CaseParty.objects.filter(account__in=subjects).values("case")
    rows = Case.objects.filter(pk__in=theirs).exclude(pk=case.pk)
    mine = rows.filter(visible(actor)).order_by("-opened_at")
    return list(mine[:limit]), capped(rows.filter(~visible(actor)))


def cases_of(actor: Actor, account: Account, limit: int = 10) -> tuple[list[Case], int]:
    """Cases somebody has a part in, newest first, and how many are hidden."""
    require(actor, "cases.view")
    rows = Case.objects.filter(pk__in=CaseParty.objects.filter(account=account).values("case"))
    mine = rows.filter(visible(actor)).order_by("-opened_at")
    return list(mine[:limit]), capped(rows.filter(~visible(actor)))


def references(actor: Actor, *, alerts: Iterable[str] = (), cases: Iterable[str] = ()) -> dict[str, str]:
    """References by alert id and by case id, of the cases the actor may know of."""
    require(actor, "cases.view")
    known = Case.objects.filter(visible(actor))
    by_alert = known.filter(alert_links__alert__in=list(alerts))
    by_case = known.filter(pk__in=list(cases))
    return dict(by_alert.values_list("alert_links__alert_id", "reference")) | dict(
        by_case.values_list("pk", "reference")
    )


def waiting(actor: Actor) -> QuerySet[Case]:
    """What waits for this person: unassigned or theirs. To be counted, with others, in one statement."""
    require(actor, "cases.view")
    return Case.objects.filter(_tab(actor, "open")).filter(visible(actor))


def present(case: Case, *, but: str = "") -> list[str]:
    """Names of who has the case open now, without the one who asks."""
    seen = case.presence.filter(seen_at__gt=timezone.now() - PRESENT_FOR).select_related("staff")
    return [row.staff.name for row in seen if row.staff_id != but]


def arrive(actor: Actor, case: Case) -> None:
    """Note that the actor has the case open. Not audited as an act; opening the page itself is."""
    if actor.kind == "staff":
        here = Presence(case=case, staff_id=actor.id, seen_at=timezone.now())
        Presence.objects.bulk_create(
            [here], update_conflicts=True, unique_fields=["case", "staff"], update_fields=["seen_at"]
        )


@dataclass(frozen=True)
class Candidate:
    """Somebody the case could be given to, and how many open cases they have."""

    staff: Staff
    open_cases: int


def candidates(actor: Actor, case: Case) -> list[Candidate]:
    """Who could work a case once it is theirs: role, region, data class, and no wall. Least busy first."""
    require(actor, "cases.assign", scope_of(actor, case))
    scope = Scope(
        region=case.region, assigned=True, data_class=more_sensitive("P3", case.data_class),
        walled_off=frozenset(case.walled_off),
    )  # fmt: skip
    busy = Count("cases", filter=~Q(cases__state__in=OVER))
    people = Staff.objects.filter(is_active=True).annotate(busy=busy).order_by("busy", "name")
    return [Candidate(one, one.busy) for one in people if allows(one.actor(), "cases.work", scope)]


def search(actor: Actor, text: str, limit: int = 12) -> list[Case]:
    """Cases by reference (without its ``C-`` too; that case first), report number or words of the title."""
    require(actor, "cases.view")
    words = text.strip()
    if len(words) < 2:
        return []
    reference = "C-" + words.upper().removeprefix("C-")
    match = Q(reference__startswith=reference) | Q(report_links__report__number=words.upper())
    match |= Q(title__icontains=words)
    rows = Case.objects.filter(visible(actor)).filter(match)
    exact: Exact[str] = Exact(F("reference"), reference)
    return list(rows.alias(exact=exact).order_by("-exact", "severity", "-opened_at").distinct()[:limit])
