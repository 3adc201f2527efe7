"""Cases, decisions, appeals, actions and notices."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied
from tocsin.domains.cases import actions as case_actions
from tocsin.domains.cases import queries as cases
from tocsin.domains.enforcement import appeals, decisions, protection
from tocsin.domains.enforcement import queries as enforcement
from tocsin.surfaces.api import schemas as s
from tocsin.surfaces.api import views
from tocsin.surfaces.api.auth import Key, actor_of
from tocsin.surfaces.api.idempotent import answer_once
from tocsin.surfaces.api.problems import ERRORS

router = Router(tags=["cases"])


def _person(request: HttpRequest, purpose: str = "case_handling") -> Actor:
    """The member of staff behind a personal key: people decide, systems do not.

    Raises:
        AccessDenied: the key belongs to a system.
    """
    actor = actor_of(request)
    if actor.kind != "staff":
        raise AccessDenied(
            "Only a person can do this, with a personal key.",
            "Ask the administrator for a personal key.",
            permission="personal_key",
            reason="role",
        )
    return actor.for_purpose(purpose)


@router.get("/cases", response={200: s.CasePage, **ERRORS}, auth=Key("cases:read"), summary="The queue")
def list_cases(
    request: HttpRequest,
    desk: str = Query("", max_length=16),
    tab: str = Query("all", pattern="^(open|mine|due|waiting|all)$"),
    cursor: str = Query("", max_length=40),
    limit: int = Query(40, ge=1, le=200),
) -> Any:
    """Worst first, then what is due first."""
    page = cases.queue(actor_of(request), desk=desk, tab=tab, cursor=cursor, limit=limit)
    return 200, {
        "items": [views.case_brief(case) for case in page.items],
        "next_cursor": page.next_cursor,
        "hidden": page.hidden,
    }


@router.get(
    "/cases/{case_id}", response={200: s.CaseOut, **ERRORS}, auth=Key("cases:read"), summary="One case"
)
def read_case(request: HttpRequest, case_id: str) -> Any:
    """By id or reference."""
    actor = actor_of(request)
    case = cases.find(actor, case_id)
    return 200, {
        **views.case_brief(case),
        "parties": [
            {
                "part": row.part,
                "kind": row.account.role,
                "id": row.account.external_id,
                "status": row.account.status,
                "account_id": row.account_id,
            }
            for row in cases.parties(case)
        ],
        "reports": list(case.report_links.values_list("report__number", flat=True)),
        "alerts": list(
            case.alert_links.values("alert__id", "alert__rule", "alert__code", "alert__state", "alert__hits")
        ),
        "actions": [views.action(row) for row in enforcement.actions_in(actor, case)],
        "decisions": [views.decision(row.decision) for row in enforcement.decisions_in(actor, case)],
    }


@router.post(
    "/cases/{case_id}/assign",
    response={200: s.CaseBrief, **ERRORS},
    auth=Key("cases:write"),
    summary="Take or assign",
)
def assign(request: HttpRequest, case_id: str, body: s.AssignIn) -> HttpResponse:
    """Give a case to somebody, or take it."""
    person = _person(request)

    def produce() -> tuple[int, dict[str, Any]]:
        case = cases.find(person, case_id)
        case = case_actions.assign(person, case.pk, body.staff or person.id, revision=body.revision)
        return 200, views.case_brief(case)

    return answer_once(request, produce)


@router.post(
    "/cases/{case_id}/decisions",
    response={201: s.DecisionOut, **ERRORS},
    auth=Key("cases:write"),
    summary="Decide",
)
def decide(request: HttpRequest, case_id: str, body: s.DecisionIn) -> HttpResponse:
    """File a decision under a clause. Needs a personal key."""
    person = _person(request)

    def produce() -> tuple[int, dict[str, Any]]:
        case = cases.find(person, case_id)
        given = decisions.DecisionInput(
            subject_id=body.subject,
            finding=body.finding,
            clause_id=body.clause,
            standard_of_proof=body.standard_of_proof,
            facts_internal=body.facts_internal,
            facts_disclosable=body.facts_disclosable,
            step=body.step,
            days=body.days,
            deviation_reason=body.deviation_reason,
            unmatch=body.unmatch,
            revision=body.revision,
        )
        return 201, views.decision(decisions.decide(person, case.pk, given))

    return answer_once(request, produce)


@router.post(
    "/decisions/{decision_id}/second-reading",
    response={200: s.DecisionOut, **ERRORS},
    auth=Key("cases:write"),
    summary="Confirm or refuse a termination",
)
def second_reading(request: HttpRequest, decision_id: str, body: s.SecondReadIn) -> HttpResponse:
    """Never by the person who proposed it."""
    person = _person(request)

    def produce() -> tuple[int, dict[str, Any]]:
        return 200, views.decision(decisions.second_read(person, decision_id, body.agree, body.note))

    return answer_once(request, produce)


@router.get(
    "/decisions/{decision_id}",
    response={200: s.DecisionOut, **ERRORS},
    auth=Key("decisions:read"),
    summary="One decision",
)
def read_decision(request: HttpRequest, decision_id: str) -> Any:
    """A decision, without its facts."""
    return 200, views.decision(enforcement.decision(actor_of(request), decision_id).decision)


@router.get(
    "/notices",
    response={200: s.NoticePage, **ERRORS},
    auth=Key("decisions:read"),
    summary="Letters of an account",
)
def list_notices(request: HttpRequest, account: str = Query(..., min_length=1, max_length=80)) -> Any:
    """Newest first. ``account`` is ``customer:<id>`` or ``shopper:<id>``."""
    actor = actor_of(request)
    page = enforcement.notices_of(actor, account)
    # the address opens the letter as its reader, who can appeal with it: staff never get it
    return 200, {"items": [views.notice(seen, with_link=actor.kind == "api_key") for seen in page.items]}


@router.post(
    "/decisions/{decision_id}/appeals",
    response={201: s.AppealOut, **ERRORS},
    auth=Key("appeals:write"),
    summary="Lodge an appeal for the account holder",
)
def lodge_appeal(request: HttpRequest, decision_id: str, body: s.AppealIn) -> HttpResponse:
    """For marketplaces that show notices in their own app."""
    actor = actor_of(request)

    def produce() -> tuple[int, dict[str, Any]]:
        made = appeals.lodge(actor, decision_id, body.grounds, language=body.language, channel="api")
        return 201, views.appeal(made)

    return answer_once(request, produce)


@router.post(
    "/appeals/{appeal_id}/decision",
    response={200: s.AppealOut, **ERRORS},
    auth=Key("appeals:write"),
    summary="Answer an appeal",
)
def decide_appeal(request: HttpRequest, appeal_id: str, body: s.AppealDecisionIn) -> HttpResponse:
    """By a person who had no part in the decision."""
    person = _person(request, "appeal_review")

    def produce() -> tuple[int, dict[str, Any]]:
        return 200, views.appeal(appeals.answer(person, appeal_id, body.outcome, body.reasons))

    return answer_once(request, produce)


@router.get("/actions", response={200: s.ActionPage, **ERRORS}, auth=Key("actions:read"), summary="Actions")
def list_actions(
    request: HttpRequest,
    account: str = Query("", max_length=160, description="kind:id, or an id"),
    since: datetime | None = None,
    limit: int = Query(100, ge=1, le=500),
) -> Any:
    """Newest first: for catching up after webhooks were down."""
    page = enforcement.actions_of(actor_of(request), account=account, since=since, limit=limit)
    return 200, {"items": [views.action(row) for row in page.items]}


@router.post(
    "/actions/{action_id}/confirmation",
    response={200: s.ActionOut, **ERRORS},
    auth=Key("actions:write"),
    summary="Say that an action was applied, or could not be",
)
def confirm_action(request: HttpRequest, action_id: str, body: s.ConfirmationIn) -> HttpResponse:
    """Saying it twice changes nothing."""
    actor = actor_of(request)

    def produce() -> tuple[int, dict[str, Any]]:
        return 200, views.action(protection.confirm(actor, action_id, body.status, body.detail))

    return answer_once(request, produce)
