"""The high-water mark: how far the log is known to be on disk. Readers stop there, so that nothing is shipped
elsewhere that a power cut could still take back."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Final

NAME: Final = "committed"
_MARK: Final = struct.Struct("<QI")


def read_mark(folder: Path) -> int:
    """The last durable position; 0 when there is none, or when it was caught half-written."""
    try:
        data = (folder / NAME).read_bytes()
    except FileNotFoundError:
        return 0
    if len(data) != _MARK.size:
        return 0
    position, crc = _MARK.unpack(data)
    return position if crc == zlib.crc32(data[:8]) else 0


class Mark:
    """Writes the mark in place. It may lag behind after a power cut, which is safe; it never runs ahead."""

    def __init__(self, folder: Path) -> None:
        self._fd = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def write(self, position: int) -> None:
        data = position.to_bytes(8, "little")
        os.pwrite(self._fd, data + zlib.crc32(data).to_bytes(4, "little"), 0)

    def close(self) -> None:
        os.close(self._fd)
