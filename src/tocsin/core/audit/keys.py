"""The keys that sign anchors: Ed25519, in ``$TOCSIN_HOME/keys/audit-signing``.

``<id>.key`` holds a private key, ``<id>.pub`` its public half, ``current`` the id in use. An id is the
first 16 hex digits of the SHA-256 of the raw public key, so a key cannot be passed off under another's id.
Old public halves stay: old anchors are checked with them.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings


@dataclass(frozen=True)
class SigningKey:
    """A private key and its id."""

    id: str
    private: Ed25519PrivateKey

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self.private.sign(message)


class SigningKeys:
    """The keys in one folder; made on first use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def current(self) -> SigningKey:
        """The key in use.

        Raises:
            ValueError: what lies in its place is not an Ed25519 key.
        """
        current = self.folder / "current"
        key_id = current.read_text().strip() if current.exists() else self.rotate()
        private = serialization.load_pem_private_key((self.folder / f"{key_id}.key").read_bytes(), None)
        if not isinstance(private, Ed25519PrivateKey):
            raise ValueError(f"{self.folder / key_id}.key is not an Ed25519 key")
        return SigningKey(key_id, private)

    def public(self, key_id: str) -> Ed25519PublicKey | None:
        """The public key of an id, or None when we do not know it (or somebody put another one there)."""
        path = self.folder / f"{key_id}.pub"
        if "/" in key_id or not path.exists():
            return None
        key = load_public(path.read_bytes())
        return key if key is not None and id_of(key) == key_id else None

    def rotate(self) -> str:
        """Make a new key the current one; returns its id."""
        private = Ed25519PrivateKey.generate()
        key_id = id_of(private.public_key())
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_private(self.folder / f"{key_id}.key", pem)
        write_private(self.folder / f"{key_id}.pub", public_pem(private.public_key()))
        write_private(self.folder / "current", key_id.encode())
        return key_id


def signing_keys() -> SigningKeys:
    """The keys of this home."""
    return SigningKeys(Path(settings.TOCSIN_HOME) / "keys" / "audit-signing")


def id_of(key: Ed25519PublicKey) -> str:
    """The id of a key, from the key itself."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def public_pem(key: Ed25519PublicKey) -> bytes:
    """The public key as ``openssl`` reads it."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def load_public(pem: bytes) -> Ed25519PublicKey | None:
    """An Ed25519 public key, or None when it is something else."""
    try:
        key = serialization.load_pem_public_key(pem)
    except ValueError:
        return None
    return key if isinstance(key, Ed25519PublicKey) else None


def signed(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether the key made this signature."""
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def write_private(path: Path, content: bytes) -> None:
    """Write a file only we can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
