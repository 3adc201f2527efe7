"""64-bit hashes of what the marketplace calls things. No table of names is kept: a hash is enough to count
by."""

from __future__ import annotations

from typing import Final

import xxhash

_SIGN: Final = 1 << 63
_RANGE: Final = 1 << 64
#: Stands for "unknown" in the kernel; no value hashes to it.
NONE: Final = -_SIGN


def hash_text(text: str) -> int:
    """A signed 64-bit hash (xxh3) of a text or id."""
    value = xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))
    signed = value - _RANGE if value >= _SIGN else value
    return signed if signed != NONE else 0
