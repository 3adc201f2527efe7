"""The reports of a case: what was told in them, and that they go on when the case does."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.core.access.check import allows
from tocsin.core.act import Work
from tocsin.core.actor import Actor
from tocsin.domains.cases.access import may_see, scope_of
from tocsin.domains.cases.models import Case
from tocsin.domains.reports import promises
from tocsin.domains.reports import queries as reports
from tocsin.domains.reports.models import Report
from tocsin.domains.reports.queries import OpenedReport


@dataclass(frozen=True)
class Told:
    """A report of a case. ``opened`` is None when the actor may not read it, or not yet."""

    report: Report
    opened: OpenedReport | None


def told(actor: Actor, case: Case) -> list[Told]:
    """The reports of a case, the oldest first, opened for those who may read them.

    Raises:
        NotFound, AccessDenied: as for the case itself.
    """
    may_see(actor, case)
    rows = case.report_links.select_related("report__reporter_account", "report__subject_account")
    return [Told(link.report, _opened(actor, case, link.report)) for link in rows.order_by("added_at", "id")]


def _opened(actor: Actor, case: Case, report: Report) -> OpenedReport | None:
    scope = scope_of(actor, case, report.data_class)
    return reports.opened(actor, report, scope) if allows(actor, "reports.view", scope) else None


def reopen_all(work: Work, case: Case) -> None:
    """The case goes on, and so do its reports, but those that their reporters took back."""
    for report_id in case.report_links.order_by("added_at", "id").values_list("report_id", flat=True):
        report = work.lock(Report, report_id)
        if report.withdrawn_at is None:
            _reopen(work, report)


def reporter_goes_on(work: Work, report_id: str) -> None:
    """A reporter adds something to a report that they took back: it goes on."""
    report = work.lock(Report, report_id)
    if report.withdrawn_at is not None:
        _reopen(work, report)


def _reopen(work: Work, report: Report) -> None:
    if report.status in promises.OVER:
        promises.reopen(work, report)
        work.save(report, "report.reopen")
