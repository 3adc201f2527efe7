"""Turns refusals of the domains into pages, and logs those about access."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from tocsin.core.access.refusals import record_refusal
from tocsin.core.errors import AccessDenied, DomainError
from tocsin.surfaces.ui.errors import bad_request, for_domain_error, holds_nul


class DomainErrorMiddleware:
    """The last line for errors that a view did not answer itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if holds_nul(exception):
            return bad_request(request, exception)
        if not isinstance(exception, DomainError):
            return None
        if isinstance(exception, AccessDenied):
            actor = getattr(request, "actor", None)
            record_refusal(
                actor.ref if actor else "anonymous",
                exception,
                purpose=actor.purpose if actor else "",
                path=request.path,
            )
        return for_domain_error(request, exception)


class ServerTimingMiddleware:
    """Says how long the server took (ms), where browsers' tools and our benchmarks look for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        response["Server-Timing"] = f"app;dur={(time.perf_counter() - began) * 1000:.2f}"
        return response
