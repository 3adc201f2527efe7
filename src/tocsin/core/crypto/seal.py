"""Sealing values under a scope's own data key, and opening them again.

Format of a sealed value: ``0x01 | nonce (12) | AES-256-GCM ciphertext and tag``; the associated data is
``scope|field``, so that a value cannot be moved to another person or another column.

One value costs one small query (is the key still there?). A page of many values uses ``open_many`` and pays
once."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cryptography.exceptions import InvalidTag

from tocsin.core.crypto.data_keys import Material, adapter, keys_for
from tocsin.core.crypto.errors import MissingKey, Shredded, Tampered

__all__ = [
    "INDEX_SCOPE", "MissingKey", "Sealed", "Shredded", "Tampered", "adapter", "blind_index", "blind_indexes",
    "open_bytes", "open_many", "open_text", "seal", "seal_many",
]  # fmt: skip

_VERSION = b"\x01"
_SHORTEST = 1 + 12 + 16  # version, nonce, tag

#: The scope of the key behind all blind indexes. It belongs to the platform and is never destroyed.
INDEX_SCOPE = "platform:blind-index"


class Sealed(NamedTuple):
    """A sealed value and what it was sealed for."""

    scope: str
    field: str
    value: bytes | memoryview | None


def seal(scope: str, field: str, value: str | bytes) -> bytes:
    """Seal a value. Makes the scope's key when it has none.

    Raises:
        Shredded: the scope's key was destroyed; nothing new may be written under it.
    """
    return _seal(keys_for([scope], create=True).of(scope), scope, field, value)


def seal_many(values: Sequence[tuple[str, str, str | bytes]]) -> list[bytes]:
    """Seal many ``(scope, field, value)`` with one look at the keys. In the same order. Raises as
    ``seal``."""
    keys = keys_for({scope for scope, _, _ in values}, create=True)
    return [_seal(keys.of(scope), scope, field, value) for scope, field, value in values]


def open_bytes(scope: str, field: str, sealed: bytes | memoryview) -> bytes:
    """Open a sealed value as bytes.

    Raises:
        Shredded: the key was destroyed. MissingKey: there is no key, though there should be.
        Tampered: the value is not what was sealed for this scope and field.
    """
    return _open(keys_for([scope]).of(scope), scope, field, sealed)


def open_text(scope: str, field: str, sealed: bytes | memoryview | None) -> str:
    """Open a sealed value as text; an absent value is an empty string. Raises as ``open_bytes``."""
    return open_bytes(scope, field, sealed).decode() if sealed else ""


def open_many(values: Iterable[Sealed | tuple[str, str, bytes | memoryview | None]]) -> list[str | None]:
    """Open many values as text, in the same order, with one look at the keys.

    An absent value is an empty string. A value whose key was destroyed is None: one erased person must not
    take a whole page down, and the page has to say "erased" rather than show nothing.

    Raises:
        MissingKey, Tampered: as ``open_bytes``; these are incidents, and no page should hide them.
    """
    items = [Sealed(*value) for value in values]
    keys = keys_for({item.scope for item in items if item.value})
    opened: list[str | None] = []
    for scope, field, value in items:
        try:
            opened.append(_open(keys.of(scope), scope, field, value).decode() if value else "")
        except Shredded:
            opened.append(None)
    return opened


def blind_index(kind: str, normalised: str) -> bytes:
    """HMAC-SHA256 for looking a sealed value up by equality. ``kind`` keeps phones and e-mails apart.

    ``normalised`` comes from ``normal.py``; two spellings of one number must give one index.
    """
    return blind_indexes(kind, [normalised])[0]


def blind_indexes(kind: str, normalised: Iterable[str]) -> list[bytes]:
    """Many indexes of one kind with one look at the key, in the same order."""
    key = keys_for([INDEX_SCOPE], create=True).of(INDEX_SCOPE).raw
    return [hmac.new(key, f"{kind}|{value}".encode(), hashlib.sha256).digest() for value in normalised]


def _seal(key: Material, scope: str, field: str, value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    nonce = os.urandom(12)
    return _VERSION + nonce + key.aead.encrypt(nonce, data, f"{scope}|{field}".encode())


def _open(key: Material, scope: str, field: str, sealed: bytes | memoryview) -> bytes:
    blob = bytes(sealed)
    if blob[:1] != _VERSION or len(blob) < _SHORTEST:
        raise Tampered(f"what is stored as {field} is not a sealed value")
    try:
        return key.aead.decrypt(blob[1:13], blob[13:], f"{scope}|{field}".encode())
    except InvalidTag as error:
        raise Tampered(f"the sealed value of {field} was changed") from error
