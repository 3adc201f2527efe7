"""Addresses of the API. Whatever is answered under them is a problem document or what the document says."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path

from tocsin.surfaces.api.app import api
from tocsin.surfaces.api.documentation import document_json, document_page
from tocsin.surfaces.api.problems import problem

View = Callable[..., HttpResponse]
_ROOT = "api-root"


def _in_words(view: View) -> View:
    """The same view; a method it does not know is refused as a problem document."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if response.status_code != 405:
            return response
        allowed = response.headers.get("Allow", "")
        refused = problem(405, "method", f"Here only {allowed} can be asked. Nothing was changed.")
        refused["Allow"] = allowed
        return refused

    answer.csrf_exempt = True  # type: ignore[attr-defined]
    return answer


def nothing_here(request: HttpRequest, rest: str = "") -> HttpResponse:
    """404 for every other address under ours."""
    return problem(
        404,
        "not_found",
        "There is nothing at this address. Nothing was changed. The document is at /v1/docs.",
    )


nothing_here.csrf_exempt = True  # type: ignore[attr-defined]


def _operations() -> list[URLPattern]:
    patterns, _app, _namespace = api.urls
    kept = [one for one in patterns if isinstance(one, URLPattern) and one.name != _ROOT]
    for one in kept:
        one.callback = _in_words(one.callback)
    return kept


app_name = "api"
urlpatterns = [
    path("openapi.json", _in_words(document_json), name="openapi"),
    path("docs", _in_words(document_page), name="docs"),
    *_operations(),
    path("", nothing_here, name=_ROOT),
    re_path(r"^(?P<rest>.*)$", nothing_here),
]
