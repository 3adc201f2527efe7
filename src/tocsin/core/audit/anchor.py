"""Anchors: the heads of all chains at one moment, signed and linked to the anchor before.

A chain alone cannot tell that its end was cut off, or that all of it was written anew. An anchor can: it
holds the number and the hash of the last entry of each chain. Its own hash is ``sha256(prev_hash ||
utf8(at_us|key_id|heads))``, its signature is Ed25519 over that hash.

The newest anchor is also written to a file beside the signing key (the *witness*): whoever can change the
database and nothing else cannot take anchors away unseen. Whoever has the files as well meets the
checkpoints somebody exported and keeps elsewhere, and the time-stamps of an outside authority
(``timestamp.py``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tocsin.core.audit.keys import public_pem, signing_keys, write_private
from tocsin.core.audit.models import AuditAnchor
from tocsin.core.audit.schema import CHAINS, GENESIS
from tocsin.core.audit.timestamp import stamp

CHECKPOINT_FORMAT = "tocsin-audit-checkpoint/1"
#: (chain, number of its last entry, hash of that entry in hex)
Head = tuple[int, int, str]

_HEADS = """
SELECT c.number, last.seq, encode(last.hash, 'hex') FROM generate_series(0, %s) AS c (number)
CROSS JOIN LATERAL (
    SELECT e.seq, e.hash FROM core_audit_entry e WHERE e.chain = c.number ORDER BY e.seq DESC LIMIT 1
) AS last
ORDER BY c.number
"""


def microseconds(moment: dt.datetime) -> int:
    """Microseconds since 1970, as hashed."""
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def current_heads() -> list[Head]:
    """The last entry of every chain that has one, as one consistent picture."""
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, [CHAINS - 1])
        return [(int(chain), int(seq), str(digest)) for chain, seq, digest in cursor.fetchall()]


def anchor_hash(prev_hash: bytes, at_us: int, key_id: str, heads: str) -> bytes:
    """The hash of an anchor with this content; ``at_us`` in microseconds since 1970."""
    return hashlib.sha256(prev_hash + f"{at_us}|{key_id}|{heads}".encode()).digest()


def make_anchor() -> AuditAnchor | None:
    """Make an anchor when there are entries since the last one; otherwise return None.

    Also None when another worker made one at the same moment.
    """
    heads = current_heads()
    text = json.dumps(heads, separators=(",", ":"))
    last = AuditAnchor.objects.order_by("-id").first()
    if not heads or (last is not None and last.heads == text):
        return None
    prev_hash, at = bytes(last.hash) if last else GENESIS, timezone.now()
    key = signing_keys().current()
    digest = anchor_hash(prev_hash, microseconds(at), key.id, text)
    anchor = AuditAnchor(
        at=at, heads=text, prev_hash=prev_hash, hash=digest, key_id=key.id, signature=key.sign(digest),
        tsa_token=stamp(digest),
    )  # fmt: skip
    try:
        with transaction.atomic():
            anchor.save(force_insert=True)
    except IntegrityError:
        return None
    transaction.on_commit(lambda: _witness(anchor))
    return anchor


def witness_file() -> Path:
    """Where the newest anchor of this machine is written down outside of the database."""
    return Path(settings.TOCSIN_HOME) / "keys" / "audit-signing" / "newest-anchor.json"


def _witness(anchor: AuditAnchor) -> None:
    words = {"id": anchor.pk, "at": anchor.at.isoformat(), "hash": bytes(anchor.hash).hex()}
    write_private(witness_file(), json.dumps(words).encode())


def export_checkpoint() -> dict[str, Any]:
    """What to keep out of reach of those who run the platform: the newest anchor, and the key to check it.

    Makes an anchor first, so that everything up to now is covered. ``verify --against`` compares with it
    later.

    Raises:
        LookupError: there is no entry yet.
    """
    make_anchor()
    anchor = AuditAnchor.objects.order_by("-id").first()
    if anchor is None:
        raise LookupError("There is nothing in the audit chains yet.")
    key = signing_keys().public(anchor.key_id)
    return {
        "format": CHECKPOINT_FORMAT,
        "made_at": timezone.now().isoformat(),
        "anchor": {
            "id": anchor.pk,
            "at_us": microseconds(anchor.at),
            "heads": anchor.heads,
            "key_id": anchor.key_id,
            "prev_hash": bytes(anchor.prev_hash).hex(),
            "hash": bytes(anchor.hash).hex(),
            "signature": bytes(anchor.signature).hex(),
            "tsa_token": bytes(anchor.tsa_token).hex() if anchor.tsa_token else None,
        },
        "public_key": public_pem(key).decode() if key else None,
        "how": "hash = sha256(prev_hash || utf8(at_us|key_id|heads)); signature = Ed25519 over its 32 bytes",
    }
