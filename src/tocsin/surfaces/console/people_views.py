"""Looking up people and things, alerts, and the command palette."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tocsin.core.access.check import actor_permissions
from tocsin.core.act import act
from tocsin.core.errors import NotFound
from tocsin.domains.cases import queries as cases
from tocsin.domains.detection import queries as detection
from tocsin.domains.enforcement import queries as enforcement
from tocsin.domains.people import queries as people
from tocsin.surfaces.console import drawing
from tocsin.surfaces.console.context import places
from tocsin.surfaces.console.desk import actor_of, page


@page("alerts.view")
@require_GET
def alerts(request: HttpRequest) -> HttpResponse:
    """Alerts by expected harm."""
    state = request.GET.get("state", "in_case")
    state = state if state in ("open", "in_case", "confirmed", "cleared") else "in_case"
    rows, hidden = detection.alerts(actor_of(request), state=state)
    return render(request, "console/alerts.html", {"rows": rows, "hidden": hidden, "state": state})


@page("entities.view")
@require_GET
def lookup(request: HttpRequest) -> HttpResponse:
    """Find a person, an order or a thing."""
    text = request.GET.get("q", "").strip()
    actor = actor_of(request)
    found = people.search(actor, text) if text else None
    found_cases = cases.search(actor, text) if text and "cases.view" in actor_permissions(actor) else []
    return render(request, "console/lookup.html", {"q": text, "found": found, "cases": found_cases})


@page("entities.view")
@require_GET
def entity(request: HttpRequest, kind: str, entity_id: str) -> HttpResponse:
    """One person or thing: what is held, what happened, what links to it. Opening it is logged."""
    actor = actor_of(request)
    held = people.entity(actor, kind, entity_id)
    if held is None:
        raise NotFound(_("We know no such thing."), _("Check the identifier."))
    with act(actor, "entity.view") as work:
        work.fact(f"people.{kind}", entity_id)
    told = detection.events_of(actor, kind=_EVENT_KIND.get(kind, kind), entity_id=entity_id, limit=60)
    context: dict[str, Any] = {
        "kind": kind,
        "entity_id": entity_id,
        "held": held,
        "events": told.items,
        "hidden_events": told.hidden,
        "verdicts": detection.verdicts_for(actor, [event.seq for event in told.items])
        if "alerts.view" in actor_permissions(actor)
        else {},
        "graph_url": reverse("console:entity_graph", args=[kind, entity_id]),
    }
    account = people.find_account(actor, kind, entity_id) if kind in ("customer", "shopper") else None
    if account is not None:
        context |= {
            "account": account,
            "card": people.account_card(actor, account),
            "history": enforcement.history(account),
            "running": enforcement.running_on(account),
            "labels": detection.labels_of(kind, entity_id),
        }
    return render(request, "console/entity.html", context)


#: Events call some things by shorter names than the entities do.
_EVENT_KIND = {"payment_instrument": "card", "payout_account": "payout"}


@page("entities.view")
@require_GET
def entity_graph(request: HttpRequest, kind: str, entity_id: str) -> JsonResponse:
    """Links around one thing, two hops."""
    return JsonResponse(drawing.around(actor_of(request), kind, entity_id))


@page("policies.view")
@require_GET
def palette(request: HttpRequest) -> JsonResponse:
    """What the command palette offers: places to go, and what a search finds."""
    actor = actor_of(request)
    text = request.GET.get("q", "").strip()
    held = actor_permissions(actor)
    items: list[dict[str, Any]] = [
        {
            "group": _("Go to"),
            "label": item["label"],
            "href": item["href"],
            "icon": item["icon"],
            "hint": item["keys"],
        }
        for item in places(actor)
    ]
    if text and "cases.view" in held:
        items += [
            {
                "group": _("Cases"),
                "label": f"{case.reference} {case.title}",
                "icon": "inbox",
                "hint": case.severity,
                "href": reverse("console:case", args=[case.reference]),
            }
            for case in cases.search(actor, text)
        ]
    if text and "entities.view" in held:
        items += [
            {
                "group": _("People and things"),
                "label": hit.label,
                "icon": "user",
                "hint": hit.kind,
                "href": reverse("console:entity", args=[hit.kind, hit.id]),
            }
            for hit in people.search(actor, text).hits
        ]
    return JsonResponse({"items": items})
