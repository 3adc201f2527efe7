"""Sealing values under a scope's own data key, and opening them again.

Format of a sealed value: ``0x01 | nonce (12) | AES-256-GCM ciphertext and tag``; the associated data is
``scope|field``, so that a value cannot be moved to another person or another column.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from tocsin.core.crypto.keys import FileKeys, KeyAdapter, _write_private
from tocsin.core.crypto.models import DataKey

_VERSION = b"\x01"


class Shredded(Exception):
    """The key of this scope was destroyed: the value can never be read again."""


class Tampered(Exception):
    """The sealed value was changed, or belongs to another scope or field."""


@lru_cache(maxsize=1)
def adapter() -> KeyAdapter:
    """The configured key adapter (``TOCSIN_KEYS``: ``file`` or ``aws-kms:<key arn>``)."""
    spec: str = settings.TOCSIN_KEYS
    if spec.startswith("aws-kms:"):
        from tocsin.core.crypto.aws import KmsKeys

        return KmsKeys(spec.removeprefix("aws-kms:"))
    return FileKeys(Path(settings.TOCSIN_HOME) / "keys" / "master")


@lru_cache(maxsize=4096)
def _unwrapped(scope: str, master_key_id: str, wrapped: bytes) -> bytes:
    return adapter().unwrap(master_key_id, wrapped, scope)


def _data_key(scope: str, *, create: bool) -> bytes:
    row = DataKey.objects.filter(scope=scope).first()
    if row is None:
        if not create:
            raise Shredded(f"there is no key for {scope}")
        row = _create(scope)
    if row.destroyed_at is not None or row.wrapped is None:
        raise Shredded(f"the key of {scope} was destroyed")
    return _unwrapped(scope, row.master_key_id, bytes(row.wrapped))


def _create(scope: str) -> DataKey:
    master_key_id, wrapped = adapter().wrap(os.urandom(32), scope)
    try:
        with transaction.atomic():
            return DataKey.objects.create(
                scope=scope, wrapped=wrapped, master_key_id=master_key_id, created_at=timezone.now()
            )
    except IntegrityError:  # another writer was first: use theirs
        return DataKey.objects.get(scope=scope)


def seal(scope: str, field: str, value: str | bytes) -> bytes:
    """Seal a value. Makes the scope's key when it has none.

    Raises:
        Shredded: the scope's key was destroyed; nothing new may be written under it.
    """
    data = value.encode() if isinstance(value, str) else value
    nonce = os.urandom(12)
    return _VERSION + nonce + AESGCM(_data_key(scope, create=True)).encrypt(nonce, data, f"{scope}|{field}".encode())


def open_bytes(scope: str, field: str, sealed: bytes | memoryview) -> bytes:
    """Open a sealed value as bytes.

    Raises:
        Shredded: the key was destroyed. Tampered: the value is not what was sealed for this scope and field.
    """
    blob = bytes(sealed)
    if blob[:1] != _VERSION:
        raise Tampered("not a sealed value")
    try:
        return AESGCM(_data_key(scope, create=False)).decrypt(blob[1:13], blob[13:], f"{scope}|{field}".encode())
    except InvalidTag as error:
        raise Tampered(f"the sealed value of {field} was changed") from error


def open_text(scope: str, field: str, sealed: bytes | memoryview | None) -> str:
    """Open a sealed value as text; an absent value is an empty string."""
    return open_bytes(scope, field, sealed).decode() if sealed else ""


@lru_cache(maxsize=1)
def _index_key() -> bytes:
    path = Path(settings.TOCSIN_HOME) / "keys" / "blind-index.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_private(path, os.urandom(32))
    return path.read_bytes()


def blind_index(kind: str, normalised: str) -> bytes:
    """HMAC-SHA256 for looking a sealed value up by equality. ``kind`` keeps phones and e-mails apart."""
    return hmac.new(_index_key(), f"{kind}|{normalised}".encode(), hashlib.sha256).digest()
