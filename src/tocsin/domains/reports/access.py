"""Who may touch a report from the reporter's side."""

from __future__ import annotations

from tocsin.core.access.check import require
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied


def must_be_theirs(actor: Actor, report_id: str) -> None:
    """A reporter may touch only the report they opened with its PIN; others need the right to file."""
    if actor.kind == "reporter":
        if actor.id != report_id:
            raise AccessDenied(
                "This report was not opened with its PIN.",
                "Open it with its number and PIN first.",
                reason="own",
            )
        return
    require(actor, "reports.file")
