"""What people do with a case beside taking, protecting, deciding and closing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from tocsin.core.actor import Actor
from tocsin.core.errors import InvalidInput, NotFound
from tocsin.core.ids import parse_report_number
from tocsin.domains.cases import actions, case_alerts, merging
from tocsin.domains.cases import queries as cases
from tocsin.domains.cases.case_reports import told
from tocsin.domains.cases.models import Case
from tocsin.surfaces.api import answers as a
from tocsin.surfaces.api import inputs as i
from tocsin.surfaces.api import views
from tocsin.surfaces.api.auth import actor_of
from tocsin.surfaces.api.idempotent import answer_once
from tocsin.surfaces.api.problems import READING_ONE
from tocsin.surfaces.api.routing import get, post

router = Router(tags=["cases"])
_PURPOSE = "case_handling"
_LONGEST_STORY = 200


@get(
    router, "/cases/{case_id}/timeline", scope="cases:read", answers=a.Timeline, may_fail=READING_ONE,
    who="person", summary="The story of a case",
)  # fmt: skip
def read_timeline(request: HttpRequest, case_id: str) -> Any:
    """The latest 200 lines, the newest last. What was written is `covered` for those who may not read it."""
    actor = actor_of(request)
    case = cases.find(actor, case_id)
    return {"items": [views.line(one) for one in cases.timeline(actor, case, _LONGEST_STORY)]}


@get(
    router, "/cases/{case_id}/reports", scope="reports:read", answers=a.CaseReports, may_fail=READING_ONE,
    who="person", summary="What the case was told",
)  # fmt: skip
def read_reports(request: HttpRequest, case_id: str) -> Any:
    """Every report in the reporter's own words, the oldest first; `covered` for those who may not read it
    yet. Needs `cases:read` too."""
    actor = actor_of(request)
    case = cases.find(actor, case_id)
    return {"items": [views.told(one) for one in told(actor, case)]}


@post(
    router, "/cases/{case_id}/notes", scope="cases:write",
    permission="cases.work", status=201, answers=a.CaseBrief, who="person", summary="Write a note",
)  # fmt: skip
def add_note(request: HttpRequest, case_id: str, body: i.NoteIn) -> HttpResponse:
    """Into the timeline; only staff ever read it."""
    person = _person(request)
    return _done(request, 201, lambda: actions.add_note(person, cases.find(person, case_id).pk, body.text))


@post(
    router, "/cases/{case_id}/messages", scope="cases:write",
    permission="cases.message", status=201, answers=a.CaseBrief, who="person",
    summary="Write to a reporter",
)  # fmt: skip
def message_reporter(request: HttpRequest, case_id: str, body: i.CaseMessageIn) -> HttpResponse:
    """The reporter reads it with number and PIN. A question makes the case wait for the answer."""
    person = _person(request)

    def write() -> Case:
        case = cases.find(person, case_id)
        report = _report_in(case, body.report)
        return actions.message_reporter(person, case.pk, report, body.text, question=body.question)

    return _done(request, 201, write)


def _report_in(case: Case, number: str) -> str:
    """The id of a report of the case, by its number."""
    found = case.report_links.filter(report__number=parse_report_number(number)).first()
    if found is None:
        raise InvalidInput(
            "That report is not part of this case.", "Choose one of the case's reports.",
            fields={"report": "The number of one of the case's reports."},
        )  # fmt: skip
    return str(found.report_id)


@post(
    router, "/cases/{case_id}/severity", scope="cases:write",
    permission="cases.severity_raise", status=200, answers=a.CaseBrief, who="person",
    summary="Raise or lower the severity",
)  # fmt: skip
def set_severity(request: HttpRequest, case_id: str, body: i.SeverityIn) -> HttpResponse:
    """Anybody who works on it raises; only a supervisor lowers."""
    person = _person(request)

    def change() -> Case:
        case = cases.find(person, case_id)
        move = actions.raise_severity if body.severity < case.severity else actions.lower_severity
        return move(person, case.pk, body.severity, body.reason)

    return _done(request, 200, change)


@post(
    router, "/cases/{case_id}/reopen", scope="cases:write",
    permission="cases.work", status=200, answers=a.CaseBrief, who="person",
    summary="Open a closed case again",
)  # fmt: skip
def reopen(request: HttpRequest, case_id: str, body: i.ReasonIn) -> HttpResponse:
    """Its promises run anew."""
    person = _person(request)
    return _done(request, 200, lambda: actions.reopen(person, cases.find(person, case_id).pk, body.reason))


@post(
    router, "/cases/{case_id}/merge", scope="cases:write",
    permission="cases.close", status=200, answers=a.CaseBrief, who="person",
    summary="Merge into another case",
)  # fmt: skip
def merge(request: HttpRequest, case_id: str, body: i.MergeIn) -> HttpResponse:
    """Everything in this case moves to the other one, which is answered. There is no way back."""
    person = _person(request)

    def move() -> Case:
        case = cases.find(person, case_id)
        return merging.merge(person, case.pk, body.into, body.reason, revision=body.revision)[1]

    return _done(request, 200, move)


@post(
    router, "/cases/{case_id}/alerts/{alert_id}/disposition", scope="cases:write",
    permission="alerts.disposition", status=200, answers=a.CaseAlert, who="person",
    summary="Say whether an alert was right",
)  # fmt: skip
def disposition(request: HttpRequest, case_id: str, alert_id: str, body: i.DispositionIn) -> HttpResponse:
    """The rules learn from it. Another answer than the first is refused (409)."""
    person = _person(request)

    def say() -> tuple[int, dict[str, Any]]:
        case = cases.find(person, case_id)
        if not case.alert_links.filter(alert_id=alert_id).exists():
            raise NotFound("That alert is not part of this case.", "Read the case's alerts.")
        return 200, views.alert(case_alerts.disposition(person, alert_id, body.state))

    return answer_once(request, say)


def _person(request: HttpRequest) -> Actor:
    return actor_of(request).for_purpose(_PURPOSE)


def _done(request: HttpRequest, status: int, do: Callable[[], Case]) -> HttpResponse:
    """Do it once, and answer with the case as it is then."""
    return answer_once(request, lambda: (status, views.case_brief(do())))
