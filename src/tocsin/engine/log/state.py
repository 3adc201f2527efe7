"""Snapshots of the engine beside its log, recovery from both, and removal of what is no longer needed.

A snapshot is never taken by the process that decides: another one rebuilds the engine from the last snapshot
and the log, which gives the same state, and writes it down. Deciding never pauses for it.
"""

from __future__ import annotations

import io
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from tocsin.engine.decisions import Outcome
from tocsin.engine.engine import Engine, StateError
from tocsin.engine.language.ruleset import RuleSet, load
from tocsin.engine.log import frames
from tocsin.engine.log.codec import CannotOpenError, Codec, header, read_header
from tocsin.engine.log.frames import segments
from tocsin.engine.log.marks import Mark, read_mark
from tocsin.engine.log.reader import LogReader
from tocsin.engine.log.records import EventRecord, Record, RulesRecord, decode
from tocsin.engine.log.writer import sync_folder, take_lock
from tocsin.engine.runtime.state import LANES

SNAPSHOTS_KEPT: Final = 2
_NAME: Final = re.compile(r"\A\d{20}\.snapshot\Z")
_MAGIC: Final = b"TOCSNAP\n"


@dataclass(frozen=True)
class Recovered:
    """An engine at the end of its log. `replayed`: records read after the snapshot. `differing`: those that
    this engine would decide otherwise than was answered (another engine version); the first answer stands."""

    engine: Engine
    replayed: int
    differing: int


def recover(folder: Path, codec: Codec, rules: RuleSet, until: int | None = None) -> Recovered:
    """The engine as it was after the last record, or after record `until`; with `rules` when the log is new.

    Raises StateError when neither a snapshot nor the log reaches back to the beginning; CannotOpenError, and
    what the codec raises when it cannot get a key.
    """
    engine = _newest_snapshot(folder, codec, until)
    started = engine.seq if engine else 0
    if engine is None and (existing := segments(folder)) and existing[0][0] != 1:
        raise StateError(f"There is no usable snapshot in {folder}, and its log does not begin at record 1.")
    differing = 0
    for batch in _batches(_records(folder, codec, started, until)):
        if engine is None:
            engine = Engine(rules)
        differing += _replay(engine, batch)
    engine = engine or Engine(rules)
    return Recovered(engine, engine.seq - started, differing)


def write_snapshot(folder: Path, codec: Codec, engine: Engine) -> Path:
    """Seal, write, make durable, then give it its name: a reader sees a whole snapshot or none."""
    key = codec.current()
    sealed = codec.seal(key, engine.snapshot(), _place(engine.seq))
    path = folder / f"{engine.seq:020d}.snapshot"
    draft = folder / f"{path.name}.{os.getpid()}.tmp"
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(header(_MAGIC, key) + zlib.crc32(sealed).to_bytes(4, "little"))
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
    for _, old in snapshots(folder)[:-SNAPSHOTS_KEPT]:
        old.unlink(missing_ok=True)
    return path


def begin_after(folder: Path, codec: Codec, rules: RuleSet, position: int) -> None:
    """Go on after record `position` with an engine that remembers nothing, because the log before is lost:
    numbers that were given out are not given out again. Nothing that is there is removed.

    Raises LogLockedError; StateError when the log reaches that far, so that nothing is lost.
    """
    lock = take_lock(folder)
    try:
        if read_mark(folder) >= position or any(first > position for first, _ in segments(folder)):
            raise StateError(f"The log in {folder} reaches record {position}; nothing of it is missing.")
        engine = Engine(rules)
        engine.seq = position
        write_snapshot(folder, codec, engine)
        frames.segment_path(folder, position + 1).touch(mode=0o600)
        sync_folder(folder)
        mark = Mark(folder)
        mark.write(position)
        mark.close()
    finally:
        os.close(lock)


def snapshots(folder: Path) -> list[tuple[int, Path]]:
    """Position and path of every snapshot, in order."""
    return sorted((int(path.stem), path) for path in folder.iterdir() if _NAME.match(path.name))


def keys_in(folder: Path) -> set[str]:
    """The names of the keys that files of this folder are sealed under; nothing is opened."""
    named = [(path, frames.MAGIC) for _, path in segments(folder)]
    named += [(path, _MAGIC) for _, path in snapshots(folder)]
    found = set()
    for path, magic in named:
        with suppress(FileNotFoundError), path.open("rb") as file:  # another process may just remove it
            found.add(read_header(file, magic) or "")
    return found - {""}


def remove_segments(folder: Path, shipped: int) -> list[Path]:
    """Remove segments that are both shipped elsewhere (up to record `shipped`) and covered by the older of
    the kept snapshots. May be called from any process; never touches the segment in use."""
    held = snapshots(folder)
    if len(held) < SNAPSHOTS_KEPT:
        return []
    safe = min(shipped, held[0][0])
    existing = segments(folder)
    removed = []
    for (_, path), (following, _) in pairwise(existing):
        if following - 1 > safe:
            break
        path.unlink(missing_ok=True)
        removed.append(path)
    return removed


def _newest_snapshot(folder: Path, codec: Codec, until: int | None) -> Engine | None:
    for position, path in reversed(snapshots(folder)):
        if until is not None and position > until:
            continue
        file = io.BytesIO(path.read_bytes())
        key, crc, sealed = read_header(file, _MAGIC), file.read(4), file.read()
        if key is None or zlib.crc32(sealed) != int.from_bytes(crc, "little"):
            continue
        data = codec.open(key, sealed, _place(position))
        if data is None:
            raise CannotOpenError(path, "The snapshot", key)
        with suppress(StateError):  # an older one, or the log from its beginning, may still serve
            return Engine.restore(data)
    return None


def _place(position: int) -> bytes:
    return f"snapshot|{position}".encode()


def _records(folder: Path, codec: Codec, after: int, until: int | None) -> Iterator[Record]:
    for frame in LogReader(folder, codec).frames(after):
        if until is not None and frame.position > until:
            return
        yield decode(frame)


def _batches(records: Iterable[Record]) -> Iterator[list[EventRecord] | RulesRecord]:
    """Events together, as many as the engine takes at once; changes of rules alone."""
    waiting: list[EventRecord] = []
    for record in records:
        if isinstance(record, EventRecord):
            waiting.append(record)
            if len(waiting) < LANES:
                continue
        if waiting:
            yield waiting
            waiting = []
        if not isinstance(record, EventRecord):
            yield record
    if waiting:
        yield waiting


def _replay(engine: Engine, batch: list[EventRecord] | RulesRecord) -> int:
    """Records through the engine; how many decisions are not those that were answered."""
    if isinstance(batch, RulesRecord):
        engine.switch(load(batch.sources))
        _check_place(engine, batch)
        return 0
    events = [record.event() for record in batch]
    outcomes = engine.decide(events, [record.received_at for record in batch])
    _check_place(engine, batch[-1])
    differing = 0
    for record, event, outcome in zip(batch, events, outcomes, strict=True):
        answered = record.decision()
        if not isinstance(outcome, Outcome) or outcome.decision != answered:
            engine.amend(event, answered)
            differing += 1
    return differing


def _check_place(engine: Engine, record: Record) -> None:
    if engine.seq != record.seq:
        raise StateError(f"Record {record.seq} does not follow from the records before it.")
