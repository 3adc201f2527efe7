"""How records lie in a file.

A segment is a file `NNNNNNNNNNNNNNNNNNNN.log` named by the position of its first record. A record is a frame:

    u32 length of the payload | u32 CRC-32 of all that follows | u64 position | u8 kind | payload

in little-endian order. Positions begin at 1 and grow by one from record to record, through all segments, for
ever: a position names the same record for as long as the log lives.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

HEAD: Final = struct.Struct("<II")
BODY: Final = struct.Struct("<QB")
OVERHEAD: Final = HEAD.size + BODY.size
EVENT: Final = 1
RULES: Final = 2
MAX_PAYLOAD: Final = 64 * 1024 * 1024
_NAME: Final = re.compile(r"\A\d{20}\.log\Z")


class Frame(NamedTuple):
    """One record as it lies in the file, and where the next one begins."""

    position: int
    kind: int
    payload: bytes
    end: int


def encode(position: int, kind: int, payload: bytes) -> bytes:
    body = BODY.pack(position, kind)
    return HEAD.pack(len(payload), zlib.crc32(payload, zlib.crc32(body))) + body + payload


def frames(file: BinaryIO, offset: int) -> Iterator[Frame]:
    """Whole, unharmed frames from `offset` on; ends before the first that is neither."""
    file.seek(offset)
    while True:
        head = file.read(OVERHEAD)
        if len(head) < OVERHEAD:
            return
        length, crc = HEAD.unpack_from(head)
        if length > MAX_PAYLOAD:
            return
        payload = file.read(length)
        if len(payload) < length or zlib.crc32(payload, zlib.crc32(head[HEAD.size :])) != crc:
            return
        position, kind = BODY.unpack_from(head, HEAD.size)
        offset += OVERHEAD + length
        yield Frame(position, kind, payload, offset)


def segments(folder: Path) -> list[tuple[int, Path]]:
    """First position and path of every segment, in order."""
    return sorted((int(path.stem), path) for path in folder.iterdir() if _NAME.match(path.name))


def segment_path(folder: Path, first: int) -> Path:
    return folder / f"{first:020d}.log"
