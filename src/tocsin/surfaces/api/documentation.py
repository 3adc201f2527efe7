"""Where the document is read: as JSON by machines, as a page by people. Both are open to everybody."""

from __future__ import annotations

from functools import lru_cache

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tocsin.surfaces.api.document import document
from tocsin.surfaces.api.outline import Group, groups


@require_safe
def document_json(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document."""
    return JsonResponse(document())


@lru_cache(maxsize=1)
def _groups() -> list[Group]:
    return groups(document())


@require_safe
def document_page(request: HttpRequest) -> HttpResponse:
    """The document as a page: rendered here, nothing loaded from anywhere else."""
    made = document()
    return render(
        request,
        "api/reference.html",
        {
            "groups": _groups(),
            "info": made["info"],
            "key": made["components"]["securitySchemes"]["key"],
            "server": made["servers"][0]["url"],
        },
    )
