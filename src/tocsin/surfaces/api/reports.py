"""Reports: filed by the marketplace's system for people, and followed up."""

from __future__ import annotations

import hashlib
from typing import Any, BinaryIO, cast

from django.http import HttpRequest, HttpResponse
from ninja import File, Router
from ninja.files import UploadedFile

from tocsin.core.access.check import allows
from tocsin.core.actor import Actor
from tocsin.core.errors import NotFound
from tocsin.domains.cases.access import scope_of
from tocsin.domains.reports import actions, handing_in, queries
from tocsin.domains.reports.messages import Line, history
from tocsin.domains.reports.models import Report, ReportMessage
from tocsin.surfaces.api import answers as a
from tocsin.surfaces.api import inputs as i
from tocsin.surfaces.api import views
from tocsin.surfaces.api.auth import MULTIPART, actor_of
from tocsin.surfaces.api.idempotent import answer_once
from tocsin.surfaces.api.problems import READING_ONE
from tocsin.surfaces.api.routing import get, post
from tocsin.surfaces.api.views import iso

router = Router(tags=["reports"])
_FILE = File(..., description="The file, with its name and media type.")


@post(router, "/reports", scope="reports:write", status=201, answers=a.ReportFiled, summary="File a report")
def file_report(request: HttpRequest, body: i.ReportIn) -> HttpResponse:
    """The number is given at once; the PIN is shown this once. Send both to the reporter: with them they
    follow their report up, also on the telephone and at the help centre."""
    actor = actor_of(request)

    def produce() -> tuple[int, dict[str, Any]]:
        # what is left out is left out: the domain has its own words for nothing
        filed = actions.file_report(actor, channel="api", data=body.model_dump(exclude_none=True))
        report = filed.report
        return 201, {
            "number": filed.number,
            "number_digits": filed.digits,
            "pin": filed.pin or None,
            "severity": report.severity,
            "status": report.status,
            "next_update_by": iso(report.next_update_by),
            "guidance": list(filed.guidance),
        }

    return answer_once(request, produce)


@get(
    router, "/reports/{number}", scope="reports:read", answers=a.Report, may_fail=READING_ONE,
    summary="One report",
)  # fmt: skip
def read_report(request: HttpRequest, number: str) -> Any:
    """Where it stands, and what we wrote to the reporter, for showing in your app. What they wrote stays
    sealed."""
    actor = actor_of(request)
    report = _unwalled(actor, queries.by_number(actor, number))
    link = getattr(report, "case_link", None)
    return {
        "number": report.number, "status": report.status, "severity": report.severity,
        "received_at": report.received_at, "codes": report.alleged_codes, "completeness": report.completeness,
        "gaps": report.gaps, "next_update_by": report.next_update_by, "case": link.case_id if link else None,
        "messages": [
            views.message(line) for line in _messages(actor, report)
        ],
    }  # fmt: skip


def _unwalled(actor: Actor, report: Report) -> Report:
    """The report, unless its case is kept from the actor."""
    link = getattr(report, "case_link", None)
    if link is not None and actor.kind == "staff" and actor.id in link.case.walled_off:
        raise NotFound(f"There is no report {report.number}.", "Check the number.")
    return report


def _messages(actor: Actor, report: Report) -> list[Line]:
    """What we wrote to the reporter: the marketplace shows it in its own app, staff get what they may
    read."""
    link = getattr(report, "case_link", None)
    scope = scope_of(actor, link.case, report.data_class) if link else queries.scope_of(report)
    if actor.kind == "staff" and not allows(actor, "reports.view", scope):
        return []
    return [line for line in history(report) if line.direction == ReportMessage.Direction.TO_REPORTER]


@post(
    router, "/reports/{number}/messages", scope="reports:write", status=201, answers=a.Added,
    summary="Add something the reporter wrote",
)  # fmt: skip
def add_message(request: HttpRequest, number: str, body: i.TextIn) -> HttpResponse:
    """It reaches whoever works on it, and wakes a case that waited for an answer."""
    actor = actor_of(request)

    def produce() -> tuple[int, dict[str, Any]]:
        report = _unwalled(actor, queries.to_add_to(actor, number))
        return 201, {"id": actions.add_message(actor, report.pk, body.text, channel="api").pk}

    return answer_once(request, produce)


@post(
    router, "/reports/{number}/evidence", scope="reports:write", status=201, answers=a.Evidence,
    media=MULTIPART, summary="Add a file",
)  # fmt: skip
def add_evidence(request: HttpRequest, number: str, file: UploadedFile = _FILE) -> HttpResponse:
    """Up to 25 MB, as multipart/form-data in the field `file`. The same bytes twice are the same item."""
    actor = actor_of(request)

    def produce() -> tuple[int, dict[str, Any]]:
        file.seek(0)
        report = _unwalled(actor, queries.to_add_to(actor, number))
        item = handing_in.add_evidence(
            actor, report.pk, content=cast(BinaryIO, file.file), filename=file.name or "file",
            declared_type=file.content_type or "", channel="api",
        )  # fmt: skip
        return 201, {
            "id": item.pk, "sha256": item.sha256, "size": item.size, "media_type": item.media_type,
            "received_at": iso(item.received_at),
        }  # fmt: skip

    return answer_once(request, produce, asked=lambda: _digest(file))


def _digest(file: UploadedFile) -> bytes:
    """What tells one upload from another: its bytes and its name."""
    seen = hashlib.sha256((file.name or "").encode())
    for chunk in file.chunks():
        seen.update(chunk)
    return seen.digest()
