"""Sharing indicators on, as a STIX 2.1 bundle that is marked for an audience (FIRST, TLP 2.0).

Nothing goes further than whoever shared it allowed: what is marked more closed than the audience stays, what
came without a marking counts as AMBER, and RED never leaves. What was taken back goes out as revoked, so that
whoever took it in lets it go. Values that point at a person are masked here, so they go out only with
somebody who may lift masks.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils import timezone

from tocsin.core.access.check import require, sees_class
from tocsin.core.access.exports import check_cap
from tocsin.core.act import act
from tocsin.core.actor import Actor
from tocsin.core.crypto.seal import Sealed, open_many
from tocsin.core.errors import InvalidInput
from tocsin.domains.indicators import tlp
from tocsin.domains.indicators.importing import MAX_REASON, SEALED_AS
from tocsin.domains.indicators.models import Indicator, IndicatorValue
from tocsin.domains.indicators.values import PERSONAL

#: Whom a document may be for. RED is for those who were told, so no document is.
AUDIENCES: Final = tuple(level for level in tlp.LEVELS if level != tlp.RED)
#: Our own ids are made of ours and this, so that the same indicator always has the same.
_NAMESPACE: Final = uuid.UUID("7d2d1c1a-64a4-4d0c-9b53-0a2e0f3d9c11")
_PATHS: Final = {
    "bin": "x-tocsin-payment-card:bin",
    "card": "x-tocsin-payment-card:fingerprint",
    "device": "x-tocsin-device:value",
    "domain": "domain-name:value",
    "email": "email-addr:value",
    "ipv4": "ipv4-addr:value",
    "ipv6": "ipv6-addr:value",
    "phone": "phone-number:value",
    "url": "url:value",
    "user_agent": "user-agent:value",
}


@dataclass(frozen=True)
class Shared:
    """A bundle as JSON, how many indicators are in it, and how many stayed here: for their marking, or as
    nothing of them may go out."""

    document: bytes
    count: int
    kept_back: int


def share(actor: Actor, audience: str, *, identity: str, reason: str) -> Shared:
    """All indicators that may go to an audience. Written down: who, for whom, why, how many, and the hash.
    Values that point at a person are left out unless a role of the actor lifts masks (``people.reveal``).

    Args:
        audience: one of ``AUDIENCES``.
        identity: what we call ourselves in it.

    Raises:
        AccessDenied: without ``indicators.import``, or ``export_cap`` when this and what the actor exported
            before is more than a day's worth. InvalidInput: there is no such audience, or no reason.
    """
    require(actor, "indicators.import")
    reason = reason.strip()
    _check(audience, reason)
    personal = sees_class(actor, "P2", assigned=False, by="people.reveal")
    rows = list(Indicator.objects.select_related("came_with").order_by("standard_id"))
    going = [row for row in rows if tlp.may_go_to(row.tlp, audience)]
    ours = f"identity--{uuid.uuid5(_NAMESPACE, identity)}"
    now = _stamp(timezone.now())
    objects: list[dict[str, Any]] = [
        {
            "type": "identity", "spec_version": "2.1", "id": ours, "created": now, "modified": now,
            "name": identity, "identity_class": "organization",
        },
        *_objects(going, ours, personal),
    ]  # fmt: skip
    bundle_id = f"bundle--{uuid.uuid4()}"
    bundle = {"type": "bundle", "id": bundle_id, "objects": objects}
    document, count = json.dumps(bundle, indent=1).encode(), len(objects) - 1
    check_cap(actor, count)
    with act(actor, "indicators.share") as work:
        work.fact(
            "indicators.bundle", bundle_id, audience=audience, reason=reason, personal=personal, count=count,
            sha256=hashlib.sha256(document).hexdigest(),
        )  # fmt: skip
    return Shared(document, count, len(rows) - count)


def _check(audience: str, reason: str) -> None:
    wrong = {}
    if audience not in AUDIENCES:
        wrong["audience"] = "Choose clear, green, amber or amber+strict."
    if not 3 <= len(reason) <= MAX_REASON or "\0" in reason:
        wrong["reason"] = f"Say why, in 3 to {MAX_REASON} characters."
    if wrong:
        raise InvalidInput("Nothing was shared.", " ".join(wrong.values()), fields=wrong)


def _objects(rows: Sequence[Indicator], ours: str, personal: bool) -> list[dict[str, Any]]:
    patterns = _patterns(rows, personal)
    return [_object(row, ours, patterns[row.pk]) for row in rows if row.pk in patterns]


def _object(row: Indicator, ours: str, pattern: str) -> dict[str, Any]:
    said: dict[str, Any] = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid.uuid5(_NAMESPACE, row.pk)}",
        "created_by_ref": ours,
        "created": _stamp(min(row.came_with.imported_at, row.modified)),
        "modified": _stamp(row.recalled_at or row.modified),
        "pattern": pattern,
        "pattern_type": "stix",
        "valid_from": _stamp(row.valid_from or row.modified),
        "object_marking_refs": [tlp.marking_of(row.tlp)],
    }
    if row.name:
        said["name"] = row.name
    if row.confidence is not None:
        said["confidence"] = row.confidence
    if row.valid_until is not None:
        said["valid_until"] = _stamp(row.valid_until)
    if row.recalled_at is not None:
        said["revoked"] = True
    return said


def _patterns(rows: Sequence[Indicator], personal: bool) -> dict[str, str]:
    """By indicator, a pattern of all its values, those that point at a person only if asked for; nothing for
    one without any that can be read."""
    held = IndicatorValue.objects.filter(indicator__in=rows).exclude(kind__in=() if personal else PERSONAL)
    values = list(held.select_related("sealed_with").order_by("pk"))
    texts = open_many(Sealed(one.sealed_with.key_scope, SEALED_AS, one.value_sealed) for one in values)
    tests: dict[str, list[str]] = {}
    for value, text in zip(values, texts, strict=True):
        if text is not None:
            tests.setdefault(value.indicator_id, []).append(_test(value.kind, text))
    return {pk: f"[{' OR '.join(parts)}]" for pk, parts in tests.items()}


def _test(kind: str, text: str) -> str:
    if kind == "network":
        kind = "ipv6" if ":" in text else "ipv4"
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"{_PATHS[kind]} = '{quoted}'"


def _stamp(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
