"""Key adapters: who wraps the data keys.

The default keeps master keys as files in ``$TOCSIN_HOME/keys/master``; AWS KMS is one setting away
(``aws.py``). Rotation makes a new master key and re-wraps data keys; nothing sealed has to be read for it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tocsin.core.crypto.errors import KeyServiceUnavailable, Tampered
from tocsin.core.crypto.files import replace, write_once

__all__ = ["FileKeys", "KeyAdapter", "KeyServiceUnavailable"]

_FILE_KEY = re.compile(r"file-[0-9a-f]{12}")


class KeyAdapter(Protocol):
    """Wraps and unwraps 32-byte data keys, bound to the scope they belong to.

    Every method raises ``KeyServiceUnavailable`` when the service cannot answer or refuses, and ``Tampered``
    when a wrapped key is not what was wrapped for this scope. ``parallel`` is how many calls are worth making
    at once."""

    parallel: int

    def wrap(self, data_key: bytes, scope: str) -> tuple[str, bytes]:
        """Return (master key id, wrapped key)."""

    def unwrap(self, master_key_id: str, wrapped: bytes, scope: str) -> bytes:
        """Return the data key."""

    def rewrap(self, master_key_id: str, wrapped: bytes, scope: str) -> tuple[str, bytes]:
        """The same data key under the current master key: (master key id, wrapped key)."""

    def current(self) -> str:
        """The id of the master key that new data keys are wrapped with."""

    def rotate(self) -> str:
        """Make a new master key the current one and return its id."""


class FileKeys:
    """Master keys in a 0700 folder, one 32-byte file each, and a file ``current`` with the id in use."""

    parallel = 1

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (folder / "current").exists():
            write_once(folder / "current", self._make().encode())

    def wrap(self, data_key: bytes, scope: str) -> tuple[str, bytes]:
        key_id, nonce = self.current(), os.urandom(12)
        return key_id, nonce + AESGCM(self._master(key_id)).encrypt(nonce, data_key, scope.encode())

    def unwrap(self, master_key_id: str, wrapped: bytes, scope: str) -> bytes:
        try:
            return AESGCM(self._master(master_key_id)).decrypt(wrapped[:12], wrapped[12:], scope.encode())
        except InvalidTag as error:
            raise Tampered(f"the wrapped key of {scope} was changed") from error

    def rewrap(self, master_key_id: str, wrapped: bytes, scope: str) -> tuple[str, bytes]:
        return self.wrap(self.unwrap(master_key_id, wrapped, scope), scope)

    def current(self) -> str:
        try:
            return (self.folder / "current").read_text().strip()
        except OSError as error:
            raise KeyServiceUnavailable(f"the current master key cannot be read: {error.strerror}") from error

    def rotate(self) -> str:
        key_id = self._make()
        replace(self.folder / "current", key_id.encode())
        return key_id

    def _make(self) -> str:
        key_id = f"file-{os.urandom(6).hex()}"
        write_once(self.folder / f"{key_id}.key", os.urandom(32))
        return key_id

    def _master(self, key_id: str) -> bytes:
        if not _FILE_KEY.fullmatch(key_id):
            raise KeyServiceUnavailable(f"{key_id} is not a key of this adapter")
        try:
            return (self.folder / f"{key_id}.key").read_bytes()
        except OSError as error:
            raise KeyServiceUnavailable(f"master key {key_id} cannot be read: {error.strerror}") from error
