"""The appeals desk."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tocsin.core.access.check import allows
from tocsin.core.clocks import service as clocks
from tocsin.core.errors import AccessDenied, DomainError
from tocsin.domains.cases.access import scope_of
from tocsin.domains.enforcement import appeals as acts
from tocsin.domains.enforcement import queries
from tocsin.domains.enforcement.models import Appeal
from tocsin.surfaces.console.desk import actor_of, page

_PURPOSE = "appeal_review"


@page("appeals.view", purpose=_PURPOSE)
@require_GET
def appeals(request: HttpRequest) -> HttpResponse:
    """Oldest first: lost income waits for nobody."""
    tab = request.GET.get("tab", "open")
    rows, hidden = queries.appeals(actor_of(request), tab=tab if tab in ("open", "mine", "all") else "open")
    return render(
        request,
        "console/appeals.html",
        {"rows": [(row, clocks.next_due("appeal", row.pk)) for row in rows], "hidden": hidden, "tab": tab},
    )


@page("appeals.view", purpose=_PURPOSE)
@require_GET
def appeal(request: HttpRequest, appeal_id: str) -> HttpResponse:
    """One appeal beside the decision it is about."""
    return _page(request, appeal_id)


def _page(request: HttpRequest, appeal_id: str, error: DomainError | None = None) -> HttpResponse:
    actor = actor_of(request)
    found, grounds = queries.appeal(actor, appeal_id)
    case = found.decision.case
    open_ = found.state in Appeal.OPEN_STATES
    context = {
        "appeal": found,
        "case": case,
        "grounds": grounds,
        "views": [
            view for view in queries.decisions_in(actor, case) if view.decision.pk == found.decision_id
        ],
        "own": actor.id in (found.decision.decider_id, found.decision.second_reader_id),
        "may_decide": open_ and allows(actor, "appeals.decide", scope_of(actor, case)),
        "mine": found.reviewer_id == actor.id,
        "outcomes": Appeal.Outcome.choices,
        "problem": error,
        "values": request.POST if error else {},
        "clocks": clocks.running("appeal", found.pk),
    }
    return render(request, "console/appeal.html", context, status=422 if error else 200)


@page("appeals.decide", purpose=_PURPOSE)
@require_POST
def take(request: HttpRequest, appeal_id: str) -> HttpResponse:
    """Take an appeal."""
    try:
        acts.take(actor_of(request), appeal_id)
    except AccessDenied:
        raise
    except DomainError as error:
        messages.error(request, error.sentence())
    else:
        messages.success(request, _("The appeal is yours to hear."))
    return redirect("console:appeal", appeal_id)


@page("appeals.decide", purpose=_PURPOSE)
@require_POST
def answer(request: HttpRequest, appeal_id: str) -> HttpResponse:
    """Answer an appeal."""
    try:
        acts.answer(
            actor_of(request), appeal_id, request.POST.get("outcome", ""), request.POST.get("reasons", "")
        )
    except AccessDenied:
        raise
    except DomainError as error:
        return _page(request, appeal_id, error)
    messages.success(request, _("Answered. The person is told."))
    return redirect("console:appeal", appeal_id)
