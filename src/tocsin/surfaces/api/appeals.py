"""Appeals: lodged for the account holder, and heard by somebody who had no part in the decision."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from tocsin.domains.enforcement import appeals
from tocsin.domains.enforcement import queries as enforcement
from tocsin.surfaces.api import answers as a
from tocsin.surfaces.api import inputs as i
from tocsin.surfaces.api import views
from tocsin.surfaces.api.auth import actor_of
from tocsin.surfaces.api.idempotent import answer_once
from tocsin.surfaces.api.problems import READING, READING_ONE
from tocsin.surfaces.api.routing import get, post

router = Router(tags=["decisions"])
_HEARING = "appeal_review"


@post(
    router, "/decisions/{decision_id}/appeals", scope="appeals:write",
    permission="appeals.lodge", status=201, answers=a.Appeal,
    summary="Lodge an appeal for the account holder",
)  # fmt: skip
def lodge_appeal(request: HttpRequest, decision_id: str, body: i.AppealIn) -> HttpResponse:
    """For marketplaces that show notices in their own app. While an appeal is open, lodging again gives
    the open one."""
    actor = actor_of(request)

    def produce() -> tuple[int, dict[str, Any]]:
        made = appeals.lodge(actor, decision_id, body.grounds, language=body.language, channel="api")
        return 201, views.appeal(made)

    return answer_once(request, produce)


@get(
    router, "/appeals", scope="decisions:read", answers=a.AppealPage, may_fail=READING, who="person",
    summary="Appeals to hear",
)  # fmt: skip
def list_appeals(
    request: HttpRequest,
    tab: Literal["open", "mine", "all"] = "open",
    cursor: Annotated[str, Field(max_length=60)] = "",
    limit: Annotated[int, Field(ge=1, le=200)] = 50,
) -> Any:
    """Oldest first: lost income waits for nobody."""
    hearer = actor_of(request).for_purpose(_HEARING)
    rows, hidden = enforcement.appeals(hearer, tab=tab, cursor=cursor, limit=limit + 1)
    more = rows[limit - 1].pk if len(rows) > limit else ""
    return {"items": [views.appeal(row) for row in rows[:limit]], "next_cursor": more, "hidden": hidden}


@get(
    router, "/appeals/{appeal_id}", scope="decisions:read", answers=a.AppealOpened, may_fail=READING_ONE,
    who="person", summary="One appeal",
)  # fmt: skip
def read_appeal(request: HttpRequest, appeal_id: str) -> Any:
    """With what the person wrote; null for those who may not read it yet."""
    found, grounds = enforcement.appeal(actor_of(request).for_purpose(_HEARING), appeal_id)
    return {**views.appeal(found), "case": found.decision.case_id, "grounds": grounds}


@post(
    router, "/appeals/{appeal_id}/take", scope="appeals:write",
    permission="appeals.decide", status=200, answers=a.Appeal, who="person",
    summary="Take an appeal to hear it",
)  # fmt: skip
def take_appeal(request: HttpRequest, appeal_id: str) -> HttpResponse:
    """Never by whoever decided or confirmed the decision."""
    person = actor_of(request).for_purpose(_HEARING)
    return answer_once(request, lambda: (200, views.appeal(appeals.take(person, appeal_id))))


@post(
    router, "/appeals/{appeal_id}/decision", scope="appeals:write",
    permission="appeals.decide", status=200, answers=a.Appeal, who="person", summary="Answer an appeal",
)  # fmt: skip
def decide_appeal(request: HttpRequest, appeal_id: str, body: i.AppealDecisionIn) -> HttpResponse:
    """By a person who had no part in the decision."""
    person = actor_of(request).for_purpose(_HEARING)

    def produce() -> tuple[int, dict[str, Any]]:
        return 200, views.appeal(appeals.answer(person, appeal_id, body.outcome, body.reasons))

    return answer_once(request, produce)
