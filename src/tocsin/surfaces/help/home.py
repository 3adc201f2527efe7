"""The first page, the privacy notice, the hours, and the way out."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from tocsin.core.packs.today import rules_for
from tocsin.domains.reports import queries
from tocsin.domains.reports.taxonomy import current
from tocsin.surfaces.help import content, lengths
from tocsin.surfaces.help.content import said
from tocsin.surfaces.help.frame import page
from tocsin.surfaces.help.session import close
from tocsin.surfaces.ui.states import SEVERITIES

#: The record shown to the public covers so many days [D].
RECORD_DAYS = 30


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What can be reported, where to go, when we are there and how soon we answer."""
    taxonomy = current()
    context = {
        "groups": [
            {
                "id": group.id,
                "title": said(group.title),
                "text": said(group.text),
                "matters": [
                    {"code": entry.code, "title": said(entry.title), "text": said(entry.text)}
                    for entry in entries
                ],
            }
            for group, entries in taxonomy.public()
        ],
        "taxonomy_version": taxonomy.version,
        "taxonomy_number": taxonomy.number,
        "desks": _desks(),
        "channels": [{"title": said(one.title), "text": said(one.text)} for one in content.hours().channels],
        "record_days": RECORD_DAYS,
        "record": _record(),
        "home_zone": settings.TOCSIN_ZONE,
        "zone_name": content.zone_name(settings.TOCSIN_ZONE),
    }
    return page(request, "home.html", context)


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """The privacy notice in force."""
    notice = content.privacy_notice()
    sections = [
        {"id": one.id, "title": said(one.title), "text": one.text.get(content.tongue()) or one.text["en"]}
        for one in notice.sections
    ]
    return page(request, "privacy.html", {"sections": sections})


@require_safe
def hours_json(request: HttpRequest) -> JsonResponse:
    """The hours for machines: desks with their severities and local opening hours, channels, zone."""
    desks = [
        {
            "id": desk.id,
            "title": said(desk.title),
            "severities": list(desk.severities),
            "always": desk.always,
            "opens": desk.opens and desk.opens.isoformat("minutes"),
            "closes": desk.closes and desk.closes.isoformat("minutes"),
            "days": "business days",
        }
        for desk in content.hours().desks
    ]
    channels = [{"id": one.id, "title": said(one.title)} for one in content.hours().channels]
    return JsonResponse(
        {"region": settings.TOCSIN_REGION, "zone": settings.TOCSIN_ZONE, "desks": desks, "channels": channels}
    )


@require_safe
def leave(request: HttpRequest) -> HttpResponse:
    """Close whatever was open and go somewhere nobody asks about."""
    close(request)
    response = redirect(settings.TOCSIN_QUICK_EXIT_URL)
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response


def _desks() -> list[dict[str, Any]]:
    return [
        {
            "title": said(desk.title),
            "always": desk.always,
            "opens": desk.opens,
            "closes": desk.closes,
            "opens_next": content.reads_next(
                desk.severities[0], settings.TOCSIN_REGION, settings.TOCSIN_ZONE
            ),
        }
        for desk in content.hours().desks
    ]


def _record() -> list[dict[str, Any]]:
    """What we promise for each severity, and how often we kept it."""
    rules = rules_for(settings.TOCSIN_REGION)
    kept = {row.severity: row for row in queries.attainment(timezone.now() - dt.timedelta(days=RECORD_DAYS))}
    rows = []
    for severity, attained in kept.items():
        spec = rules.clock(f"response.{severity}.answer")
        if spec is not None:
            meaning = SEVERITIES[severity][1]
            row = {"severity": severity, "meaning": meaning, "within": lengths.within(spec)}
            rows.append(row | {"percent": attained.percent})
    return rows
