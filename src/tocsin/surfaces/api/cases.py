"""Cases: the queue, one case, and what people do with it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from tocsin.core.access.check import actor_permissions
from tocsin.core.errors import InvalidInput
from tocsin.domains.cases import actions as case_actions
from tocsin.domains.cases import queries as cases
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement import protection
from tocsin.domains.enforcement import queries as enforcement
from tocsin.domains.enforcement.proposal import happened_at, propose, weights
from tocsin.domains.people.models import Account
from tocsin.domains.policies import queries as policies
from tocsin.surfaces.api import answers as a
from tocsin.surfaces.api import inputs as i
from tocsin.surfaces.api import views
from tocsin.surfaces.api.auth import actor_of
from tocsin.surfaces.api.idempotent import answer_once
from tocsin.surfaces.api.problems import READING, READING_ONE
from tocsin.surfaces.api.routing import get, post

router = Router(tags=["cases"])
_PURPOSE = "case_handling"
_WEIGHTS = Query([], max_length=20, description="Names of what was found, of what the clause weighs.")


@get(router, "/cases", scope="cases:read", answers=a.CasePage, may_fail=READING, summary="The queue")
def list_cases(
    request: HttpRequest,
    desk: Annotated[str, Field(max_length=16)] = "",
    tab: Literal["open", "mine", "due", "waiting", "all"] = "all",
    severity: Literal["", "S0", "S1", "S2", "S3", "S4"] = "",
    cursor: Annotated[str, Field(max_length=60)] = "",
    limit: Annotated[int, Field(ge=1, le=200)] = 40,
) -> Any:
    """Worst first, then what is due first."""
    page = cases.queue(actor_of(request), desk=desk, tab=tab, severity=severity, cursor=cursor, limit=limit)
    return {
        "items": [views.case_brief(case) for case in page.items],
        "next_cursor": page.next_cursor,
        "hidden": page.hidden,
    }


@get(router, "/cases/{case_id}", scope="cases:read", answers=a.Case, may_fail=READING_ONE, summary="One case")
def read_case(request: HttpRequest, case_id: str) -> Any:
    """By id or reference."""
    actor = actor_of(request)
    case = cases.find(actor, case_id)
    may_see_alerts = "alerts.view" in actor_permissions(actor)
    return {
        **views.case_brief(case),
        "parties": [views.party(row) for row in cases.parties(case)],
        "reports": list(case.report_links.order_by("added_at").values_list("report__number", flat=True)),
        "alerts": [views.alert(link.alert) for link in _alert_links(case)] if may_see_alerts else [],
        "actions": [views.action(row) for row in enforcement.actions_in(actor, case)],
        "decisions": [views.decision(row.decision) for row in enforcement.decisions_in(actor, case)],
    }


def _alert_links(case: Case) -> Any:
    return case.alert_links.select_related("alert").order_by("added_at")


@get(
    router, "/cases/{case_id}/clauses", scope="cases:read", answers=a.ClauseList, may_fail=READING_ONE,
    who="person", summary="The clauses it can be decided under",
)  # fmt: skip
def read_clauses(request: HttpRequest, case_id: str) -> Any:
    """Those in force where and when it happened, that bind somebody in the case; those about its own codes
    first."""
    case = cases.find(actor_of(request), case_id)
    roles = {row.account.role for row in cases.parties(case)}
    found = policies.clauses_for(case.codes, region=case.region, at=happened_at(case))
    binding = [one for one in found if roles & set(one.body["applies_to"])]
    binding.sort(key=lambda one: one.violation_code not in case.codes)
    return {"items": [views.clause(one) for one in binding]}


@get(
    router, "/cases/{case_id}/proposal", scope="cases:read", answers=a.Proposal, may_fail=READING_ONE,
    who="person", summary="What the policy proposes",
)  # fmt: skip
def read_proposal(
    request: HttpRequest,
    case_id: str,
    subject: Annotated[str, Field(max_length=60)],
    clause: Annotated[str, Field(max_length=40)],
    standard_of_proof: Literal["", "reasonable_suspicion", "reasonable_belief", "preponderance"] = "",
    aggravators: list[Annotated[str, Field(max_length=40)]] = _WEIGHTS,
    mitigators: list[Annotated[str, Field(max_length=40)]] = _WEIGHTS,
) -> Any:
    """For somebody in the case, under a clause, on what was found so far; and what else the clause weighs.
    Changes nothing."""
    case = cases.find(actor_of(request), case_id)
    account = Account.objects.filter(pk=subject, case_parts__case=case).first()
    if account is None:
        raise InvalidInput(
            "That person is not part of this case.", "Name one of its parties.",
            fields={"subject": "account_id of one of the case's parties"},
        )  # fmt: skip
    plan = propose(
        case, account, clause, aggravators=aggravators, mitigators=mitigators, proof_met=standard_of_proof
    )
    return views.proposal(plan, weights(case, account, clause))


@post(
    router, "/cases/{case_id}/assign", scope="cases:write",
    permission="cases.assign", status=200, answers=a.CaseBrief, who="person", summary="Take or assign",
)  # fmt: skip
def assign(request: HttpRequest, case_id: str, body: i.AssignIn) -> HttpResponse:
    """Give a case to somebody, or take it."""
    person = actor_of(request).for_purpose(_PURPOSE)

    def produce() -> tuple[int, dict[str, Any]]:
        case = cases.find(person, case_id)
        case = case_actions.assign(person, case.pk, body.staff or person.id, revision=body.revision)
        return 200, views.case_brief(case)

    return answer_once(request, produce)


@post(
    router, "/cases/{case_id}/protections", scope="cases:write",
    permission="cases.work", status=201, answers=a.Action, who="person", summary="Protect now",
)  # fmt: skip
def protect(request: HttpRequest, case_id: str, body: i.ProtectIn) -> HttpResponse:
    """Reversible, ends by itself, and is no finding. The same again is the same measure."""
    person = actor_of(request).for_purpose(_PURPOSE)

    def produce() -> tuple[int, dict[str, Any]]:
        case = cases.find(person, case_id)
        return 201, views.action(protection.protect(person, case.pk, body.type, body.account or ""))

    return answer_once(request, produce)


@post(
    router, "/cases/{case_id}/close", scope="cases:write",
    permission="cases.close", status=200, answers=a.CaseBrief, who="person",
    summary="Close without a decision",
)  # fmt: skip
def close(request: HttpRequest, case_id: str, body: i.CloseIn) -> HttpResponse:
    """Its reporters are told the outcome, and nothing about anybody else."""
    person = actor_of(request).for_purpose(_PURPOSE)

    def produce() -> tuple[int, dict[str, Any]]:
        case = cases.find(person, case_id)
        case = case_actions.close(person, case.pk, body.outcome, body.reason, revision=body.revision)
        return 200, views.case_brief(case)

    return answer_once(request, produce)
