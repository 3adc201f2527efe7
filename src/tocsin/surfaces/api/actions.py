"""Actions: what the marketplace is asked to do, and its word that it did."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from tocsin.domains.enforcement import protection
from tocsin.domains.enforcement import queries as enforcement
from tocsin.surfaces.api import answers as a
from tocsin.surfaces.api import inputs as i
from tocsin.surfaces.api import views
from tocsin.surfaces.api.auth import actor_of
from tocsin.surfaces.api.idempotent import answer_once
from tocsin.surfaces.api.problems import READING
from tocsin.surfaces.api.routing import get, post

router = Router(tags=["actions"])


@get(router, "/actions", scope="actions:read", answers=a.ActionPage, may_fail=READING, summary="Actions")
def list_actions(
    request: HttpRequest,
    account: Annotated[
        str, Field(max_length=160, description="kind:id, or an id", examples=["customer:c-1042"])
    ] = "",
    since: i.Moment | None = None,
    cursor: Annotated[str, Field(max_length=60)] = "",
    limit: Annotated[int, Field(ge=1, le=500)] = 100,
) -> Any:
    """Newest first: for catching up after webhooks were down."""
    page = enforcement.actions_of(actor_of(request), account=account, since=since, cursor=cursor, limit=limit)
    items = [views.action(row) for row in page.items]
    return {"items": items, "next_cursor": page.next_cursor, "hidden": page.hidden}


@post(
    router, "/actions/{action_id}/confirmation", scope="actions:write", status=200, answers=a.Action,
    who="system", summary="Say that an action was applied, or could not be",
)  # fmt: skip
def confirm_action(request: HttpRequest, action_id: str, body: i.ConfirmationIn) -> HttpResponse:
    """Saying it twice changes nothing. What failed first can be applied later; what was undone meanwhile
    stays undone, whatever is said about it."""
    actor = actor_of(request)

    def produce() -> tuple[int, dict[str, Any]]:
        return 200, views.action(protection.confirm(actor, action_id, body.status, body.detail))

    return answer_once(request, produce)


@post(
    router, "/actions/{action_id}/lift", scope="cases:write",
    permission="cases.work", status=200, answers=a.Action, who="person",
    summary="End a protective measure early",
)  # fmt: skip
def lift_action(request: HttpRequest, action_id: str, body: i.ReasonIn) -> HttpResponse:
    """What belongs to a decision is not lifted: the decision is reversed, or appealed."""
    person = actor_of(request).for_purpose("case_handling")

    def produce() -> tuple[int, dict[str, Any]]:
        return 200, views.action(protection.lift(person, action_id, body.reason))

    return answer_once(request, produce)
