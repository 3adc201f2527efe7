"""Reading about detectors, and how they do beside the rules in force."""

from __future__ import annotations

from typing import Any

from tocsin.core.access.check import require
from tocsin.core.actor import Actor
from tocsin.core.errors import NotFound
from tocsin.domains.detectors import scoring
from tocsin.domains.detectors.models import Detector, DetectorCall


def detectors(actor: Actor) -> list[Detector]:
    """Every detector, by name."""
    require(actor, "rules.view")
    return list(Detector.objects.select_related("proposed_by", "started_by").order_by("name"))


def detector(actor: Actor, name: str) -> Detector:
    """One of them. Raises NotFound."""
    require(actor, "rules.view")
    found = Detector.objects.select_related("proposed_by", "started_by").filter(pk=name).first()
    if found is None:
        raise NotFound("There is no such detector.", "Look for it in the list of detectors.")
    return found


def figures(actor: Actor, name: str) -> dict[str, Any]:
    """How it does beside the rules in force on the same events; see ``scoring``."""
    return scoring.figures(detector(actor, name))


def calls(actor: Actor, name: str, limit: int = 10) -> list[DetectorCall]:
    """The newest calls."""
    return list(detector(actor, name).calls.order_by("-at", "-id")[:limit])
