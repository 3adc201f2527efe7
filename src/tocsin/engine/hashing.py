"""64-bit hashes of what the marketplace calls things. No table of names is kept: a hash is enough to count
by."""

from __future__ import annotations

from typing import Final

import xxhash

_SIGN: Final = 1 << 63
_RANGE: Final = 1 << 64
#: Stands for "unknown" in the kernel; no value hashes to it.
NONE: Final = -_SIGN


def signed(value: int) -> int:
    """An unsigned 64-bit number as a signed one with the same bits."""
    return value - _RANGE if value >= _SIGN else value


def hash_text(text: str) -> int:
    """A signed 64-bit hash (xxh3) of a text or id."""
    value = signed(xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass")))
    return value if value != NONE else 0
