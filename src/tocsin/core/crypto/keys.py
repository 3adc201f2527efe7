"""Key adapters: who wraps the data keys.

The default keeps master keys as files in ``$TOCSIN_HOME/keys/master``; AWS KMS is one setting away. Rotation makes
a new master key and re-wraps data keys; nothing sealed has to be read for it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class KeyServiceUnavailable(RuntimeError):
    """The key service cannot be reached or refuses; sealed data stays sealed."""


class KeyAdapter(Protocol):
    """Wraps and unwraps 32-byte data keys, bound to the scope they belong to."""

    def wrap(self, data_key: bytes, scope: str) -> tuple[str, bytes]:
        """Return (master key id, wrapped key)."""

    def unwrap(self, master_key_id: str, wrapped: bytes, scope: str) -> bytes:
        """Return the data key. Raises KeyServiceUnavailable."""

    def rotate(self) -> str:
        """Make a new master key the current one and return its id."""


class FileKeys:
    """Master keys in a 0700 folder, one 32-byte file each, and a file ``current`` with the id in use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (folder / "current").exists():
            self.rotate()

    def wrap(self, data_key: bytes, scope: str) -> tuple[str, bytes]:
        key_id = (self.folder / "current").read_text().strip()
        nonce = os.urandom(12)
        return key_id, nonce + AESGCM(self._master(key_id)).encrypt(nonce, data_key, scope.encode())

    def unwrap(self, master_key_id: str, wrapped: bytes, scope: str) -> bytes:
        return AESGCM(self._master(master_key_id)).decrypt(wrapped[:12], wrapped[12:], scope.encode())

    def rotate(self) -> str:
        key_id = f"file-{os.urandom(6).hex()}"
        _write_private(self.folder / f"{key_id}.key", os.urandom(32))
        _write_private(self.folder / "current.new", key_id.encode())
        os.replace(self.folder / "current.new", self.folder / "current")
        return key_id

    def _master(self, key_id: str) -> bytes:
        path = self.folder / f"{key_id}.key"
        if not key_id.startswith("file-") or "/" in key_id:
            raise KeyServiceUnavailable(f"{key_id} is not a key of this adapter")
        try:
            return path.read_bytes()
        except OSError as error:
            raise KeyServiceUnavailable(f"master key {key_id} cannot be read: {error.strerror}") from error


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
