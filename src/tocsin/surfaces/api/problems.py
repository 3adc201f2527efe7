"""Errors as problem+json (RFC 9457): what happened, that nothing was lost, what to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Schema

from tocsin.core.errors import DomainError


class FieldError(Schema):
    """One thing that is wrong, and where."""

    path: str
    message: str


class Problem(Schema):
    """Every error of this API has this shape and the media type application/problem+json."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []


#: Statuses any operation may answer with, for the OpenAPI document.
ERRORS: dict[int, type[Problem]] = dict.fromkeys((400, 401, 403, 404, 409, 413, 415, 422, 429, 503), Problem)


def problem(
    status: int,
    code: str,
    detail: str,
    errors: list[dict[str, str]] | None = None,
    retry_after: int | None = None,
) -> HttpResponse:
    """A problem+json answer."""
    body: dict[str, Any] = {
        "type": f"urn:tocsin:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": errors or [],
    }
    response = JsonResponse(body, status=status)
    response["Content-Type"] = "application/problem+json"
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def from_domain(error: DomainError) -> HttpResponse:
    """The problem for a refusal by a domain."""
    errors = [{"path": path, "message": message} for path, message in error.fields.items()]
    return problem(error.status, error.code, error.sentence(), errors, getattr(error, "retry_after", None))


def from_validation(request: HttpRequest, error: Any) -> HttpResponse:
    """The problem for a body or query that does not fit the schema: every fault with its path."""
    errors = [
        {"path": ".".join(str(part) for part in fault["loc"]), "message": fault["msg"]}
        for fault in error.errors
    ]
    return problem(422, "invalid_input", "Some of what was sent does not fit. Nothing was changed.", errors)
