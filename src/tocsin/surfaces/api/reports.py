"""Reports: filed by the marketplace's system for people, and followed up."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import File, Router
from ninja.files import UploadedFile

from tocsin.core.access.check import allows
from tocsin.core.actor import Actor
from tocsin.core.errors import NotFound
from tocsin.domains.cases.access import scope_of
from tocsin.domains.reports import actions, handing_in, queries
from tocsin.domains.reports.models import Report
from tocsin.surfaces.api import schemas as s
from tocsin.surfaces.api.auth import Key, actor_of
from tocsin.surfaces.api.idempotent import answer_once
from tocsin.surfaces.api.problems import ERRORS
from tocsin.surfaces.api.views import iso

router = Router(tags=["reports"])
#: What our schema calls None the domain calls empty.
_OPTIONAL = (
    "place",
    "injuries",
    "police_number",
    "wanted_outcome",
    "contact_rules",
    "external_id",
    "on_behalf_of",
    "order",
    "zone",
    "region",
)


@router.post(
    "/reports", response={201: s.ReportFiled, **ERRORS}, auth=Key("reports:write"), summary="File a report"
)
def file_report(request: HttpRequest, body: s.ReportIn) -> HttpResponse:
    """The number is given at once; the PIN is shown this once."""
    actor = actor_of(request)

    def produce() -> tuple[int, dict[str, Any]]:
        filed = actions.file_report(actor, channel="api", data=_told(body))
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


def _told(body: s.ReportIn) -> dict[str, Any]:
    told = body.model_dump(exclude_none=True)
    for name in _OPTIONAL:
        told.setdefault(name, "")
    return told


@router.get(
    "/reports/{number}", response={200: s.ReportOut, **ERRORS}, auth=Key("reports:read"), summary="One report"
)
def read_report(request: HttpRequest, number: str) -> Any:
    """Where it stands. What people wrote is given only to keys of people who may read it."""
    actor = actor_of(request)
    report = _known(actor, number)
    link = getattr(report, "case_link", None)
    return 200, {
        "number": report.number,
        "status": report.status,
        "severity": report.severity,
        "received_at": report.received_at,
        "codes": report.alleged_codes,
        "completeness": report.completeness,
        "gaps": report.gaps,
        "next_update_by": report.next_update_by,
        "case": link.case_id if link else None,
        "messages": [
            {"direction": line.direction, "kind": line.kind, "at": line.at, "text": line.text or ""}
            for line in _messages(actor, report)
        ],
    }


def _known(actor: Actor, number: str) -> Report:
    """A report by its number; none whose case is kept from the actor."""
    report = queries.by_number(actor, number)
    link = getattr(report, "case_link", None)
    if link is not None and actor.kind == "staff" and actor.id in link.case.walled_off:
        raise NotFound(f"There is no report {report.number}.", "Check the number.")
    return report


def _messages(actor: Actor, report: Report) -> list[Any]:
    """What we wrote to the reporter: the marketplace shows it in its own app, staff get what they may read.
    What
    the reporter wrote stays sealed."""
    from tocsin.domains.reports.messages import history

    link = getattr(report, "case_link", None)
    scope = scope_of(actor, link.case, report.data_class) if link else queries.scope_of(report)
    if actor.kind == "staff" and not allows(actor, "reports.view", scope):
        return []
    return [line for line in history(report) if line.direction == "out"]


@router.post(
    "/reports/{number}/messages",
    response={201: dict[str, str], **ERRORS},
    auth=Key("reports:write"),
    summary="Add something the reporter wrote",
)
def add_message(request: HttpRequest, number: str, body: s.TextIn) -> HttpResponse:
    """It reaches whoever works on it."""
    actor = actor_of(request)

    def produce() -> tuple[int, dict[str, Any]]:
        report = _known(actor, number)
        return 201, {"id": actions.add_message(actor, report.pk, body.text, channel="api").pk}

    return answer_once(request, produce)


@router.post(
    "/reports/{number}/evidence",
    response={201: s.EvidenceOut, **ERRORS},
    auth=Key("reports:write"),
    summary="Add a file",
)
def add_evidence(request: HttpRequest, number: str, file: UploadedFile = File(...)) -> HttpResponse:  # noqa: B008
    """Up to 25 MB. The same bytes twice are the same item."""
    actor = actor_of(request)
    item = handing_in.add_evidence(
        actor,
        _known(actor, number).pk,
        content=cast(BinaryIO, file.file),
        filename=file.name or "file",
        declared_type=file.content_type or "",
        channel="api",
    )
    body = {
        "id": item.pk,
        "sha256": item.sha256,
        "size": item.size,
        "media_type": item.media_type,
        "received_at": iso(item.received_at),
    }
    return JsonResponse(body, status=201)
