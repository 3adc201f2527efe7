"""Reading the audit chains, for auditors, supervisors and the privacy officer."""

from __future__ import annotations

from tocsin.core.access.check import require
from tocsin.core.actor import Actor
from tocsin.core.audit.models import AuditAnchor, AuditEntry


def entries(
    reader: Actor, *, actor: str = "", verb: str = "", object_id: str = "", limit: int = 100
) -> list[AuditEntry]:
    """The latest entries, newest first, narrowed by actor (``staff:…``), verb or object.

    Raises:
        AccessDenied: without ``audit.verify``.
    """
    require(reader, "audit.verify")
    rows = AuditEntry.objects.order_by("-id")
    wanted = {"actor": actor, "verb": verb, "object_id": object_id}
    return list(rows.filter(**{name: value for name, value in wanted.items() if value})[:limit])


def latest_anchor(reader: Actor) -> AuditAnchor | None:
    """The last signed anchor, or None before the first."""
    require(reader, "audit.verify")
    return AuditAnchor.objects.order_by("-id").first()
