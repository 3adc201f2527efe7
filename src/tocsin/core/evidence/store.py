"""Where sealed bytes lie: a folder or an S3 bucket. Each is written once, under the SHA-256 of what is
written.

The address is the hash of the *sealed* bytes. So the store can be checked without any key, two people who
send the same picture do not share an object, and nobody who sees the bucket learns which pictures we hold.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import obstore
from django.conf import settings
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, ObjectStore, from_url


class StoreUnavailable(RuntimeError):
    """The evidence store cannot be reached or refuses. Nothing was acknowledged."""


class BlobMissing(LookupError):
    """There is no object at this address."""


class BlobStore(Protocol):
    """Sealed bytes by address. Raises StoreUnavailable when it cannot answer."""

    def put(self, sealed: bytes) -> str:
        """Write, durably, and return the address. Writing the same again changes nothing."""

    def get(self, address: str) -> bytes:
        """The bytes at an address. Raises BlobMissing."""

    def addresses(self, *, older_than: dt.datetime) -> Iterator[str]:
        """Addresses of everything written before a moment."""

    def remove(self, address: str) -> None:
        """Remove an object that nothing points to."""


@lru_cache(maxsize=1)
def blobs() -> BlobStore:
    """The configured store (``TOCSIN_EVIDENCE_URL``: ``file:///…`` or ``s3://bucket/prefix``)."""
    url: str = settings.TOCSIN_EVIDENCE_URL
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FolderBlobs(Path(unquote(parts.path)))
    return BucketBlobs(from_url(url))


def address_of(sealed: bytes) -> str:
    """The SHA-256 of sealed bytes, in hex."""
    return hashlib.sha256(sealed).hexdigest()


def _path(address: str) -> str:
    return f"{address[:2]}/{address[2:4]}/{address}"


class BucketBlobs:
    """Objects in any store obstore speaks to."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    def put(self, sealed: bytes) -> str:
        address = address_of(sealed)
        try:
            obstore.put(self.store, _path(address), sealed, mode="create")
        except AlreadyExistsError:
            pass  # the address is the hash of the content, so it is the same content
        except (BaseError, OSError) as error:
            raise StoreUnavailable(
                f"the evidence store did not take an item: {_first_line(error)}"
            ) from error
        return address

    def get(self, address: str) -> bytes:
        try:
            return bytes(obstore.get(self.store, _path(address)).bytes())
        except FileNotFoundError as error:
            raise BlobMissing(f"there is no object {address}") from error
        except (BaseError, OSError) as error:
            raise StoreUnavailable(f"the evidence store did not answer: {_first_line(error)}") from error

    def addresses(self, *, older_than: dt.datetime) -> Iterator[str]:
        for batch in obstore.list(self.store, chunk_size=500):
            for entry in batch:
                address = entry["path"].rpartition("/")[2]
                if entry["last_modified"] < older_than and _path(address) == entry["path"]:
                    yield address

    def remove(self, address: str) -> None:
        obstore.delete(self.store, _path(address))


class FolderBlobs(BucketBlobs):
    """Files in a folder, read-only once written, on the disk before they are acknowledged."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        super().__init__(LocalStore(folder))
        self.folder = folder

    def put(self, sealed: bytes) -> str:
        address = super().put(sealed)
        file = self.folder / _path(address)
        file.chmod(0o400)
        for part in (file, file.parent, file.parent.parent, self.folder):
            _sync(part)
        return address


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
