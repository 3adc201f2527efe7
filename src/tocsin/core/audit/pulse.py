"""A quick look at the audit: does the newest anchor still hold? Two small queries, for a page that says so.

It finds a head that was cut off or written anew and an anchor that is not ours. Only ``tocsin audit verify``
reads every entry.
"""

from __future__ import annotations

import datetime as dt

from tocsin.core.audit.anchor import anchor_hash, microseconds
from tocsin.core.audit.anchoring import read_heads, stored_hashes
from tocsin.core.audit.keys import signed, signing_keys
from tocsin.core.audit.models import AuditAnchor


def anchored_at() -> dt.datetime | None:
    """When the newest anchor was signed, if it holds; None when there is none, or it does not."""
    anchor = AuditAnchor.objects.order_by("-id").first()
    if anchor is None:
        return None
    digest = anchor_hash(bytes(anchor.prev_hash), microseconds(anchor.at), anchor.key_id, anchor.heads)
    key = signing_keys().public(anchor.key_id)
    if key is None or digest != bytes(anchor.hash) or not signed(key, bytes(anchor.signature), digest):
        return None
    heads = read_heads(anchor.heads)
    stored = stored_hashes(heads)
    intact = bool(heads) and all(stored.get((chain, seq)) == found for chain, seq, found in heads)
    return anchor.at if intact else None
