"""Reading reports, for staff and for the marketplace's own system."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from tocsin.core.access.check import Scope, require, sees_class
from tocsin.core.actor import Actor
from tocsin.core.clocks.models import Clock
from tocsin.core.errors import AccessDenied, NotFound
from tocsin.core.ids import parse_report_number
from tocsin.domains.reports import details, promises
from tocsin.domains.reports.messages import Line, history
from tocsin.domains.reports.models import Report, Severity
from tocsin.domains.reports.scoring import gaps

PAGE = 50


@dataclass(frozen=True, slots=True)
class OpenedReport:
    """A report with what was told. ``details`` as in ``details.py``."""

    report: Report
    details: dict[str, Any]
    messages: tuple[Line, ...]
    gaps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attainment:
    """How soon a person took reports of one severity up.

    Percentages are of those whose objective has ended.
    """

    severity: str
    in_time: int
    late: int
    waiting: int

    @property
    def percent(self) -> int | None:
        """Share in time, rounded down; None when nothing has ended yet."""
        ended = self.in_time + self.late
        return self.in_time * 100 // ended if ended else None


def scope_of(report: Report, *, assigned: bool = False) -> Scope:
    """The scope of a report outside of a case. A case adds assignment and walls."""
    return Scope(region=report.region, data_class=report.data_class, assigned=assigned)


def by_number(actor: Actor, number: str) -> Report:
    """A report by its number, without its content.

    Raises:
        InvalidReportNumber: mistyped. NotFound: none that this actor may know of.
    """
    report = _numbered(number)
    require(actor, "reports.view")
    if report is None or not may_know(actor, report):
        raise _no_such(number)
    return report


def to_add_to(actor: Actor, number: str) -> Report:
    """A report by its number, for handing on what its reporter adds: the right to file is enough, because
    nothing is given back. The marketplace hands on whatever it is told, also to the most sensitive ones.

    Raises:
        InvalidReportNumber: mistyped. NotFound: none that this actor may know of.
    """
    report = _numbered(number)
    require(actor, "reports.file")
    if report is None or not (actor.kind == "api_key" or may_know(actor, report)):
        raise _no_such(number)
    return report


def _numbered(number: str) -> Report | None:
    return _rows().filter(number=parse_report_number(number)).first()


def _no_such(number: str) -> NotFound:
    return NotFound(f"There is no report {parse_report_number(number)}.", "Check the number.")


def opened(actor: Actor, report: Report, scope: Scope | None = None) -> OpenedReport:
    """What was told, in the reporter's words. ``scope`` is that of the case it is in.

    Raises:
        AccessDenied: role, purpose, region, data class without assignment, or a wall.
    """
    require(actor, "reports.view", scope or scope_of(report))
    _not_their_own(actor, report)
    missing = tuple(gap.key for gap in gaps(report))
    return OpenedReport(report, details.opened(report), tuple(history(report)), missing)


def listing(
    actor: Actor,
    *,
    severity: str = "",
    status: str = "",
    before: dt.datetime | None = None,
    limit: int = PAGE,
) -> tuple[list[Report], int]:
    """Reports, newest first, without their content; and how many of this page the actor may not know of."""
    require(actor, "reports.view")
    rows = _rows().order_by("-received_at", "-id")
    if severity:
        rows = rows.filter(severity=severity)
    if status:
        rows = rows.filter(status=status)
    if before is not None:
        rows = rows.filter(received_at__lt=before)
    page = list(rows[:limit])
    seen = [report for report in page if may_know(actor, report)]
    return seen, len(page) - len(seen)


def attainment(since: dt.datetime, *, until: dt.datetime | None = None) -> list[Attainment]:
    """How soon people took reports up, by severity. Counts only, so anybody may see them.

    Counted by the clock ``answer``: met before it was due, met later or breached, or still waiting.
    """
    now = timezone.now()
    clocks = Clock.objects.filter(
        subject_type=promises.SUBJECT,
        name=promises.ANSWER,
        started_at__gte=since,
        started_at__lt=until or now,
    ).exclude(state=Clock.State.CANCELLED)
    met_in_time = Q(state=Clock.State.MET, ended_at__lte=F("due_at"))
    waiting = Q(state__in=[Clock.State.RUNNING, Clock.State.PAUSED], due_at__gt=now)
    counted = clocks.values("data__severity").annotate(
        everything=Count("id"), in_time=Count("id", filter=met_in_time), waiting=Count("id", filter=waiting)
    )
    found = {row["data__severity"]: row for row in counted}
    nothing = {"everything": 0, "in_time": 0, "waiting": 0}
    rows = [(severity, found.get(severity, nothing)) for severity in Severity.values]
    return [
        Attainment(
            severity, row["in_time"], row["everything"] - row["in_time"] - row["waiting"], row["waiting"]
        )
        for severity, row in rows
    ]


def _rows() -> QuerySet[Report]:
    return Report.objects.select_related("order", "reporter_account", "subject_account")


def may_know(actor: Actor, report: Report) -> bool:
    """Whether the actor may know that the report exists: region, walls, and for P4 the reach of the role."""
    if report.region and not actor.covers_region(report.region):
        return False
    if _own(actor, report):
        return False
    reach = report.data_class if report.data_class == "P4" else "P2"
    return sees_class(actor, reach, assigned=True)


def _own(actor: Actor, report: Report) -> bool:
    accounts = (report.reporter_account, report.subject_account)
    return any(account is not None and account.ref in actor.kept_from for account in accounts)


def _not_their_own(actor: Actor, report: Report) -> None:
    if _own(actor, report):
        raise AccessDenied(
            "You are connected with this matter, so it is kept apart from you.",
            "Ask your supervisor to give it to somebody else.",
            permission="reports.view", reason="walled_off",
        )  # fmt: skip
