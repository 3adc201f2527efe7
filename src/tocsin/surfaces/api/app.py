"""The HTTP API, version 1: its operations, and what becomes of every error."""

from __future__ import annotations

import logging

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.operation import Operation

from tocsin.core.access.refusals import record_refusal
from tocsin.core.errors import AccessDenied, DomainError
from tocsin.core.faults import said
from tocsin.surfaces.api import (
    actions,
    appeals,
    cases,
    casework,
    decisions,
    entities,
    events,
    explanations,
    indicators,
    reports,
    verifications,
    webhooks,
)
from tocsin.surfaces.api.parsing import JsonParser
from tocsin.surfaces.api.problems import from_domain, from_validation, problem

log = logging.getLogger("tocsin.api")


class Api(NinjaAPI):
    """The framework's API, with short names for its operations."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        module = operation.view_func.__module__.rpartition(".")[2]
        return f"{module}_{operation.view_func.__name__}"


api = Api(
    title="Tocsin",
    version="1",
    description=(
        "Tell Tocsin what happens on your marketplace, ask for decisions, file reports, and be told what "
        "to do. Every POST may carry an `Idempotency-Key`. Errors are problem+json: what happened, what "
        "became of what you sent, what to do."
    ),
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,
    parser=JsonParser(),
)
for module in (
    entities,
    events,
    reports,
    cases,
    explanations,
    casework,
    decisions,
    appeals,
    actions,
    verifications,
    indicators,
    webhooks,
):
    api.add_router("", module.router)


@api.exception_handler(AccessDenied)
def denied(request: HttpRequest, error: AccessDenied) -> HttpResponse:
    """Refused, and written down."""
    actor = getattr(request, "actor", None)
    purpose = actor.purpose if actor else ""
    record_refusal(actor.ref if actor else "anonymous", error, purpose=purpose, path=request.path)
    return from_domain(error)


@api.exception_handler(DomainError)
def refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A domain says what happened in its own words."""
    return from_domain(error)


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """The shape of what was sent."""
    return from_validation(request, error)


@api.exception_handler(AuthenticationError)
def who(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    """No key, or none that is accepted; never says which."""
    response = problem(
        401, "no_key", "A valid API key is needed: Authorization: Bearer tsk_… Nothing was changed."
    )
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(RequestDataTooBig)
def too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    """A body beyond the limit."""
    return problem(413, "too_large", "The body is too large. Nothing was changed. Send less at a time.")


@api.exception_handler(HttpError)
def http(request: HttpRequest, error: HttpError) -> HttpResponse:
    """The framework could not read the body; our parser said why."""
    if isinstance(error.__cause__, DomainError):
        return from_domain(error.__cause__)
    return problem(error.status_code, "malformed", f"This could not be read: {error}. Nothing was changed.")


@api.exception_handler(MultiPartParserError)
@api.exception_handler(UnreadablePostError)
@api.exception_handler(SuspiciousOperation)
@api.exception_handler(BadRequest)
def unreadable(request: HttpRequest, error: Exception) -> HttpResponse:
    """A body that breaks off or is no multipart."""
    return problem(400, "malformed", f"The body could not be read: {error}. Nothing was changed.")


@api.exception_handler(DataError)
def unkeepable(request: HttpRequest, error: DataError) -> HttpResponse:
    """A value that passed every check and that the database cannot hold all the same."""
    log.warning("%s %s: the database refused a value: %s", request.method, request.path, said(error))
    return problem(
        422, "invalid_input", "A value cannot be kept as it was sent. Nothing was changed. Correct it."
    )


@api.exception_handler(OperationalError)
@api.exception_handler(InterfaceError)
def away(request: HttpRequest, error: Exception) -> HttpResponse:
    """The database is away for the moment."""
    log.error("%s %s: %s", request.method, request.path, said(error))
    return problem(
        503, "unavailable", "This cannot be done right now. Nothing was changed. Send it again shortly.",
        retry_after=5,
    )  # fmt: skip


@api.exception_handler(Http404)
def nowhere(request: HttpRequest, error: Http404) -> HttpResponse:
    """No such thing."""
    return problem(404, "not_found", "There is nothing at this address. Nothing was changed.")


@api.exception_handler(Exception)
def broken(request: HttpRequest, error: Exception) -> HttpResponse:
    """Ours to mend: written down in full, and nothing of it told."""
    log.exception("%s %s failed", request.method, request.path)
    return problem(
        500, "broken", "Something broke on our side, and we have written it down. Nothing was changed."
    )
