"""The frame of the console: navigation with only what the person may open, purpose, addresses of live things."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from tocsin.core.access.check import actor_permissions
from tocsin.core.access.permissions import ROLES
from tocsin.core.actor import PURPOSES, Actor

#: group, [(label, url name, icon, keys, permission)]
_NAV: list[tuple[str, list[tuple[str, str, str, str, str]]]] = [
    (
        "Work",
        [
            ("Queue", "console:queue", "inbox", "g q", "cases.view"),
            ("Alerts", "console:alerts", "zap", "g l", "alerts.view"),
            ("Appeals", "console:appeals", "scale", "g a", "appeals.view"),
        ],
    ),
    ("People", [("Look up", "console:lookup", "waypoints", "g e", "entities.view")]),
    (
        "Govern",
        [
            ("Policies", "console:policies", "book", "g p", "policies.view"),
            ("Access log", "console:access", "lock", "g x", "access.view_log"),
            ("Audit", "console:audit", "eye", "g u", "audit.verify"),
        ],
    ),
    (
        "Run",
        [
            ("Undelivered", "console:outbox", "send", "g o", "outbox.manage"),
            ("Staff and keys", "console:staff", "users", "g s", "staff.manage"),
        ],
    ),
]


def _nav(actor: Actor, path: str) -> list[dict[str, Any]]:
    held = actor_permissions(actor)
    groups = []
    for label, items in _NAV:
        shown = [
            {"label": _(text), "href": reverse(name), "icon": icon, "keys": keys, "current": path.startswith(reverse(name)), "count": None}
            for text, name, icon, keys, permission in items
            if permission in held
        ]
        if shown:
            groups.append({"label": _(label), "items": shown})
    return groups


def nav_items(actor: Actor) -> list[dict[str, Any]]:
    """Every place the actor may go, flat, for the command palette."""
    return [item for group in _nav(actor, "") for item in group["items"]]


def console(request: HttpRequest) -> dict[str, Any]:
    """Context of console pages; empty everywhere else."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None or actor.kind != "staff":
        return {}
    roles = [role.replace("_", " ") for role in sorted(actor.roles) if role in ROLES]
    return {
        "actor": actor,
        "nav": _nav(actor, request.path),
        "purpose": PURPOSES[actor.purpose],
        "purpose_url": reverse("console:purpose"),
        "palette_url": reverse("console:palette"),
        "search_url": reverse("console:lookup"),
        "live_stream_url": f"{settings.TOCSIN_LIVE_URL}/live/console",
        "live_events": "queue case",
        "person_name": actor.label,
        "person_role": ", ".join(roles),
        "account_url": reverse("mfa_index"),
    }
