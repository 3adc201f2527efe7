"""The frame of every page of the help centre."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from tocsin.core.actor import Actor
from tocsin.surfaces.help import content


def page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Render a page in the frame. Nothing of it is kept by browsers or by anything on the way."""
    response = render(request, f"help/{template}", frame(request) | (context or {}), status=status)
    response["Cache-Control"] = "no-store"
    return response


def frame(request: HttpRequest) -> dict[str, Any]:
    """What the frame itself needs."""
    here = request.path
    nav = [
        (_("Report"), reverse("help:choose")),
        (_("Follow up"), reverse("help:follow-up")),
        (_("Appeal"), reverse("help:letters")),
    ]
    return {
        "brand": settings.TOCSIN_BRAND,
        "emergency_number": content.emergency_number(settings.TOCSIN_REGION),
        "help_nav": [{"label": label, "href": href, "current": here.startswith(href)} for label, href in nav],
        "quick_exit_url": reverse("help:leave"),
        "notice": content.privacy_notice(),
        "zone": settings.TOCSIN_ZONE,
    }


def anybody(request: HttpRequest) -> Actor:
    """The actor of somebody who has shown us nothing yet."""
    return Actor(
        "reporter",
        "web",
        _("Somebody on the help centre"),
        purpose="self_service",
        via="web",
        address=address_of(request),
    )


def address_of(request: HttpRequest) -> str:
    """Where a request comes from, as our own server sees it."""
    return str(request.META.get("REMOTE_ADDR") or "unknown")
