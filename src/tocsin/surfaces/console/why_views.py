"""Why an alert of a case was raised, in full."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tocsin.domains.cases import queries as cases
from tocsin.domains.cases.access import scope_of
from tocsin.domains.cases.case_alerts import own_alert
from tocsin.domains.detection.explained import why_raised
from tocsin.surfaces.console.acting import form_page
from tocsin.surfaces.console.desk import actor_of, page
from tocsin.surfaces.console.explaining import explanation


@page("cases.view")
@require_GET
def why(request: HttpRequest, reference: str) -> HttpResponse:
    """What fired with every value and threshold, what nearly fired, and what would have changed it, by the
    first or the newest event of the alert; in a dialog, or as a page of its own."""
    actor = actor_of(request)
    case = cases.find(actor, reference)
    alert = own_alert(case, request.GET.get("alert", ""))
    newest = request.GET.get("event") == "newest"
    found = why_raised(actor, alert, scope_of(actor, case, "P3"), newest=newest)
    shown = {"case": case, "newest": newest, **explanation(alert, found)}
    return form_page(request, "console/parts/why.html", _("Why it was flagged"), shown)
