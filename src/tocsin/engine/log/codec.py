"""What keeps the log and its snapshots closed to whoever finds the files. The host brings it; this library
knows no keys.

Everything is sealed for one place (which file, which records), so that nothing can be moved to another place
without being noticed.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import BinaryIO, Final, Protocol

LONGEST_NAME: Final = 255


class Codec(Protocol):
    """Seals bytes under named keys. Names are ASCII, at most 255 signs, and not secret."""

    def current(self) -> str:
        """The key that new files are sealed under. Never waits for anything."""

    def seal(self, key: str, data: bytes, place: bytes) -> bytes:
        """Seal bytes for one place, under a key that was current."""

    def open(self, key: str, sealed: bytes, place: bytes) -> bytes | None:
        """The bytes; None when they were not sealed under this key for this place. May have to ask for the
        key, and raises what that raises."""


class CannotOpenError(RuntimeError):
    """Something whole on the disk is not what was sealed for its place. Nothing was changed."""

    def __init__(self, path: Path, what: str, key: str) -> None:
        super().__init__(
            f"{what} in {path} cannot be opened with the key {key}: it was moved or changed, or the key is "
            "another one. Nothing was changed. Put the file, or the key, back from a copy."
        )


def header(magic: bytes, key: str) -> bytes:
    """The first bytes of a file: what it is, and the name of its key."""
    name = key.encode("ascii")
    head = magic + len(name).to_bytes(1, "little") + name
    return head + zlib.crc32(head).to_bytes(4, "little")


def read_header(file: BinaryIO, magic: bytes) -> str | None:
    """The name of a file's key; leaves the file behind its header. None when it has no whole header."""
    head = file.read(len(magic) + 1)
    if not head.startswith(magic) or len(head) <= len(magic):
        return None
    head += file.read(head[-1])
    crc = file.read(4)
    if len(crc) < 4 or zlib.crc32(head) != int.from_bytes(crc, "little"):
        return None
    return head[len(magic) + 1 :].decode("ascii", errors="replace")
