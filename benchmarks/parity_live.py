"""Live: a process that decides batch by batch into a real log, killed at random points (SIGKILL), and started
again each time from what it left on the disk: a snapshot, the log, and who sends the events.

Cells are written to a file at the event's place in the log before the batch is committed, so those of every
acknowledged event are there; what a killed process had not committed is decided, and written, again.
"""

from __future__ import annotations

import datetime as dt
import json
import multiprocessing as mp
import random
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np

from benchmarks import parity_cells, parity_workload
from benchmarks.parity_cells import Cells, Reader
from tocsin.core.crypto.day_codec import DayCodec
from tocsin.engine.decisions import Outcome
from tocsin.engine.engine import Engine
from tocsin.engine.events import parse_event
from tocsin.engine.log import EventRecord, LogReader, LogWriter, read_log
from tocsin.engine.log.frames import EVENT
from tocsin.engine.log.marks import read_mark
from tocsin.engine.log.records import decode, event_payload
from tocsin.engine.log.state import recover, write_snapshot
from tocsin.engine.runtime.state import LANES
from tocsin.engine.vocabulary import VERDICTS

SENT_AGAIN = 300  # lines that a client, unsure of the answer, sends again after a crash
LONGEST_PAUSE = 0.03  # seconds from the moment a process is far enough to its end
_DAY = dt.date(2026, 1, 1)
_STARTS = "starts.jsonl"


@dataclass(frozen=True)
class Lived:
    """What came of it. ``starts``: for each start, how many records were replayed after the snapshot, and how
    many of them were now decided otherwise than they had been answered."""

    kills: int
    starts: list[dict[str, int]]


def live(folder: Path, events: int, kills: int) -> Lived:
    """Decide all events of ``folder``; cells into its file ``live.npy``."""
    rng = random.Random(17)
    log = folder / "log"
    log.mkdir()
    section = events * 9 // 10 // max(kills, 1)
    for number in range(kills):
        target = number * section + rng.randrange(section // 2)
        process = _start(folder, (number + 1) * section)
        while read_mark(log) < target and process.is_alive():
            time.sleep(0.002)
        time.sleep(rng.random() * LONGEST_PAUSE)
        process.kill()
        process.join()
        if process.exitcode != -signal.SIGKILL:
            raise RuntimeError("the process that decides ended by itself")
    process = _start(folder, None)
    process.join()
    if process.exitcode:
        raise RuntimeError("the process that decides ended with an error")
    starts = [json.loads(line) for line in (folder / _STARTS).read_text().splitlines()]
    return Lived(kills, starts)


def logged(folder: Path) -> Cells:
    """The decisions as they lie in the log, in its order."""
    rows = []
    for frame in LogReader(folder / "log", _codec()).frames(0):
        record = decode(frame)
        if not isinstance(record, EventRecord) or record.seq != len(rows) + 1:
            raise RuntimeError(f"record {frame.position} is not the event that belongs there")
        decision = record.decision()
        fired = [parity_cells.fired_as(one.rule) for one in record.explain.fired] if record.explain else []
        total = int(np.array(fired, np.int64).sum()) if fired else 0
        rows.append((_line_of(record), VERDICTS.index(decision.verdict), total, int(decision.late)))
    return np.array(rows, np.int64)


def _start(folder: Path, until: int | None) -> mp.process.BaseProcess:
    process = mp.get_context("spawn").Process(target=decide_all, args=(folder, until))
    process.start()
    return process


def decide_all(folder: Path, until: int | None) -> None:
    """Go on where the log ends, until there are no more events; or from record ``until`` on, if it comes that
    far, wait to be killed. For a process of its own."""
    log_folder, codec = folder / "log", _codec()
    log = LogWriter(log_folder, codec)
    recovered = recover(log_folder, codec, parity_workload.rule_set())
    engine = recovered.engine
    with (folder / _STARTS).open("a") as file:
        start = {"at": engine.seq, "replayed": recovered.replayed, "differing": recovered.differing}
        file.write(json.dumps(start) + "\n")
    first = 0
    if engine.seq:
        [last] = read_log(log_folder, codec, engine.seq - 1, 1)
        first = max(0, _line_of(last) + 1 - SENT_AGAIN)
    if recovered.replayed > LANES:  # the next start recovers from it, and from what comes after
        write_snapshot(log_folder, codec, engine)
    cells = parity_cells.opened(folder / "live.npy")
    reader = Reader(engine, list(engine.rules.features))
    rng = random.Random(engine.seq)
    with (folder / "events.jsonl").open("rb") as file:
        lines = islice(file, first, None)
        while batch := list(islice(lines, rng.randint(1, LANES))):
            _decide(engine, log, batch, reader, cells)
            if until is not None and engine.seq >= until:
                signal.pause()
    log.close()


def _decide(engine: Engine, log: LogWriter, batch: Sequence[bytes], reader: Reader, cells: Cells) -> None:
    """One batch, durable; of at most ``LANES`` events, so that its registers still hold all of it."""
    events = [parse_event(line) for line in batch]
    received_at, before = events[-1].ts, engine.seq
    outcomes = engine.decide(events, received_at)
    cells[before : engine.seq] = reader.cells(engine.seq - before)
    for line, outcome in zip(batch, outcomes, strict=True):
        if isinstance(outcome, Outcome) and not outcome.decision.duplicate:
            answer = msgspec.json.encode(outcome.decision)
            log.append(EVENT, event_payload(received_at, "bench", line.strip(), answer, outcome.explanation))
    log.commit()


def _line_of(record: object) -> int:
    """The number in the id of a record's event: of the line on which it was sent first."""
    if not isinstance(record, EventRecord):
        raise RuntimeError("a log of this benchmark holds only events")
    return int(record.decision().event_id.removeprefix("e"))


def _codec() -> DayCodec:
    """Seals as a host does, under a key that is no secret here."""
    codec = DayCodec(lambda _scope, _create: bytes(32))
    codec.begin(_DAY)
    return codec
