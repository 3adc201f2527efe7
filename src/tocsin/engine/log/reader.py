"""Reading the log from another process, up to what is known to be on disk."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tocsin.engine.log.codec import Codec
from tocsin.engine.log.frames import Frame, segments
from tocsin.engine.log.frames import frames as read_frames
from tocsin.engine.log.marks import read_mark
from tocsin.engine.log.records import Record, decode


class LogGapError(RuntimeError):
    """The records right after the asked position are no longer there (their segment was removed)."""


class LogReader:
    """Follows a log. Remembers where it stopped, so that polling costs nothing when nothing is new.

    Never blocks the writer and needs no lock. An empty answer means "nothing new yet".
    """

    def __init__(self, folder: Path, codec: Codec) -> None:
        self._folder = folder
        self._codec = codec
        self._at: tuple[int, int, Path, int] | None = None  # after position, segment's first, path, offset

    def read(self, after: int, limit: int) -> list[Record]:
        """At most `limit` records with seq > `after`, in order. Raises LogGapError, CannotOpenError, and
        what the codec raises when it cannot get a key."""
        return [decode(frame) for frame in islice(self.frames(after), limit)]

    def frames(self, after: int) -> Iterator[Frame]:
        committed = read_mark(self._folder)
        while after < committed:
            start = after
            for frame in self._segment(after):
                if frame.position > committed:
                    return
                after = frame.position
                yield frame
            if after == start:
                raise LogGapError(
                    f"Record {after + 1} cannot be read from {self._folder}: removed, or damaged."
                )

    def _segment(self, after: int) -> Iterator[Frame]:
        """The frames after `after` that lie in the segment where the next one must be."""
        found = self._locate(after)
        if found is None:
            return
        first, path, offset = found
        for frame in read_frames(path, self._codec, offset, after):
            self._at = (frame.position, first, path, frame.onward)
            yield frame

    def _locate(self, after: int) -> tuple[int, Path, int] | None:
        existing = segments(self._folder)
        number = bisect.bisect_right(existing, after + 1, key=lambda entry: entry[0]) - 1
        if number < 0:
            return None
        first, path = existing[number]
        if self._at is not None and self._at[0] == after and self._at[1] == first:
            return first, path, self._at[3]
        return first, path, 0


def read_log(folder: Path, codec: Codec, after: int, limit: int) -> list[Record]:
    """At most `limit` durable records after position `after`, in order. Raises as LogReader.read."""
    return LogReader(folder, codec).read(after, limit)
