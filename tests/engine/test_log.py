"""The log keeps what it acknowledged, cuts off what it did not, and says so when something is missing."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.engine.builders import T0, decide, event, rule, rules, wire
from tests.engine.sealing import codec
from tocsin.engine.engine import Engine, StateError
from tocsin.engine.events import parse_event
from tocsin.engine.language.ruleset import NO_RULES, RuleSet
from tocsin.engine.log import (
    EventRecord,
    LogDamagedError,
    LogLockedError,
    LogReader,
    LogWriter,
    RulesRecord,
    read_log,
    remove_segments,
)
from tocsin.engine.log.frames import EVENT, RULES, segments
from tocsin.engine.log.reader import LogGapError
from tocsin.engine.log.records import event_payload, rules_payload
from tocsin.engine.log.state import recover, snapshots, write_snapshot
from tocsin.engine.log.writer import AHEAD_BYTES

RULES_SET = rules(
    'orders = count("order.placed", per=customer, within="24h")',
    rule("orders >= 2"),
)


class Desk:
    """A small host: an engine and a log, one event a commit."""

    def __init__(self, folder: Path, segment_bytes: int = 4096) -> None:
        self.log = LogWriter(folder, codec(), segment_bytes)
        self.engine = recover(folder, codec(), NO_RULES).engine
        if self.engine.seq == 0:
            self.rules(RULES_SET)

    def rules(self, new: RuleSet) -> None:
        self.engine.switch(new)
        self.log.append(RULES, rules_payload(T0, new.version, dict(new.sources)))
        self.log.commit()

    def event(self, number: int, customer: str = "c") -> None:
        raw = msgspec.json.encode(wire(ident=f"e{number}", ts=T0 + number, customer=customer))
        outcome = decide(self.engine, parse_event(raw), at=T0 + number)
        answer = msgspec.json.encode(outcome.decision)
        self.log.append(EVENT, event_payload(T0 + number, "k1", raw, answer, outcome.explanation))
        self.log.commit()


def filled(folder: Path, events: int, segment_bytes: int = 4096) -> Desk:
    desk = Desk(folder, segment_bytes)
    for number in range(events):
        desk.event(number)
    return desk


def outlook(engine: Engine, events: int) -> list[object]:
    """All that can be told of an engine from outside: its place, every first answer again, and what it
    answers to what comes next. (The places of its memory depend on how events were batched; its answers do
    not.)"""
    sent = [wire(ident=f"e{n}", ts=T0 + n, customer=who(n)) for n in range(events)]
    seen = [parse_event(msgspec.json.encode(one)) for one in sent]
    later = [event(ident=f"later{n}", ts=T0 + 1000 + n, customer=f"c{n % 5}") for n in range(20)]
    return [engine.clock, engine.seq, engine.rules_version, *engine.decide([*seen, *later], T0)]


def who(number: int) -> str:
    """Forty events of one customer, then three by turns."""
    return "c" if number < 40 else f"c{number % 3}"


def test_what_is_committed_can_be_read_back(tmp_path: Path) -> None:
    desk = filled(tmp_path, 3)
    first, *rest = read_log(tmp_path, codec(), 0, 100)
    assert isinstance(first, RulesRecord)
    assert (first.seq, first.version, first.sources) == (1, RULES_SET.version, dict(RULES_SET.sources))
    assert [record.seq for record in rest] == [2, 3, 4]
    last = rest[-1]
    assert isinstance(last, EventRecord)
    assert last.event() == parse_event(msgspec.json.encode(wire(ident="e2", ts=T0 + 2, customer="c")))
    assert last.decision().verdict == "review"
    assert last.explain is not None
    assert [(f.rule, f.severity, f.clause) for f in last.explain.fired] == [("r1", "S3", "FRD-C.test")]
    assert last.explain.features == {"orders": 2}
    assert (last.key, last.received_at) == ("k1", T0 + 2)
    desk.log.close()


def test_positions_go_on_through_segments_and_restarts(tmp_path: Path) -> None:
    filled(tmp_path, 30, segment_bytes=1000).log.close()
    desk = Desk(tmp_path, segment_bytes=1000)
    for number in range(30, 60):
        desk.event(number)
    assert len(segments(tmp_path)) > 10
    assert [record.seq for record in read_log(tmp_path, codec(), 0, 1000)] == list(range(1, 62))
    assert [record.seq for record in read_log(tmp_path, codec(), 40, 5)] == [41, 42, 43, 44, 45]
    assert read_log(tmp_path, codec(), 61, 5) == []
    desk.log.close()


def test_a_reader_follows_a_growing_log(tmp_path: Path) -> None:
    desk, reader, seen = Desk(tmp_path, 1000), LogReader(tmp_path, codec()), 0
    for number in range(50):
        desk.event(number)
        got = reader.read(seen, 10)
        assert [record.seq for record in got] == list(range(seen + 1, number + 3))
        seen = got[-1].seq
        assert reader.read(seen, 10) == []
    desk.log.close()


def test_what_is_written_but_not_synced_is_not_read(tmp_path: Path) -> None:
    desk = filled(tmp_path, 1)
    desk.log.append(EVENT, b"{}")
    desk.log.write()
    assert [record.seq for record in read_log(tmp_path, codec(), 0, 10)] == [1, 2]
    desk.log.close()


def test_a_log_has_one_writer(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with pytest.raises(LogLockedError, match="one log has one writer"):
        LogWriter(tmp_path, codec())
    desk.log.close()
    LogWriter(tmp_path, codec()).close()


@pytest.mark.parametrize("torn", [b"\x01", b"\x10\x00\x00\x00" + b"\0" * 9, b"\xff" * 400])
def test_a_torn_tail_is_cut_off(tmp_path: Path, torn: bytes) -> None:
    filled(tmp_path, 5).log.close()
    [(_, path)] = segments(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    desk = Desk(tmp_path)
    assert path.read_bytes() == whole
    assert desk.engine.seq == 6
    desk.event(5)
    assert [record.seq for record in read_log(tmp_path, codec(), 0, 10)] == [1, 2, 3, 4, 5, 6, 7]
    desk.log.close()


@pytest.mark.parametrize("torn_off", [b"", bytes(100_000)])  # zeros lie ahead of what is written
def test_half_of_an_unacknowledged_record_is_cut_off_too(tmp_path: Path, torn_off: bytes) -> None:
    filled(tmp_path, 5).log.close()
    [(_, path)] = segments(tmp_path)
    whole = path.read_bytes()
    desk = Desk(tmp_path)
    desk.log.append(EVENT, b'{"half": true}')
    desk.log.write()
    torn = path.read_bytes()[: len(whole) + 40]
    desk.log.close()
    path.write_bytes(torn + torn_off)
    (tmp_path / "committed").write_bytes(committed_mark(6))
    Desk(tmp_path).log.close()
    assert path.read_bytes() == whole


def test_a_segment_ends_with_its_last_record_whatever_lay_ahead_of_it(tmp_path: Path) -> None:
    one = filled(tmp_path, 3)
    [(_, path)] = segments(tmp_path)
    prepared = path.read_bytes()
    assert prepared.endswith(bytes(AHEAD_BYTES - 4096))
    assert [record.seq for record in read_log(tmp_path, codec(), 0, 10)] == [1, 2, 3, 4]
    one.log.close()
    closed = path.read_bytes()
    assert len(prepared) - AHEAD_BYTES < len(closed) < len(prepared)
    path.write_bytes(prepared)  # as after a power cut
    LogWriter(tmp_path, codec()).close()
    assert path.read_bytes() == prepared  # nothing was written
    again = Desk(tmp_path)
    again.event(3)
    assert len(path.read_bytes()) == len(prepared)  # what lay ahead is used
    again.log.close()
    assert path.read_bytes().startswith(closed)
    assert [record.seq for record in read_log(tmp_path, codec(), 0, 10)] == [1, 2, 3, 4, 5]


def test_a_missing_acknowledged_record_stops_the_start_and_changes_nothing(tmp_path: Path) -> None:
    filled(tmp_path, 5).log.close()
    [(_, path)] = segments(tmp_path)
    shorter = path.read_bytes()[:-3]
    path.write_bytes(shorter)
    with pytest.raises(LogDamagedError, match="ends at record 5, but record 6 was acknowledged"):
        LogWriter(tmp_path, codec())
    assert path.read_bytes() == shorter
    (tmp_path / "committed").unlink()  # what the message says for going on without it
    LogWriter(tmp_path, codec()).close()


def test_a_harmed_byte_in_the_middle_is_noticed(tmp_path: Path) -> None:
    filled(tmp_path, 20, segment_bytes=1000).log.close()
    _, path = segments(tmp_path)[2]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(LogGapError, match="removed, or damaged"):
        read_log(tmp_path, codec(), 0, 100)
    with pytest.raises(LogGapError):
        Desk(tmp_path)


def test_recovery_is_the_engine_as_it_was(tmp_path: Path) -> None:
    desk = filled(tmp_path, 40)
    desk.rules(rules(rule("known(customer)", "other", "block")))
    for number in range(40, 60):
        desk.event(number, who(number))
    expected = outlook(desk.engine, 60)
    desk.log.close()
    recovered = recover(tmp_path, codec(), NO_RULES)
    assert (recovered.replayed, recovered.differing) == (62, 0)
    assert outlook(recovered.engine, 60) == expected


@pytest.mark.parametrize("at", [1, 20, 41, 42, 43])
def test_recovery_from_a_snapshot_is_the_same(tmp_path: Path, at: int) -> None:
    desk = filled(tmp_path, 40)
    desk.rules(rules(rule("known(customer)", "other", "block")))
    desk.event(40, who(40))
    write_snapshot(tmp_path, codec(), recover(tmp_path, codec(), NO_RULES, until=at).engine)
    expected = outlook(desk.engine, 41)
    desk.log.close()
    recovered = recover(tmp_path, codec(), NO_RULES)
    assert recovered.replayed == 43 - at
    assert outlook(recovered.engine, 41) == expected


def test_a_harmed_snapshot_is_passed_over(tmp_path: Path) -> None:
    desk = filled(tmp_path, 10)
    path = write_snapshot(tmp_path, codec(), desk.engine)
    desk.log.close()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert recover(tmp_path, codec(), NO_RULES).replayed == 11


def test_segments_go_only_when_shipped_and_covered_by_both_snapshots(tmp_path: Path) -> None:
    desk = filled(tmp_path, 60, segment_bytes=1000)
    expected = outlook(desk.engine, 40)
    assert remove_segments(tmp_path, shipped=61) == []  # no snapshots
    for at in (20, 40):
        write_snapshot(tmp_path, codec(), recover(tmp_path, codec(), NO_RULES, until=at).engine)
    before = [first for first, _ in segments(tmp_path)]
    remove_segments(tmp_path, shipped=10)
    assert segments(tmp_path)[0][0] == max(first for first in before if first <= 11)
    remove_segments(tmp_path, shipped=61)
    assert segments(tmp_path)[0][0] == max(first for first in before if first <= 21)
    with pytest.raises(LogGapError):
        read_log(tmp_path, codec(), 0, 1)
    desk.log.close()
    assert outlook(recover(tmp_path, codec(), NO_RULES).engine, 40) == expected
    for _, path in snapshots(tmp_path):
        path.unlink()
    with pytest.raises(StateError, match="does not begin at record 1"):
        recover(tmp_path, codec(), NO_RULES)


def test_what_comes_after_a_while_goes_into_a_new_segment(tmp_path: Path) -> None:
    log = LogWriter(tmp_path, codec(), segment_seconds=0.0)
    for _ in range(3):
        log.append(EVENT, b"{}")
        log.append(EVENT, b"{}")
        log.commit()
    log.close()
    assert [first for first, _ in segments(tmp_path)] == [1, 3, 5]
    again = LogWriter(tmp_path, codec(), segment_seconds=0.0)
    again.commit()  # with nothing to write there is nothing to begin
    assert (again.position, len(segments(tmp_path))) == (6, 3)
    again.close()


def test_only_two_snapshots_are_kept(tmp_path: Path) -> None:
    desk = filled(tmp_path, 5)
    for at in (2, 3, 4, 5):
        write_snapshot(tmp_path, codec(), recover(tmp_path, codec(), NO_RULES, until=at).engine)
    desk.log.close()
    assert [position for position, _ in snapshots(tmp_path)] == [4, 5]


def test_a_recorded_answer_stands_when_a_replay_would_decide_otherwise(tmp_path: Path) -> None:
    log = LogWriter(tmp_path, codec())
    log.append(RULES, rules_payload(T0, RULES_SET.version, dict(RULES_SET.sources)))
    raw = msgspec.json.encode(wire(ident="e1", ts=T0, customer="c"))
    engine = Engine(NO_RULES)
    engine.switch(RULES_SET)
    answered = msgspec.structs.replace(
        decide(engine, parse_event(raw)).decision, verdict="block", engine_version="e0"
    )
    log.append(EVENT, event_payload(T0, "k1", raw, msgspec.json.encode(answered), None))
    log.commit()
    log.close()
    recovered = recover(tmp_path, codec(), NO_RULES)
    assert recovered.differing == 1
    again = decide(recovered.engine, parse_event(raw)).decision
    assert again == msgspec.structs.replace(answered, duplicate=True)


def committed_mark(position: int) -> bytes:
    import zlib

    data = position.to_bytes(8, "little")
    return data + zlib.crc32(data).to_bytes(4, "little")


def test_an_engine_without_a_log_is_new(tmp_path: Path) -> None:
    LogWriter(tmp_path, codec()).close()
    assert recover(tmp_path, codec(), RULES_SET).engine.snapshot() == Engine(RULES_SET).snapshot()
