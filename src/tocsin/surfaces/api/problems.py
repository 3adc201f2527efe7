"""Errors as problem+json (RFC 9457): what happened, that nothing was lost, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Schema
from pydantic import Field

from tocsin.core.errors import DomainError

MEDIA_TYPE = "application/problem+json"


class FieldError(Schema):
    """One thing that is wrong, and where."""

    path: str = Field(description="Where it is, such as `entities[3].attributes.name`.")
    message: str


class Problem(Schema):
    """Every error of this API has this shape and the media type `application/problem+json`."""

    type: str = Field(description="Stable name of the kind of problem, `urn:tocsin:problem:…`.")
    title: str
    status: int
    detail: str = Field(description="What happened, what became of what you sent, and what to do.")
    errors: list[FieldError] = Field(
        default=[], description="Every fault with its place, where there is one."
    )


#: What an operation may answer besides its own success, by what it does.
READING = (401, 403, 422, 429, 503)
READING_ONE = (*READING, 404)
WRITING = (400, 401, 403, 404, 409, 411, 413, 415, 422, 429, 503)


def may_answer(statuses: Iterable[int]) -> dict[int, type[Problem]]:
    """For ``response=`` of an operation: these statuses carry a problem."""
    return dict.fromkeys(sorted(statuses), Problem)


def problem(
    status: int,
    code: str,
    detail: str,
    errors: Sequence[dict[str, str]] = (),
    retry_after: int | None = None,
) -> HttpResponse:
    """A problem+json answer."""
    body: dict[str, Any] = {
        "type": f"urn:tocsin:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": list(errors),
    }
    response = JsonResponse(body, status=status, json_dumps_params={"ensure_ascii": True})
    response["Content-Type"] = MEDIA_TYPE
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def from_domain(error: DomainError) -> HttpResponse:
    """The problem for a refusal by a domain."""
    errors = [{"path": path, "message": message} for path, message in error.fields.items()]
    return problem(error.status, error.code, error.sentence(), errors, getattr(error, "retry_after", None))


def from_validation(request: HttpRequest, error: Any) -> HttpResponse:
    """The problem for a body or query that does not fit its schema: every fault with its place."""
    errors = [{"path": _path(fault["loc"]), "message": _words(fault)} for fault in error.errors]
    return problem(
        422,
        "invalid_input",
        "Some of what was sent does not fit. Nothing was changed. Correct what is named.",
        errors[:MOST_ERRORS],
    )


#: Faults named in one answer.
MOST_ERRORS = 50
#: Where a parameter comes from stands first in a place, and for a body the name of our argument second.
_SOURCES = {"body": 2, "file": 1, "form": 1, "header": 1, "path": 1, "query": 1}


def _path(place: Sequence[str | int]) -> str:
    skip = _SOURCES.get(str(place[0]), 0)
    path = ""
    for part in place[skip:] or place[-1:]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path


_PLAIN = {
    "missing": "This is needed.",
    "extra_forbidden": "There is no such field.",
    "model_attributes_type": "This should be an object.",
    "dict_type": "This should be an object.",
    "list_type": "This should be a list.",
    "string_type": "This should be text.",
    "bool_type": "This should be true or false.",
    "bool_parsing": "This should be true or false.",
    "int_type": "This should be a whole number.",
    "int_parsing": "This should be a whole number.",
    "int_from_float": "This should be a whole number.",
    "int_parsing_size": "This number is too large.",
    "timezone_aware": "A time needs its offset, as in 2026-03-01T17:30:00-08:00.",
    "datetime_parsing": "This should be a time like 2026-03-01T17:30:00-08:00.",
    "datetime_from_date_parsing": "This should be a time like 2026-03-01T17:30:00-08:00.",
    "datetime_type": "This should be a time like 2026-03-01T17:30:00-08:00.",
    "datetime_object_invalid": "This should be a time like 2026-03-01T17:30:00-08:00.",
    "string_pattern_mismatch": "This is not written as it should be: {pattern}",
    "string_too_short": "At least {min_length} characters.",
    "string_too_long": "At most {max_length} characters.",
    "too_short": "At least {min_length}.",
    "too_long": "At most {max_length}.",
    "greater_than_equal": "At least {ge}.",
    "less_than_equal": "At most {le}.",
    "literal_error": "One of {expected}.",
}


def _words(fault: dict[str, Any]) -> str:
    said = _PLAIN.get(fault["type"])
    return said.format(**fault.get("ctx", {})) if said else str(fault["msg"])
