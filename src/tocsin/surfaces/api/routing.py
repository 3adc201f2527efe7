"""How an operation is declared: its door, its answers, and what its document says about both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ninja import Router

from tocsin.surfaces.api.auth import JSON, Door, Who
from tocsin.surfaces.api.problems import WRITING, may_answer

Operation = Callable[..., Any]

_IDEMPOTENCY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {
        "type": "string",
        "pattern": "^[\\x21-\\x7e]{8,120}$",
        "examples": ["7f6c2a0e-5b1e-4b7c-9b0e-1c1f"],
    },
    "description": (
        "A name you give this request, such as a UUID. The same request again under the same name gets the "
        "first answer again, for 24 hours, and nothing happens twice. Under the same name another request is "
        "refused (409)."
    ),
}
_WHO = {
    "anybody": "",
    "person": " A personal key.",
    "system": " An integration key.",
}


def _extra(scope: str, who: Who, extra: dict[str, Any] | None) -> dict[str, Any]:
    return {"x-scope": scope, "x-who": who, **(extra or {})}


def get(
    router: Router,
    path: str,
    *,
    scope: str,
    answers: Any,
    may_fail: Sequence[int],
    summary: str,
    who: Who = "anybody",
) -> Callable[[Operation], Operation]:
    """Declare something that is read. ``answers`` is the shape of a 200."""
    return router.get(
        path, response={200: answers, **may_answer(may_fail)}, auth=Door(scope, who=who), summary=summary,
        openapi_extra=_extra(scope, who, None),
    )  # fmt: skip


def post(
    router: Router,
    path: str,
    *,
    scope: str,
    status: int,
    answers: Any,
    summary: str,
    who: Who = "anybody",
    permission: str = "",
    media: str = JSON,
    may_fail: Sequence[int] = WRITING,
    repeatable: bool = True,
    extra: dict[str, Any] | None = None,
) -> Callable[[Operation], Operation]:
    """Declare something that is done. ``repeatable``: an ``Idempotency-Key`` makes it safe to send again.
    ``permission``: what a person needs besides, whatever it is done to."""
    more: dict[str, Any] = dict(extra or {})
    if repeatable:
        more["parameters"] = [_IDEMPOTENCY]
    return router.post(
        path, response={status: answers, **may_answer(may_fail)},
        auth=Door(scope, who=who, permission=permission, media=media),
        summary=summary, openapi_extra=_extra(scope, who, more),
    )  # fmt: skip


def put(
    router: Router, path: str, *, scope: str, answers: Any, summary: str, who: Who = "anybody"
) -> Callable[[Operation], Operation]:
    """Declare something that is set; setting it twice is setting it once."""
    return router.put(
        path, response={200: answers, **may_answer(WRITING)}, auth=Door(scope, who=who), summary=summary,
        openapi_extra=_extra(scope, who, None),
    )  # fmt: skip


def delete(
    router: Router, path: str, *, scope: str, answers: Any, may_fail: Sequence[int], summary: str
) -> Callable[[Operation], Operation]:
    """Declare something that is ended; ending it twice is ending it once."""
    return router.delete(
        path, response={200: answers, **may_answer(may_fail)}, auth=Door(scope), summary=summary,
        openapi_extra=_extra(scope, "anybody", None),
    )  # fmt: skip
