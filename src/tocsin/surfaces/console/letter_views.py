"""A letter of a case, as the person it went to reads it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tocsin.domains.cases import queries as cases
from tocsin.domains.enforcement import queries as enforcement
from tocsin.surfaces.console import words
from tocsin.surfaces.console.acting import form_page
from tocsin.surfaces.console.desk import actor_of, page


@page("cases.view")
@require_GET
def letter(request: HttpRequest, reference: str) -> HttpResponse:
    """What was written to whom and when; in a dialog, or as a page of its own."""
    actor = actor_of(request)
    case = cases.find(actor, reference)
    found = enforcement.letter(actor, case, request.GET.get("letter", ""))
    context = {
        "case": case,
        "letter": found,
        "label": words.NOTICES.get(found.notice.kind, words.plain(found.notice.kind)),
        "paragraphs": (found.body or "").split("\n\n"),
    }
    return form_page(request, "console/parts/letter.html", _("Letter"), context)
