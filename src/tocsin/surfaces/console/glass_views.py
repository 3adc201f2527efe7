"""Breaking the glass: from the case page, in a dialog, and from the page on which a case was refused."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tocsin.core.access.break_glass import length
from tocsin.core.actor import Actor
from tocsin.core.errors import DomainError, InvalidInput
from tocsin.domains.cases import glass
from tocsin.domains.cases.models import Case
from tocsin.surfaces.console.acting import FormState, by_script, done, form_state
from tocsin.surfaces.console.desk import actor_of, page


@page("access.break_glass")
@require_GET
def ask(request: HttpRequest, reference: str) -> HttpResponse:
    """The form in a dialog."""
    return _form(request, glass.openable(actor_of(request), reference), {})


@page("access.break_glass")
@require_POST
def open_(request: HttpRequest, reference: str) -> HttpResponse:
    """Open the case. What cannot be accepted comes back with what was typed."""
    actor = actor_of(request)
    case = glass.openable(actor, reference)
    try:
        glass.open_case(actor, case.pk, request.POST.get("reason", ""))
    except InvalidInput as error:
        return _form(request, case, request.POST.dict(), error)
    said = _("Opened. The privacy officer has been told.")
    return done(request, said, reverse("console:case", args=[case.reference]))


def _form(
    request: HttpRequest, case: Case, values: dict[str, Any], error: DomainError | None = None
) -> HttpResponse:
    form = form_state(case, values, error)
    status = 422 if error else 200
    if by_script(request):
        return render(request, "console/forms/glass.html", told(case, form), status=status)
    return render(request, "console/glass.html", told(case, form), status=status)


def told(case: Case, form: FormState) -> dict[str, Any]:
    """What the form says: for which case, and for how long."""
    minutes = int(length().total_seconds() // 60)
    return {"case": case, "form": form, "minutes": minutes}


def on_refusal(actor: Actor, request: HttpRequest) -> dict[str, Any]:
    """The same for the page on which a case was refused; empty when it would open nothing."""
    asked = request.resolver_match.kwargs.get("reference") if request.resolver_match else None
    case = glass.offered(actor, asked) if asked else None
    return told(case, form_state(case, {})) if case else {}
