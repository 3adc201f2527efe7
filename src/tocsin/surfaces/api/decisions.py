"""Decisions, and the letters about them."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from tocsin.domains.cases import queries as cases
from tocsin.domains.enforcement import decisions, reversal
from tocsin.domains.enforcement import queries as enforcement
from tocsin.surfaces.api import answers as a
from tocsin.surfaces.api import inputs as i
from tocsin.surfaces.api import views
from tocsin.surfaces.api.auth import actor_of
from tocsin.surfaces.api.idempotent import answer_once
from tocsin.surfaces.api.problems import READING, READING_ONE
from tocsin.surfaces.api.routing import get, post

router = Router(tags=["decisions"])
_DECIDING = "case_handling"


@post(
    router, "/cases/{case_id}/decisions", scope="cases:write",
    permission="cases.work", status=201, answers=a.Decision, who="person", summary="Decide",
)  # fmt: skip
def decide(request: HttpRequest, case_id: str, body: i.DecisionIn) -> HttpResponse:
    """File a decision under a clause. Everything follows at once: action, letter, strike, label, and the
    outcome to whoever reported. A termination first waits for a second reader."""
    person = actor_of(request).for_purpose(_DECIDING)

    def produce() -> tuple[int, dict[str, Any]]:
        case = cases.find(person, case_id)
        given = decisions.DecisionInput(
            subject_id=body.subject, finding=body.finding, clause_id=body.clause,
            standard_of_proof=body.standard_of_proof, facts_internal=body.facts_internal,
            facts_disclosable=body.facts_disclosable, step=body.step, days=body.days, feature=body.feature,
            aggravators=tuple(body.aggravators), mitigators=tuple(body.mitigators),
            deviation_reason=body.deviation_reason, unmatch=body.unmatch, revision=body.revision,
        )  # fmt: skip
        return 201, views.decision(decisions.decide(person, case.pk, given))

    return answer_once(request, produce)


@post(
    router, "/decisions/{decision_id}/second-reading", scope="cases:write",
    permission="cases.second_read", status=200, answers=a.Decision, who="person",
    summary="Confirm or refuse a termination",
)  # fmt: skip
def second_reading(request: HttpRequest, decision_id: str, body: i.SecondReadIn) -> HttpResponse:
    """Never by the person who proposed it."""
    person = actor_of(request).for_purpose(_DECIDING)

    def produce() -> tuple[int, dict[str, Any]]:
        return 200, views.decision(decisions.second_read(person, decision_id, body.agree, body.note))

    return answer_once(request, produce)


@post(
    router, "/decisions/{decision_id}/reversal", scope="cases:write",
    permission="decisions.reverse", status=200, answers=a.Decision, who="person",
    summary="Undo a mistaken decision",
)  # fmt: skip
def reverse(request: HttpRequest, decision_id: str, body: i.UndoIn) -> HttpResponse:
    """Everything it caused is undone, and the person is told why. Never by the person who decided; while an
    appeal is open, it is answered there."""
    person = actor_of(request).for_purpose(_DECIDING)

    def produce() -> tuple[int, dict[str, Any]]:
        return 200, views.decision(reversal.reverse(person, decision_id, body.reason))

    return answer_once(request, produce)


@get(
    router, "/decisions/{decision_id}", scope="decisions:read", answers=a.Decision, may_fail=READING_ONE,
    summary="One decision",
)  # fmt: skip
def read_decision(request: HttpRequest, decision_id: str) -> Any:
    """Without its facts: those are in the notice, and for staff in the console."""
    return views.decision(enforcement.decision(actor_of(request), decision_id).decision)


@get(
    router, "/notices", scope="decisions:read", answers=a.NoticePage, may_fail=READING,
    summary="Letters of an account",
)  # fmt: skip
def list_notices(
    request: HttpRequest,
    account: Annotated[
        str, Field(pattern=r"^((customer|shopper):)?[A-Za-z0-9_.:-]{1,64}$", examples=["customer:c-1042"])
    ],
    cursor: Annotated[str, Field(max_length=60)] = "",
    limit: Annotated[int, Field(ge=1, le=200)] = 50,
) -> Any:
    """Newest first, for showing in your own app. `account` is `customer:<id>`, `shopper:<id>`, or the id."""
    actor = actor_of(request)
    page = enforcement.notices_of(actor, account, cursor=cursor, limit=limit)
    # the address opens the letter as its reader, who can appeal with it: staff never get it
    items = [views.notice(seen, with_link=actor.kind == "api_key") for seen in page.items]
    return {"items": items, "next_cursor": page.next_cursor, "hidden": page.hidden}
