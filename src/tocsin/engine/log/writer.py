"""The one writer of a log."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Final

from tocsin.engine.log import frames
from tocsin.engine.log.marks import Mark, read_mark

LOCK: Final = "lock"
SEGMENT_BYTES: Final = 16 * 1024 * 1024
SEGMENT_SECONDS: Final = 3600.0


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
        segment_bytes: int = SEGMENT_BYTES,
        segment_seconds: float = SEGMENT_SECONDS,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._segment_seconds = segment_seconds
        self._lock = _take_lock(folder)
        try:
            self._open_last()
        except BaseException:
            os.close(self._lock)
            raise

    committed: int
    """Position of the last durable record."""

    @property
    def position(self) -> int:
        """Position of the last record appended."""
        return self._position

    def append(self, kind: int, payload: bytes) -> int:
        """Put a record after the others, in memory; returns its position."""
        self._position += 1
        self._pending.append(frames.encode(self._position, kind, payload))
        return self._position

    def write(self) -> None:
        """Hand what was appended to the operating system, in a new segment if this one is full or old: only
        whole segments can be removed, and personal data must not stay for want of traffic."""
        old = time.monotonic() - self._since >= self._segment_seconds
        if self._pending and (self._size >= self._segment_bytes or (self._size and old)):
            self._roll()
        data = b"".join(self._pending)
        self._pending.clear()
        self._size += len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]

    def sync(self) -> None:
        """Wait until what was written is on disk. May run in another thread than `append` and `write`, as
        long as nobody writes meanwhile."""
        position = self._position
        os.fdatasync(self._fd)
        self._mark.write(position)
        self.committed = position

    def commit(self) -> None:
        """Write and sync: afterwards everything appended may be acknowledged."""
        self.write()
        self.sync()

    def close(self) -> None:
        """Commit what is pending and let go of the lock."""
        if self._pending:
            self.commit()
        os.close(self._fd)
        self._mark.close()
        os.close(self._lock)

    def _open_last(self) -> None:
        existing = frames.segments(self._folder)
        committed = read_mark(self._folder)
        first, path = existing[-1] if existing else (committed + 1, None)
        end, size = first - 1, 0
        if path is not None:
            with path.open("rb") as file:
                for frame in frames.frames(file, 0):
                    if frame.position != end + 1:
                        break
                    end, size = frame.position, frame.end
        if end < committed:
            raise LogDamagedError(
                f"The log in {self._folder} ends at record {end}, but record {committed} was acknowledged. "
                f"Nothing was changed. Put the segment files back from a copy; to go on without the lost "
                f'records, remove the file "committed".'
            )
        self._pending: list[bytes] = []
        self._position, self._size, self._since = end, size, time.monotonic()
        path = path or frames.segment_path(self._folder, first)
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._fd, size)
        os.lseek(self._fd, size, os.SEEK_SET)
        os.fsync(self._fd)
        _sync_folder(self._folder)
        self._mark = Mark(self._folder)
        self._mark.write(end)
        self.committed = end

    def _roll(self) -> None:
        """Start the next segment. The one before was synced, as every commit ends with a sync."""
        first = self._position - len(self._pending) + 1
        path = frames.segment_path(self._folder, first)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        _sync_folder(self._folder)
        os.close(self._fd)
        self._fd, self._size, self._since = fd, 0, time.monotonic()


def _take_lock(folder: Path) -> int:
    fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise LogLockedError(f"Another process writes the log in {folder}; one log has one writer.") from None
    return fd


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
