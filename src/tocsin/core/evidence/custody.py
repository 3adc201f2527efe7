"""Every hand an item goes through leaves a line: who, when, which hash, from where to where, why, with
what."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from django.utils import timezone

from tocsin.core.act import Work
from tocsin.core.crypto.typed_text import open_all
from tocsin.core.evidence.models import Custody, Evidence
from tocsin.core.ids import new_id

#: What can happen to an item.
ACTS: dict[str, str] = {
    "copied": "Copied",
    "damaged": "Found damaged",
    "exported": "Handed out in an export",
    "received": "Received",
    "scanned": "Scanned for viruses",
    "sealed": "Sealed and stored",
    "verified": "Verified against its hash",
    "viewed": "Viewed",
}


@lru_cache(maxsize=1)
def tool() -> str:
    """This program and its version, as custody entries name it."""
    try:
        return f"tocsin {version('tocsin')}"
    except PackageNotFoundError:  # run from a source folder that was never installed
        return "tocsin"


def record(
    work: Work,
    evidence: Evidence,
    happened: str,
    *,
    moved_from: str = "",
    moved_to: str = "",
    reason: str = "",
) -> Custody:
    """Add one line, with its audit entry, in the action's transaction."""
    if happened not in ACTS:
        raise ValueError(f"{happened!r} is not an act of custody; one of {', '.join(ACTS)}")
    line = Custody(
        id=new_id("cus"), evidence=evidence, at=timezone.now(), actor=work.actor.ref[:80], act=happened,
        sha256=evidence.sha256, moved_from=moved_from[:120], moved_to=moved_to[:120],
        tool=tool(),
    )  # fmt: skip
    line.reason = reason.strip()[:300]
    work.save(line, f"evidence.{happened}", evidence=evidence.pk, sha256=evidence.sha256)
    return line


def lines(evidence: Evidence) -> Iterable[Custody]:
    """The whole chain, oldest first, its reasons opened."""
    return open_all(evidence.custody.order_by("at", "id"), "reason")
