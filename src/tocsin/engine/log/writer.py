"""The one writer of a log."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tocsin.engine.log import frames
from tocsin.engine.log.codec import Codec, header, read_header
from tocsin.engine.log.marks import Mark, read_mark

LOCK: Final = "lock"
SEGMENT_BYTES: Final = 16 * 1024 * 1024
SEGMENT_SECONDS: Final = 3600.0
AHEAD_BYTES: Final = 256 * 1024
"""Zeros written ahead of the records. A sync of what replaces them has no new length to write down and waits
for no journal: half the time, and less of a tail. The CRC tells them from a block."""
BLOCK_BYTES: Final = 16 * 1024 * 1024
"""A commit of more than this is sealed in several blocks."""


_ZEROS: Final = bytes(AHEAD_BYTES)


class LogLockedError(RuntimeError):
    """Another process writes this log."""


class LogDamagedError(RuntimeError):
    """Records that were acknowledged are missing or broken. Nothing was changed."""


class LogWriter:
    """Append, then `commit`: only what was committed may be acknowledged.

    Opening takes an exclusive lock, checks the last segment and cuts off a torn tail, which by definition was
    never acknowledged. Raises LogLockedError or LogDamagedError.
    """

    def __init__(
        self,
        folder: Path,
        codec: Codec,
        segment_bytes: int = SEGMENT_BYTES,
        segment_seconds: float = SEGMENT_SECONDS,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._codec = codec
        self._segment_bytes = segment_bytes
        self._segment_seconds = segment_seconds
        self._lock = take_lock(folder)
        try:
            self._open_last()
        except BaseException:
            os.close(self._lock)
            raise

    committed: int
    """Position of the last durable record."""
    _fd: int
    _key: str
    _mark: Mark
    _pending: list[bytes]
    _position: int
    _segment: int
    _since: float
    _size: int
    _wrote: bool
    _zeroed: int

    @property
    def position(self) -> int:
        """Position of the last record appended."""
        return self._position

    def append(self, kind: int, payload: bytes) -> int:
        """Put a record after the others, in memory; returns its position."""
        self._position += 1
        self._pending.append(frames.encode_record(kind, payload))
        return self._position

    def write(self) -> None:
        """Seal what was appended and hand it to the operating system, in a new segment if this one is full or
        old, or its key is no longer the current one: only whole segments can be removed, and personal data
        must not stay for want of traffic."""
        if not self._pending:
            return
        key = self._codec.current()
        old = time.monotonic() - self._since >= self._segment_seconds
        if self._size >= self._segment_bytes or (self._size and (old or key != self._key)):
            self._roll()
        data = b"".join(self._sealed(key))
        self._pending.clear()
        self._key = key
        self._wrote = True
        self._put(data)
        if self._size > self._zeroed:
            self._zeroed = self._size + os.pwrite(self._fd, _ZEROS, self._size)

    def sync(self) -> None:
        """Wait until what was written is on disk."""
        position = self._position
        os.fdatasync(self._fd)
        self._mark.write(position)
        self.committed = position

    def commit(self) -> None:
        """Write and sync: afterwards everything appended may be acknowledged."""
        self.write()
        self.sync()

    def close(self) -> None:
        """Commit what is pending and let go of the lock. A log that was only opened stays as it is."""
        if self._pending:
            self.commit()
        if self._wrote:
            self._cut()
        os.close(self._fd)
        self._mark.close()
        os.close(self._lock)

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._fd, view, self._size)
            self._size += written
            view = view[written:]

    def _sealed(self, key: str) -> Iterator[bytes]:
        """What was appended, as it will lie in the file."""
        if not self._size:
            yield header(frames.MAGIC, key)
        first = self._position - len(self._pending) + 1
        for records in _portions(self._pending):
            yield frames.encode_block(self._codec, key, self._segment, first, records)
            first += len(records)

    def _open_last(self) -> None:
        existing = frames.segments(self._folder)
        committed = read_mark(self._folder)
        first, path = existing[-1] if existing else (committed + 1, None)
        key, end, size = _whole(path, first) if path is not None else ("", first - 1, 0)
        if end < committed:
            raise LogDamagedError(
                f"The log in {self._folder} ends at record {end}, but record {committed} was acknowledged. "
                f"Nothing was changed. Put the segment files back from a copy; to go on without the lost "
                f'records, remove the file "committed". A log of an earlier version, which did not seal it, '
                f"cannot be read: go on with that version, or give TOCSIN_HOME a new folder."
            )
        self._segment, self._key = first, key
        self._pending, self._wrote = [], False
        self._position, self._size, self._since = end, size, time.monotonic()
        path = path or frames.segment_path(self._folder, first)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._zeroed = _without_a_torn_tail(self._fd, size)
        os.fsync(self._fd)
        sync_folder(self._folder)
        self._mark = Mark(self._folder)
        self._mark.write(end)
        self.committed = end

    def _roll(self) -> None:
        """Start the next segment. The one before was synced, as every commit ends with a sync."""
        first = self._position - len(self._pending) + 1
        path = frames.segment_path(self._folder, first)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        sync_folder(self._folder)
        self._cut()
        os.close(self._fd)
        self._segment, self._fd, self._since = first, fd, time.monotonic()
        self._size = self._zeroed = 0

    def _cut(self) -> None:
        """What lies ahead of the last record is not needed any more."""
        os.ftruncate(self._fd, self._size)


def _whole(path: Path, first: int) -> tuple[str, int, int]:
    """Key, last record and length of the part of a segment that is whole. Needs no key."""
    end = first - 1
    with path.open("rb") as file:
        key = read_header(file, frames.MAGIC)
        if key is None:  # the power went while the header was being written, or it is no segment
            return "", end, 0
        size = file.tell()
        for block in frames.blocks(file):
            if block.first != end + 1:
                break
            end, size = block.last, block.end
    return key, end, size


def _without_a_torn_tail(fd: int, size: int) -> int:
    """Cut a segment off behind its whole part, unless only zeros lie there; its length then."""
    length = os.fstat(fd).st_size
    if any(os.pread(fd, length - size, size)):
        os.ftruncate(fd, size)
        return size
    return length


def _portions(records: list[bytes]) -> Iterator[list[bytes]]:
    """The records in groups of about BLOCK_BYTES, nearly always one."""
    group: list[bytes] = []
    size = 0
    for record in records:
        group.append(record)
        size += len(record)
        if size >= BLOCK_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def take_lock(folder: Path) -> int:
    """The descriptor of the log's lock, held until it is closed. Raises LogLockedError."""
    fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise LogLockedError(f"Another process writes the log in {folder}; one log has one writer.") from None
    return fd


def sync_folder(folder: Path) -> None:
    """Wait until the names of the folder's files are on disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
