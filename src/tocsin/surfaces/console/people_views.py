"""Looking up people and things, and the command palette."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tocsin.core.access.check import actor_permissions
from tocsin.core.act import act
from tocsin.core.actor import Actor
from tocsin.core.errors import NotFound
from tocsin.domains.cases import queries as cases
from tocsin.domains.detection import activity
from tocsin.domains.detection import queries as detection
from tocsin.domains.detection.models import Event
from tocsin.domains.enforcement.ladder_steps import STEPS
from tocsin.domains.enforcement.standing import standings
from tocsin.domains.people import queries as people
from tocsin.domains.people.models import Account
from tocsin.domains.people.vocabulary import EVENT_KINDS
from tocsin.surfaces.console import drawing, feature_views, verifying, words
from tocsin.surfaces.console.context import places
from tocsin.surfaces.console.desk import actor_of, page

_KIND_ICONS = {
    "address": "map-pin", "customer": "user", "device": "smartphone", "order": "package",
    "payment_instrument": "credit-card", "payout_account": "banknote", "phone": "phone", "shopper": "user",
    "store": "store",
}  # fmt: skip


@page("entities.view")
@require_GET
def lookup(request: HttpRequest) -> HttpResponse:
    """Find a person, an order or a thing."""
    text = request.GET.get("q", "").strip()
    actor = actor_of(request)
    found = people.search(actor, text) if text else None
    found_cases = cases.search(actor, text) if text and "cases.view" in actor_permissions(actor) else []
    hits = [_hit(hit) for hit in found.hits] if found else []
    return render(
        request, "console/lookup.html",
        {
            "q": text, "found": found, "hits": hits, "cases": found_cases,
            "total": len(hits) + len(found_cases),
        },
    )  # fmt: skip


def _hit(hit: people.Hit) -> dict[str, Any]:
    return {"hit": hit, "kind": words.kind(hit.kind), "icon": _KIND_ICONS.get(hit.kind, "hash")}


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
    events = detection.events_of(actor, kind=EVENT_KINDS.get(kind, kind), entity_id=entity_id, limit=60)
    context: dict[str, Any] = {
        "kind_name": words.kind(kind),
        "entity_id": entity_id,
        "zone": str(held["attributes"].get("zone") or "UTC"),
        "held": [_held(name, value) for name, value in sorted(held["attributes"].items())]
        + [_Held(words.plain(name), covered=True) for name in held["hidden"]],
        "events": [_event(row) for row in events.items],
        "hidden_events": events.hidden,
        "graph_url": reverse("console:entity_graph", args=[kind, entity_id]),
        "verifications": verifying.of_order(actor, entity_id) if kind == "order" else [],
        **feature_views.context(actor, kind, entity_id),
    }
    account = people.find_account(actor, kind, entity_id) if kind in ("customer", "shopper") else None
    if account is not None:
        context |= _person(actor, account)
    return render(request, "console/entity.html", context)


@dataclass(frozen=True, slots=True)
class _Held:
    """One attribute of a thing, as it is shown."""

    label: str
    shown: str = ""
    covered: bool = False
    at: dt.datetime | None = None


def _held(name: str, value: Any) -> _Held:
    label = words.plain(name.removesuffix("_minor"))
    if isinstance(value, dt.datetime):
        return _Held(label, at=value)
    if value is None or value == "":
        return _Held(label, "—")
    if isinstance(value, list | tuple):
        return _Held(label, ", ".join(map(str, value)))
    shown = words.value(name, value).shown if isinstance(value, bool | int | float) else str(value)
    return _Held(label, shown)


def _event(row: Event) -> dict[str, Any]:
    currency = str(row.fields.get("currency", ""))
    values = [
        words.value(name, value, currency)
        for name, value in sorted(row.fields.items())
        if name != "currency" and value is not None
    ]
    return {"row": row, "label": words.plain(row.type), "values": values}


def _person(actor: Actor, account: Account) -> dict[str, Any]:
    standing = standings([account])[account.pk]
    days = activity.days_of(actor, account.role, account.external_id, zone=account.zone)
    mine = "cases.view" in actor_permissions(actor)
    thing = (account.role, account.external_id)
    return {
        "account": account,
        "card": people.account_card(actor, account),
        "standing": standing,
        "running": [{"row": row, "label": STEPS[row.type].label} for row in standing.running],
        "labels": activity.labels_of([thing])[thing],
        "their_cases": cases.cases_of(actor, account) if mine else ([], 0),
        "activity": [day.events for day in days],
        "in_all": sum(day.events for day in days),
        "flagged": sum(day.flagged for day in days),
    }


@page("entities.view")
@require_GET
def entity_graph(request: HttpRequest, kind: str, entity_id: str) -> JsonResponse:
    """Links around one thing, two hops."""
    return JsonResponse(drawing.around(actor_of(request), kind, entity_id))


@page("policies.view")
@require_GET
def palette(request: HttpRequest) -> JsonResponse:
    """What the command palette offers: without a question the places to go, with one what a search finds."""
    actor = actor_of(request)
    text = request.GET.get("q", "").strip()
    return JsonResponse({"items": _found(actor, text) if text else _places(actor)})


def _places(actor: Actor) -> list[dict[str, Any]]:
    return [
        {
            "group": _("Go to"), "label": place["label"], "href": place["href"], "icon": place["icon"],
            "hint": place["keys"],
        }
        for place in places(actor)
    ]  # fmt: skip


def _found(actor: Actor, text: str) -> list[dict[str, Any]]:
    held = actor_permissions(actor)
    items = []
    if "cases.view" in held:
        items += [
            {
                "group": _("Cases"), "label": f"{case.reference} {case.title}", "icon": "inbox",
                "hint": case.severity, "href": reverse("console:case", args=[case.reference]),
            }
            for case in cases.search(actor, text)
        ]  # fmt: skip
    if "entities.view" in held:
        items += [
            {
                "group": _("People and things"), "label": hit.label,
                "hint": f"{words.kind(hit.kind)} {hit.id}", "icon": _KIND_ICONS.get(hit.kind, "hash"),
                "href": reverse("console:entity", args=[hit.kind, hit.id]),
            }
            for hit in people.search(actor, text).hits
        ]  # fmt: skip
    return items
