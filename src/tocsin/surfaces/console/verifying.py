"""How orders were verified, as the case page and the page of an order show it."""

from __future__ import annotations

from typing import Any

from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied
from tocsin.domains.verification import queries
from tocsin.surfaces.console import words


def of_order(actor: Actor, order: str) -> list[dict[str, Any]]:
    """Each kind with its results; none for whoever may not see the order."""
    try:
        rows = queries.of_order(actor, order)
    except AccessDenied:
        return []
    return [
        {
            "row": row,
            "results": [{"row": one, "method": words.plain(one.method)} for one in row.results.all()],
        }
        for row in rows
    ]
