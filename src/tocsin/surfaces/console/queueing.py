"""The queue as the screen wants it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from tocsin.core.actor import Actor
from tocsin.domains.cases import queries
from tocsin.domains.cases.models import Case

DESKS = ("safety", "account", "fraud", "conduct", "food", "privacy", "delivery")
_TABS = (("open", "Mine + open"), ("due", "Due soon"), ("waiting", "Waiting"), ("all", "All"))


def item(case: Case) -> dict[str, Any]:
    """One row of the list."""
    origin = {"report": _("Report"), "rule": _("Rule"), "staff": _("Staff"), "api": _("API")}.get(case.source, case.source)
    meta = " · ".join(part for part in (origin, case.channel, case.region) if part)
    return {
        "number": case.reference, "severity": case.severity, "kind": case.desk.capitalize(), "title": case.title,
        "meta": meta, "due": case.next_due_at, "owner": case.assignee.name if case.assignee else "",
    }  # fmt: skip


def pane(request: HttpRequest, actor: Actor, current: str = "") -> dict[str, Any]:
    """Context of the queue pane: which view, its rows, what is hidden, the next page."""
    view = {
        "desk": request.GET.get("desk", ""), "tab": request.GET.get("tab", "open"),
        "severity": request.GET.get("severity", ""),
    }  # fmt: skip
    if view["tab"] not in queries.TABS:
        view["tab"] = "open"
    page = queries.queue(actor, cursor=request.GET.get("cursor", ""), **view)
    keep = {key: value for key, value in view.items() if value}
    here = reverse("console:queue")
    rows = [
        {"item": item(case), "href": f"{reverse('console:case', args=[case.reference])}?{urlencode(keep)}",
         "current": case.reference == current}
        for case in page.items
    ]  # fmt: skip
    return {
        "rows": rows,
        "total": page.total,
        "total_is_floor": page.total >= queries.COUNT_CAP,
        "hidden": page.hidden,
        "desk": view["desk"],
        "desks": DESKS,
        "severity": view["severity"],
        "tabs": [
            {"label": _(label), "href": f"{here}?{urlencode({**keep, 'tab': name})}", "current": view["tab"] == name}
            for name, label in _TABS
        ],
        "list_url": f"{reverse('console:queue_rows')}?{urlencode({**keep, 'current': current})}",
        "next_url": f"{here}?{urlencode({**keep, 'cursor': page.next_cursor})}" if page.next_cursor else "",
        "first_url": f"{here}?{urlencode(keep)}" if request.GET.get("cursor") else "",
        "query": urlencode(keep),
    }
