"""Alerts by expected harm, and how right the top of the queue was day by day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET

from tocsin.core.access.check import actor_permissions
from tocsin.domains.cases import queries as cases
from tocsin.domains.detection import precision as precisions
from tocsin.domains.detection import queries as detection
from tocsin.domains.detection.harm import Harm, harms
from tocsin.domains.detection.models import Alert
from tocsin.domains.detection.precision import Precision
from tocsin.domains.people import vocabulary
from tocsin.surfaces.console import words
from tocsin.surfaces.console.desk import actor_of, page

_ALERT_TABS = {
    "in_case": lazy("In a case"),
    "open": lazy("New"),
    "confirmed": lazy("Right"),
    "cleared": lazy("Wrong"),
    "unsettled": lazy("Unsettled"),
}


@page("alerts.view")
@require_GET
def alerts(request: HttpRequest) -> HttpResponse:
    """Alerts, the most expected harm first."""
    actor = actor_of(request)
    state = request.GET.get("state", "")
    state = state if state in _ALERT_TABS else "in_case"
    rows, hidden = detection.alerts(actor, state=state)
    held = actor_permissions(actor)
    known = cases.references(actor, alerts=[row.pk for row in rows]) if "cases.view" in held else {}
    harm = harms(rows)
    looks_up = "entities.view" in held
    return render(
        request,
        "console/alerts.html",
        {
            "rows": [_alert(row, harm[row.pk], known, looks_up=looks_up) for row in rows],
            "hidden": hidden,
            "state": state,
            "tabs": [{"name": name, "label": label} for name, label in _ALERT_TABS.items()],
        },
    )


def _alert(row: Alert, harm: Harm, known: Mapping[str, str], *, looks_up: bool) -> dict[str, Any]:
    kept = looks_up and row.subject_kind in vocabulary.ATTRIBUTES
    href = reverse("console:entity", args=[row.subject_kind, row.subject_id]) if kept else ""
    return {
        "alert": row, "harm": harm, "chance": round(100 * harm.chance), "label": words.plain(row.rule),
        "kind": words.kind(row.subject_kind), "href": href, "case": known.get(row.pk, ""),
    }  # fmt: skip


@page("alerts.view")
@require_GET
def precision(request: HttpRequest) -> HttpResponse:
    """precision@k of the last thirty days."""
    found = precisions.days(actor_of(request))
    rows = [
        {
            "day": one,
            "at_k": _percent(one.at_k),
            "then": _percent(one.then),
            "of_judged": _percent(one.of_judged),
            "interval": " – ".join(str(_percent(end)) for end in one.interval or ()),
            "waiting": one.top - one.confirmed - one.cleared,
        }
        for one in found
    ]
    return render(
        request, "console/precision.html", {"rows": rows, "newest": rows[:1], "chart": _chart(found[::-1])}
    )


def _chart(days: Sequence[Precision]) -> dict[str, Any]:
    """One line for each of the table's shares, oldest day first."""
    return {
        "x": [_noon(one.day) for one in days],
        "unit": "%",
        "series": [
            {"label": _("of all in the top"), "values": [_percent(one.at_k) for one in days]},
            {
                "label": _("of those judged"), "tone": "grn",
                "values": [_percent(one.of_judged) for one in days],
            },
            {"label": _("at least"), "tone": "ink3", "values": [_end(one, 0) for one in days]},
            {"label": _("at most"), "tone": "ink3", "values": [_end(one, 1) for one in days]},
        ],
    }  # fmt: skip


def _end(day: Precision, end: int) -> int | None:
    return _percent(day.interval[end]) if day.interval else None


def _percent(share: float | None) -> int | None:
    return None if share is None else round(100 * share)


def _noon(day: dt.date) -> int:
    """A moment of the day that is on the same date wherever it is drawn."""
    return int(dt.datetime.combine(day, dt.time(12), dt.UTC).timestamp())
