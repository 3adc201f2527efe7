"""A small site that shows every component to a real browser: our templates, middleware, CSP; no database."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import include, path

from tocsin.core.errors import Conflict
from tocsin.surfaces.ui.showcase import showcase_context

#: What the stream of live updates answers: "ok" or "broken". The tests change it.
live = {"state": "ok"}
posted: list[str] = []


def showcase(request: HttpRequest) -> HttpResponse:
    stream = "/live" if "live" in request.GET else ""
    context = showcase_context() | {"palette_url": "/palette", "live_stream_url": stream}
    return render(request, "tocsin/showcase.html", context)


def help_centre(request: HttpRequest) -> HttpResponse:
    context = showcase_context() | {"emergency_number": "911", "brand": "Basket"}
    return render(request, "tocsin/showcase_help.html", context)


def palette(request: HttpRequest) -> JsonResponse:
    items = [
        {"group": "Cases", "label": "TS-7QK4M Shopper reports a threat", "href": "/?c=1", "icon": "folder"},
        {"group": "People", "label": "José Álvarez", "href": "/?person=1", "icon": "user"},
    ]
    question = request.GET.get("q", "").lower()
    if question:
        items.append({"group": "Cases", "label": "C-0V50BP Refunds in a pair", "href": "/?c=2"})
    return JsonResponse({"items": [item for item in items if question in item["label"].lower()]})


def fragment(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        posted.append("fragment")
    toast = {"toast": {"text": "Saved.", "tone": "good", "undo": "/undo"}}
    return HttpResponse(f"<p>Loaded by {request.method}</p>", headers={"HX-Trigger": json.dumps(toast)})


def undo(request: HttpRequest) -> HttpResponse:
    posted.append("undo")
    return HttpResponse(status=204)


def reveal(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return HttpResponse(
            '<div class="dialog-head"><h2 id="dialog-title">Reveal the phone number</h2></div>'
            '<form class="dialog-body" hx-post="/reveal" hx-target="#m1" hx-swap="innerHTML">'
            '<div class="field"><label for="why">Why?</label><input id="why" name="why"></div>'
            '<button class="btn pri">Reveal</button></form>'
        )
    return HttpResponse("<b>+1 555 010 4471</b>", headers={"HX-Trigger": "dialog-close"})


def conflict(request: HttpRequest, status: int) -> HttpResponse:
    raise Conflict("Ana decided this case while you were reading it.", "Reload the case.")


def stream(request: HttpRequest) -> HttpResponse:
    if live["state"] == "broken":
        return HttpResponse(status=503)
    lines = ["retry: 100\n\n", 'event: queue\ndata: {"n": 1}\n\n']
    return StreamingHttpResponse(iter(lines), content_type="text/event-stream")


urlpatterns = [
    path("", showcase),
    path("help/", help_centre),
    path("palette", palette),
    path("frag", fragment),
    path("undo", undo),
    path("reveal", reveal),
    path("err/<int:status>", conflict),
    path("live", stream),
    path("i18n/", include("django.conf.urls.i18n")),
]
