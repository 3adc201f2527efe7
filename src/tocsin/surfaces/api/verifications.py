"""Order verification: what came of a hand-off PIN, a photo, a receipt, an age check."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from tocsin.domains.verification import actions, queries
from tocsin.domains.verification.actions import Told
from tocsin.surfaces.api import answers as a
from tocsin.surfaces.api import inputs as i
from tocsin.surfaces.api import views
from tocsin.surfaces.api.auth import actor_of
from tocsin.surfaces.api.idempotent import answer_once
from tocsin.surfaces.api.problems import READING_ONE
from tocsin.surfaces.api.routing import get, post

router = Router(tags=["verification"])


@post(
    router, "/orders/{order_id}/verifications", scope="entities:write", status=201, answers=a.Verification,
    who="system", summary="Say how a verification went",
)  # fmt: skip
def tell_verification(request: HttpRequest, order_id: i.ExternalId, body: i.VerificationIn) -> HttpResponse:
    """Tell the end of it: passed, or failed for good, with the number of tries. The same `external_id` again
    gets the same answer, and under it another result is refused (409). Never send a PIN or a document: there
    is no field for them."""
    actor = actor_of(request)

    def produce() -> tuple[int, dict[str, Any]]:
        told = Told(
            body.external_id, body.outcome, body.method, body.attempts, body.at, body.evidence_sha256.lower()
        )
        return 201, views.verification(actions.tell(actor, order_id, body.kind, told))

    return answer_once(request, produce)


@get(
    router, "/orders/{order_id}/verifications", scope="entities:read", answers=a.VerificationList,
    may_fail=READING_ONE, summary="What an order has to be, or was, verified by",
)  # fmt: skip
def list_verifications(request: HttpRequest, order_id: i.ExternalId) -> Any:
    """None: no rule demanded any, and none was told."""
    return {"items": [views.verification(row) for row in queries.of_order(actor_of(request), order_id)]}
