"""The queue as the screen wants it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from tocsin.core.access.check import actor_permissions
from tocsin.core.actor import Actor
from tocsin.domains.cases import queries
from tocsin.domains.cases.models import Case
from tocsin.surfaces.console import words
from tocsin.surfaces.ui.states import SEVERITIES

DESKS = {
    "safety": lazy("Safety"),
    "account": lazy("Account"),
    "fraud": lazy("Fraud"),
    "conduct": lazy("Conduct"),
    "food": lazy("Food"),
    "privacy": lazy("Privacy"),
    "delivery": lazy("Delivery"),
}
_TABS = (
    ("open", lazy("Mine + open")),
    ("due", lazy("Due soon")),
    ("waiting", lazy("Waiting")),
    ("all", lazy("All")),
)


def item(case: Case) -> dict[str, Any]:
    """One row of the list."""
    origin = {
        "report": _("Report"),
        "rule": _("Rule"),
        "staff": _("Staff"),
        "api": _("API"),
    }.get(case.source, case.source)
    channel = str(words.CHANNELS.get(case.channel, case.channel))
    return {
        "number": case.reference,
        "severity": case.severity,
        "kind": DESKS.get(case.desk, words.plain(case.desk)),
        "title": case.title,
        "meta": " · ".join(part for part in (origin, channel, case.region) if part),
        "due": case.next_due_at,
        "owner": case.assignee.name if case.assignee else "",
    }


def pane(request: HttpRequest, actor: Actor, current: str = "") -> dict[str, Any]:
    """Context of the queue pane: which view, its rows, what is hidden, the next page."""
    view: dict[str, Any] = view_of(request)
    cursor = request.GET.get("cursor", "")
    found = queries.queue(actor, cursor=cursor, **view)
    keep = {key: value for key, value in view.items() if value}
    here = reverse("console:queue")

    def address(**changes: str) -> str:
        wanted = {key: value for key, value in {**keep, **changes}.items() if value}
        return f"{here}?{urlencode(wanted)}" if wanted else here

    inside = {**keep, "cursor": cursor, "current": current}
    return {
        "rows": [_row(case, keep, current) for case in found.items],
        "total": found.total,
        "total_is_floor": found.total >= queries.COUNT_CAP,
        "hidden": found.hidden,
        "desk": view["desk"],
        "desk_name": DESKS.get(view["desk"], ""),
        "severity": view["severity"],
        "filters": [
            {"label": _("All desks"), "href": address(desk=""), "current": not view["desk"]},
            *(
                {"label": label, "href": address(desk=name), "current": view["desk"] == name}
                for name, label in DESKS.items()
            ),
        ],
        "severities": [
            {"label": _("Any severity"), "href": address(severity=""), "current": not view["severity"]},
            *(
                {
                    "label": f"{name} · {meaning}",
                    "href": address(severity=name),
                    "current": view["severity"] == name,
                }
                for name, (_tone, meaning) in SEVERITIES.items()
            ),
        ],
        "tabs": [
            {"label": label, "href": address(tab=name), "current": view["tab"] == name}
            for name, label in _TABS
        ],
        "no_severity_url": address(severity=""),
        "no_desk_url": address(desk=""),
        "list_url": f"{reverse('console:queue_rows')}?{urlencode({k: v for k, v in inside.items() if v})}",
        "next_url": address(cursor=found.next_cursor) if found.next_cursor else "",
        "first_url": address() if cursor else "",
        "queue_url": address(),
        "export_url": f"{reverse('console:export')}?{urlencode(keep)}"
        if "cases.export" in actor_permissions(actor)
        else "",
    }


def view_of(request: HttpRequest) -> dict[str, str]:
    """Which part of the queue: what the address asks for, as far as there is such a thing."""
    wanted = {name: request.GET.get(name, "") for name in ("desk", "tab", "severity")}
    known = {"desk": DESKS, "tab": queries.TABS, "severity": SEVERITIES}
    view = {name: value if value in known[name] else "" for name, value in wanted.items()}
    return view | {"tab": view["tab"] or "open"}


def _row(case: Case, keep: dict[str, str], current: str) -> dict[str, Any]:
    address = reverse("console:case", args=[case.reference])
    return {
        "item": item(case),
        "href": f"{address}?{urlencode(keep)}",
        "current": case.reference == current,
    }
