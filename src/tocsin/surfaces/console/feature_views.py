"""The features of one person or thing, on its page: now, and at each of its events."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tocsin.core.actor import Actor
from tocsin.domains.questions import sheets
from tocsin.domains.questions.models import FeatureSheet, Question
from tocsin.surfaces.console import words
from tocsin.surfaces.console.desk import actor_of, page


@page("entities.view")
@require_POST
def ask(request: HttpRequest, kind: str, entity_id: str) -> HttpResponse:
    """Have them worked out."""
    sheets.ask_features(actor_of(request), kind, entity_id)
    return redirect(f"{reverse('console:entity', args=[kind, entity_id])}#features")


@page("entities.view")
@require_GET
def features(request: HttpRequest, kind: str, entity_id: str) -> HttpResponse:
    """What was worked out, or that it is under way: the part of the page."""
    return render(request, "console/parts/features.html", context(actor_of(request), kind, entity_id))


def context(actor: Actor, kind: str, entity_id: str) -> dict[str, Any]:
    """What the part of the page shows."""
    sheet = sheets.newest(actor, kind, entity_id)
    told = {"sheet": sheet, "features_url": reverse("console:entity_features", args=[kind, entity_id])}
    if sheet is None or sheet.state != Question.State.DONE:
        return told
    rows = _rows(sheet)
    return told | {
        "features": [row for row in rows if row["changed"]],
        "constant": [row for row in rows if not row["changed"]],
    }


def _rows(sheet: FeatureSheet) -> list[dict[str, Any]]:
    return [_row(**one) for one in sheet.answer["features"]]


def _row(name: str, window: str, note: str, now: Any, values: list[Any]) -> dict[str, Any]:
    known = [value for value in values if value is not None]
    said = words.value(name, _("not known") if now is None else now)
    return {
        "name": name,
        "changed": len({*known, *([] if now is None else [now])}) > 1,
        "value": said,
        "note": note,
        "window": window,
        "values": [float(value) for value in known],
        "least": words.value(name, min(known)).shown if known else "",
        "most": words.value(name, max(known)).shown if known else "",
    }
