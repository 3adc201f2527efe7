"""Who may ask: API keys `tsk_<id>_<secret>`, checked against the SHA-256 of the secret."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from tocsin.surfaces.decide.problems import Problem

PREFIX = "tsk_"


class KeyRecord(NamedTuple):
    """What is known of a key."""

    secret_sha256: str
    scopes: frozenset[str]
    revoked: bool


class KeyStore(Protocol):
    """Where keys come from. `lookup` never blocks; `refresh` may, and runs in a thread."""

    def lookup(self, key_id: str) -> KeyRecord | None: ...

    def refresh(self) -> None:
        """Read the keys again. Raises OSError (or a driver's error) when they cannot be read now."""


class MemoryKeyStore:
    """Keys given by the program itself."""

    def __init__(self, keys: Mapping[str, KeyRecord]) -> None:
        self._keys = dict(keys)

    def lookup(self, key_id: str) -> KeyRecord | None:
        return self._keys.get(key_id)

    def refresh(self) -> None:
        """Nothing to read."""


class FileKeyStore:
    """Keys in a JSON file: {"<id>": {"secret_sha256": "…", "scopes": ["decide"], "revoked": false}}."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: dict[str, KeyRecord] = {}
        self.refresh()

    def lookup(self, key_id: str) -> KeyRecord | None:
        return self._keys.get(key_id)

    def refresh(self) -> None:
        plain = json.loads(self._path.read_text(encoding="utf-8"))
        self._keys = {
            key_id: KeyRecord(entry["secret_sha256"], frozenset(entry["scopes"]), bool(entry.get("revoked")))
            for key_id, entry in plain.items()
        }


def record(secret: str, scopes: Iterable[str], revoked: bool = False) -> KeyRecord:
    """The record of a key with this secret."""
    return KeyRecord(hashlib.sha256(secret.encode()).hexdigest(), frozenset(scopes), revoked)


def split_token(authorization: str | None) -> tuple[str, str] | None:
    """Key id and secret of an Authorization header; None when it does not hold a key of ours."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.startswith(PREFIX):
        return None
    key_id, _, secret = token.removeprefix(PREFIX).strip().partition("_")
    return (key_id, secret) if key_id and secret else None


def check(secret: str, found: KeyRecord | None) -> KeyRecord:
    """The record, if the secret is the right one and the key is alive. Raises a 401 Problem that does not say
    which of the two was wrong."""
    digest = hashlib.sha256(secret.encode()).hexdigest()
    right = hmac.compare_digest(digest, found.secret_sha256 if found else "0" * 64)
    if found is None or not right or found.revoked:
        raise unknown_key()
    return found


def unknown_key() -> Problem:
    return Problem(
        401,
        "unauthorised",
        "This request has no valid key",
        'Nothing was decided or stored. Send "Authorization: Bearer tsk_<id>_<secret>" with a key that is '
        "not revoked. A new key works within a few seconds.",
        headers={"WWW-Authenticate": "Bearer"},
    )
