"""Queue and case pages: what is read."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from tocsin.core.access.check import actor_permissions
from tocsin.core.act import act
from tocsin.core.actor import Actor
from tocsin.domains.cases import queries as cases
from tocsin.domains.cases.link_graph import Wanted
from tocsin.domains.cases.models import Case
from tocsin.surfaces.console import casepage, context, drawing, queueing, support
from tocsin.surfaces.console.desk import actor_of, page

#: Where a desk begins: the first of these that the person may open.
_FIRST_PAGES = (
    ("cases.assign", "console:queue"),
    ("appeals.decide", "console:appeals"),
    ("cases.view", "console:queue"),
    ("staff.manage", "console:staff"),
    ("alerts.view", "console:alerts"),
)


@page("policies.view")
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The first page of the person's desk."""
    held = actor_permissions(actor_of(request))
    for permission, name in _FIRST_PAGES:
        if permission in held:
            return redirect(name)
    return redirect("console:policies")


@page("policies.view")
@require_GET
def nav(request: HttpRequest) -> HttpResponse:
    """The navigation with its counts, read again when something changed."""
    groups = context.nav(actor_of(request), request.GET.get("at", ""))
    return render(request, "tocsin/parts/nav.html", {"nav": groups})


@page("cases.view")
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """The queue alone; on a wide screen, beside it, what to do next."""
    return render(request, "console/queue.html", queueing.pane(request, actor_of(request)))


@page("cases.view")
@require_GET
def queue_rows(request: HttpRequest) -> HttpResponse:
    """The inside of the queue pane, read again when something changed."""
    current = request.GET.get("current", "")
    return render(
        request, "console/parts/queue_inside.html", queueing.pane(request, actor_of(request), current)
    )


@page("cases.view")
@require_GET
def case(request: HttpRequest, reference: str) -> HttpResponse:
    """The case page. Opening it is logged: who looked at what is part of the record."""
    actor = actor_of(request)
    found = _looked_at(actor, reference)
    shown = {**queueing.pane(request, actor, found.reference), **casepage.build(actor, found)}
    return render(request, "console/case.html", shown)


@page("cases.view")
@require_GET
def case_body(request: HttpRequest, reference: str) -> HttpResponse:
    """The inside of the case page, read again when something changed in it: a look like the first."""
    actor = actor_of(request)
    found = _looked_at(actor, reference)
    return render(request, "console/parts/case_body.html", casepage.build(actor, found))


def _looked_at(actor: Actor, reference: str) -> Case:
    found = cases.find(actor, reference)
    with act(actor, "case.view") as work:
        cases.arrive(actor, found)
        work.fact("cases.case", found.pk)
    return found


@page("cases.view")
@require_GET
def here(request: HttpRequest, reference: str) -> HttpResponse:
    """Says that one is still here, and who else is."""
    actor, found = _asked(request, reference)
    cases.arrive(actor, found)
    others = cases.present(found, but=actor.id)
    return render(request, "console/parts/here.html", {"others_here": others})


@page("cases.view")
@require_GET
def case_support(request: HttpRequest, reference: str) -> HttpResponse:
    """What policy says about the case, and how similar ones ended. Asked for after the page is there."""
    actor, found = _asked(request, reference)
    return render(request, "console/parts/support.html", support.build(actor, found))


@page("cases.view")
@require_GET
def case_graph(request: HttpRequest, reference: str) -> JsonResponse:
    """Links around the people of a case, two hops."""
    actor, found = _asked(request, reference)
    return JsonResponse(drawing.around_case(actor, found, Wanted()))


def _asked(request: HttpRequest, reference: str) -> tuple[Actor, Case]:
    actor = actor_of(request)
    return actor, cases.find(actor, reference)
