"""The queue as a file."""

from __future__ import annotations

import csv

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from tocsin.domains.cases.exporting import export_queue
from tocsin.domains.cases.models import Case
from tocsin.surfaces.console.cells import cell
from tocsin.surfaces.console.desk import actor_of, page
from tocsin.surfaces.console.queueing import view_of

_COLUMNS = (
    "case", "severity", "desk", "state", "title", "source", "region", "opened_at", "due_at", "assignee",
)  # fmt: skip


@page("cases.export")
@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """One view of the queue as CSV."""
    found = export_queue(actor_of(request), **view_of(request))
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="cases.csv"'
    response["Cache-Control"] = "no-store"
    writer = csv.writer(response)
    writer.writerow(_COLUMNS)
    writer.writerows([cell(value) for value in _row(case)] for case in found)
    return response


def _row(case: Case) -> list[str]:
    due = case.next_due_at.isoformat() if case.next_due_at else ""
    assignee = case.assignee.name if case.assignee else ""
    return [
        case.reference, case.severity, case.desk, case.state, case.title, case.source, case.region,
        case.opened_at.isoformat(), due, assignee,
    ]  # fmt: skip
