"""The HTTP API, version 1: OpenAPI 3.1 at ``/v1/openapi.json``."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from tocsin.core.access.refusals import record_refusal
from tocsin.core.errors import AccessDenied, DomainError
from tocsin.surfaces.api import cases, entities, events, reports, webhooks
from tocsin.surfaces.api.problems import from_domain, from_validation, problem
from tocsin.surfaces.ui.errors import holds_nul

api = NinjaAPI(
    title="Tocsin",
    version="1",
    description=(
        "Tell Tocsin what happens on your marketplace, ask for decisions, file reports, and be told what to "
        "do. "
        "Every POST may carry an `Idempotency-Key`. Errors are problem+json."
    ),
    urls_namespace="api",
    docs_url=None,
)
for module in (entities, events, reports, cases, webhooks):
    api.add_router("", module.router)


@api.exception_handler(AccessDenied)
def _denied(request: HttpRequest, error: AccessDenied) -> HttpResponse:
    actor = getattr(request, "actor", None)
    record_refusal(
        actor.ref if actor else "anonymous", error, purpose=actor.purpose if actor else "", path=request.path
    )
    return from_domain(error)


@api.exception_handler(DomainError)
def _refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    return from_domain(error)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return from_validation(request, error)


@api.exception_handler(AuthenticationError)
def _who(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    response = problem(
        401, "no_key", "A valid API key is needed: Authorization: Bearer tsk_… Nothing was changed."
    )
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(RequestDataTooBig)
def _too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problem(
        413, "too_large", "The body is larger than 2 MiB. Nothing was changed. Send smaller batches."
    )


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code == 400:
        return problem(400, "malformed", f"The body could not be read: {error}. Nothing was changed.")
    return problem(error.status_code, "refused", str(error))


@api.exception_handler(Exception)
def _broken(request: HttpRequest, error: Exception) -> Any:
    if holds_nul(error):
        return problem(
            400, "malformed", "Text cannot hold the character NUL. Nothing was changed. Send it without."
        )
    # Django logs it and answers 500; a traceback never reaches the caller
    raise error
