"""How records lie in a file.

A segment is a file `NNNNNNNNNNNNNNNNNNNN.log` named by the position of its first record. It begins with a
header that names its key (see codec.header), and goes on in blocks, one for each commit:

    u32 length of the sealed part | u32 CRC-32 of all that follows | u64 first position | u32 records | sealed

Opened, the sealed part is its records, one after the other: u32 length | u8 kind | payload. Numbers are in
little-endian order. Positions begin at 1 and grow by one from record to record, through all segments, for
ever: a position names the same record for as long as the log lives.

The CRC tells a torn or harmed block from a whole one without any key. Behind the last block of the segment in
use lie zeros, which are no block either.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from tocsin.engine.log.codec import CannotOpenError, Codec, read_header

MAGIC: Final = b"TOCSEGM\n"
HEAD: Final = struct.Struct("<II")
BODY: Final = struct.Struct("<QI")
RECORD: Final = struct.Struct("<IB")
OVERHEAD: Final = HEAD.size + BODY.size
EVENT: Final = 1
RULES: Final = 2
MAX_BLOCK: Final = 1024 * 1024 * 1024
_NAME: Final = re.compile(r"\A\d{20}\.log\Z")


class Frame(NamedTuple):
    """One record, and the offset in its file from which whoever has it goes on."""

    position: int
    kind: int
    payload: bytes
    onward: int


class Block(NamedTuple):
    """The records of one commit as they lie in the file, and where they begin and end there."""

    first: int
    records: int
    sealed: bytes
    start: int
    end: int

    @property
    def last(self) -> int:
        return self.first + self.records - 1


def encode_record(kind: int, payload: bytes) -> bytes:
    return RECORD.pack(len(payload), kind) + payload


def encode_block(codec: Codec, key: str, segment: int, first: int, records: Sequence[bytes]) -> bytes:
    """These records, the first of which is at position `first`, as a block of the segment named `segment`."""
    sealed = codec.seal(key, b"".join(records), _place(segment, first, len(records)))
    body = BODY.pack(first, len(records))
    return HEAD.pack(len(sealed), zlib.crc32(sealed, zlib.crc32(body))) + body + sealed


def blocks(file: BinaryIO) -> Iterator[Block]:
    """Whole, unharmed blocks from where the file stands; ends before the first that is neither."""
    start = file.tell()
    while True:
        head = file.read(OVERHEAD)
        if len(head) < OVERHEAD:
            return
        length, crc = HEAD.unpack_from(head)
        if length > MAX_BLOCK:
            return
        sealed = file.read(length)
        if len(sealed) < length or zlib.crc32(sealed, zlib.crc32(head[HEAD.size :])) != crc:
            return
        first, count = BODY.unpack_from(head, HEAD.size)
        end = start + OVERHEAD + length
        yield Block(first, count, sealed, start, end)
        start = end


def frames(path: Path, codec: Codec, offset: int, after: int) -> Iterator[Frame]:
    """The records of a segment behind position `after`, from the block at `offset` on (0: its first).

    Raises CannotOpenError, and what the codec raises when it cannot get the key.
    """
    with path.open("rb") as file:
        key = read_header(file, MAGIC)
        if key is None:
            return
        if offset:
            file.seek(offset)
        for block in blocks(file):
            if block.last > after:
                yield from (one for one in _opened(path, codec, key, block) if one.position > after)


def segments(folder: Path) -> list[tuple[int, Path]]:
    """First position and path of every segment, in order."""
    return sorted((int(path.stem), path) for path in folder.iterdir() if _NAME.match(path.name))


def segment_path(folder: Path, first: int) -> Path:
    return folder / f"{first:020d}.log"


def _opened(path: Path, codec: Codec, key: str, block: Block) -> Iterator[Frame]:
    data = codec.open(key, block.sealed, _place(int(path.stem), block.first, block.records))
    if data is None:
        raise CannotOpenError(path, f"What lies from record {block.first} on", key)
    at = 0
    for position in range(block.first, block.last + 1):
        length, kind = RECORD.unpack_from(data, at)
        at += RECORD.size + length
        onward = block.end if position == block.last else block.start
        yield Frame(position, kind, data[at - length : at], onward)


def _place(segment: int, first: int, count: int) -> bytes:
    return f"log|{segment}|{first}|{count}".encode()
