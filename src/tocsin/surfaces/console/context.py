"""The frame of the console: navigation to what the person may open, purpose, live addresses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as lazy

from tocsin.core.access.check import actor_permissions
from tocsin.core.access.permissions import ROLES
from tocsin.core.actor import PURPOSES, Actor
from tocsin.core.counting import capped_counts
from tocsin.core.outbox import queries as outbox
from tocsin.domains.cases import queries as cases
from tocsin.domains.detection import queries as detection
from tocsin.domains.enforcement import queries as enforcement
from tocsin.surfaces.console import glass_views, words
from tocsin.surfaces.ui.shell import NavGroup, NavItem

Waiting = Callable[[Actor], QuerySet[Any]]


@dataclass(frozen=True)
class _Place:
    """One place to go to, for who holds the permission; ``waiting`` is what its count counts."""

    label: str | Promise
    name: str
    icon: str
    keys: str
    permission: str
    waiting: Waiting | None = None


_NAV: tuple[tuple[str | Promise, tuple[_Place, ...]], ...] = (
    (
        lazy("Work"),
        (
            _Place(lazy("Queue"), "queue", "inbox", "g q", "cases.view", cases.waiting),
            _Place(lazy("Alerts"), "alerts", "zap", "g l", "alerts.view", detection.waiting),
            _Place(lazy("Appeals"), "appeals", "scale", "g a", "appeals.view", enforcement.waiting),
        ),
    ),
    (
        lazy("People"),
        (
            _Place(lazy("Look up"), "lookup", "waypoints", "g e", "entities.view"),
            _Place(lazy("Ask history"), "questions", "history", "g h", "entities.view"),
        ),
    ),
    (
        lazy("Govern"),
        (
            _Place(lazy("Policies"), "policies", "book-text", "g p", "policies.view"),
            _Place(lazy("Rules"), "rules", "sliders-horizontal", "g r", "rules.view"),
            _Place(lazy("Models"), "models", "activity", "g m", "rules.view"),
            _Place(lazy("Detectors"), "detectors", "plug", "g d", "rules.view"),
            _Place(lazy("Indicators"), "indicators", "target", "g i", "indicators.view"),
            _Place(lazy("Kept lists"), "lists", "list", "g t", "lists.view"),
            _Place(lazy("Access log"), "access", "lock", "g x", "access.view_log"),
            _Place(lazy("Audit"), "audit", "eye", "g u", "audit.verify"),
        ),
    ),
    (
        lazy("Run"),
        (
            _Place(lazy("Undelivered"), "outbox", "send", "g o", "outbox.manage", outbox.waiting),
            _Place(lazy("Staff and keys"), "staff", "users", "g s", "staff.manage"),
        ),
    ),
)


def nav(actor: Actor, path: str) -> list[NavGroup]:
    """The navigation of this person on this page, with how much waits where. One statement counts all."""
    held = actor_permissions(actor)
    places = [place for _, group in _NAV for place in group if place.permission in held]
    counted = capped_counts({place.name: place.waiting(actor) for place in places if place.waiting})
    return [
        NavGroup(label, [_item(place, path, counted) for place in group if place in places])
        for label, group in _NAV
    ]


def _item(place: _Place, path: str, counted: dict[str, int]) -> NavItem:
    address = reverse(f"console:{place.name}")
    # a case is opened from the queue, an entity from looking up
    inside = {"queue": "/console/case/", "lookup": "/console/entity/"}.get(place.name)
    here = path.startswith(address) or (inside is not None and path.startswith(inside))
    count = counted.get(place.name) or None
    return NavItem(place.label, address, place.icon, count=count, keys=place.keys, current=here)


def places(actor: Actor) -> list[dict[str, Any]]:
    """Every place the actor may go to, for the command palette."""
    held = actor_permissions(actor)
    return [
        {"label": str(one.label), "href": reverse(f"console:{one.name}"), "icon": one.icon, "keys": one.keys}
        for _, group in _NAV
        for one in group
        if one.permission in held
    ]


def console(request: HttpRequest) -> dict[str, Any]:
    """Context of console pages; empty everywhere else."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None or actor.kind != "staff":
        return {}
    roles = [words.role(role) for role in sorted(actor.roles) if role in ROLES]
    return {
        "actor": actor,
        "permissions": actor_permissions(actor),
        # parts of pages have no navigation, so that nothing is counted for them
        "nav": SimpleLazyObject(lambda: nav(actor, request.path)),
        "nav_url": reverse("console:nav"),
        # asked for on the page of a refusal only
        "glass_offer": SimpleLazyObject(lambda: glass_views.on_refusal(actor, request)),
        "purpose": PURPOSES[actor.purpose],
        "purpose_url": reverse("console:purpose"),
        "palette_url": reverse("console:palette"),
        "search_url": reverse("console:lookup"),
        "live_stream_url": f"{settings.TOCSIN_LIVE_URL}/live/console",
        "live_events": "queue case",
        "person_name": actor.label,
        "person_role": ", ".join(roles),
        "account_url": reverse("mfa_index"),
        "own_keys_url": reverse("console:own_keys"),
    }
