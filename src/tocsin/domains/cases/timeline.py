"""The story of a case, one line a fact. Summaries hold nothing personal; bodies are sealed under the
case's key."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from tocsin.core.act import Work
from tocsin.core.crypto.seal import seal
from tocsin.core.ids import new_id
from tocsin.core.outbox.notify import tick
from tocsin.domains.cases.models import Case, TimelineEntry


def add(
    work: Work,
    case: Case,
    kind: str,
    summary: str,
    *,
    body: str = "",
    refs: dict[str, Any] | None = None,
    at: dt.datetime | None = None,
) -> TimelineEntry:
    """Write one entry, and tell the screens that have the case open."""
    entry = TimelineEntry(
        id=new_id("tml"), case=case, at=at or timezone.now(), kind=kind, actor=work.actor.ref,
        actor_label=work.actor.label[:120], summary=summary[:400],
        body_sealed=seal(case.key_scope, "timeline", body) if body else None, refs=refs or {},
    )  # fmt: skip
    work.save(entry, f"timeline.{kind}")
    tick(f"case:{case.pk}")
    return entry
