"""Getting an item's bytes back, checked against their hash each time."""

from __future__ import annotations

import hashlib

from tocsin.core.crypto.seal import MissingKey, Shredded, Tampered, open_bytes, open_many
from tocsin.core.evidence.errors import Damaged, Erased
from tocsin.core.evidence.models import Evidence
from tocsin.core.evidence.names import safe_name
from tocsin.core.evidence.store import BlobMissing, address_of, blobs


def field_of(sha256: str) -> str:
    """What the bytes are sealed for: the item with this hash and no other."""
    return f"evidence|{sha256}"


NAME_FIELD = "evidence|filename"


def read(evidence: Evidence) -> bytes:
    """The bytes as they arrived. Leaves no line; whoever hands them out does (``service.view``).

    Raises:
        Erased: their key was destroyed. Damaged: not one byte may differ, and one does, or they are gone.
        StoreUnavailable: try again.
    """
    try:
        sealed = blobs().get(evidence.blob)
    except BlobMissing as error:
        raise _damaged(evidence, "its bytes are not in the store") from error
    if address_of(sealed) != evidence.blob:
        raise _damaged(evidence, "the stored bytes were changed")
    try:
        data = open_bytes(evidence.key_scope, field_of(evidence.sha256), sealed)
    except Shredded as error:
        raise Erased("This item was erased.", "Nothing of it can be brought back.") from error
    except (MissingKey, Tampered) as error:
        raise _damaged(evidence, str(error)) from error
    if hashlib.sha256(data).hexdigest() != evidence.sha256 or len(data) != evidence.size:
        raise _damaged(evidence, "the bytes are not those that arrived")
    return data


def display_names(items: list[Evidence]) -> list[str]:
    """The file names, safe to show, in the same order; an empty string where the key was destroyed."""
    raw = open_many((item.key_scope, NAME_FIELD, item.filename_sealed) for item in items)
    return [safe_name(name) if name is not None else "" for name in raw]


def _damaged(evidence: Evidence, how: str) -> Damaged:
    return Damaged(
        f"Evidence {evidence.pk} does not verify: {how}.",
        "Do not rely on it. The privacy officer was told; restore the store from a backup.",
        saved="The item and its custody lines were left as they are.",
    )
