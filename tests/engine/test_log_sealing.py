"""The log and its snapshots can be read with their keys only, and nothing in them can be moved or changed."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from pathlib import Path

import pytest

from tests.engine.builders import rule, rules
from tests.engine.sealing import DAY, codec, key_of
from tests.engine.test_log import Desk, filled
from tocsin.core.crypto.day_codec import DayCodec, scope_of
from tocsin.core.crypto.errors import KeyServiceUnavailable
from tocsin.engine.language.ruleset import NO_RULES
from tocsin.engine.log import CannotOpenError, LogWriter, keys_in, read_log
from tocsin.engine.log.frames import EVENT, blocks, segments
from tocsin.engine.log.reader import LogGapError
from tocsin.engine.log.state import recover, write_snapshot

SECRET = b"the man with the falcon tattoo"


def stranger() -> DayCodec:
    """Has a key of the right name that is another one."""
    made = DayCodec(lambda scope, create: hashlib.sha256(b"another" + scope.encode()).digest())
    made.begin(DAY)
    return made


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_neither_log_nor_snapshot_shows_what_it_holds(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.rules(rules(rule("known(customer)", more="actions = [watch(customer)]")))  # the answer names who
    desk.event(0, customer=SECRET.decode())
    write_snapshot(tmp_path, codec(), desk.engine)
    assert SECRET in desk.engine.snapshot()
    assert SECRET in read_log(tmp_path, codec(), 2, 1)[0].raw
    assert SECRET not in everything(tmp_path)
    assert b"order.placed" not in everything(tmp_path)
    desk.log.close()


def test_another_key_of_the_same_name_opens_nothing(tmp_path: Path) -> None:
    desk = filled(tmp_path, 3)
    desk.log.close()
    before = everything(tmp_path)
    with pytest.raises(
        CannotOpenError, match=r"from record 1 on .* cannot be opened with the key decide:2026-03-01"
    ):
        read_log(tmp_path, stranger(), 0, 10)
    with pytest.raises(CannotOpenError):
        recover(tmp_path, stranger(), NO_RULES)
    write_snapshot(tmp_path, codec(), desk.engine)
    with pytest.raises(CannotOpenError, match="The snapshot in"):
        recover(tmp_path, stranger(), NO_RULES)
    assert everything(tmp_path).startswith(before[:12])
    assert recover(tmp_path, codec(), NO_RULES).engine.seq == 4


def test_without_the_key_service_the_reason_is_said(tmp_path: Path) -> None:
    filled(tmp_path, 3).log.close()

    def away(scope: str, create: bool) -> bytes:
        raise KeyServiceUnavailable("it is away")

    with pytest.raises(KeyServiceUnavailable, match="it is away"):
        read_log(tmp_path, DayCodec(away), 0, 10)


def test_a_segment_under_another_name_is_not_taken_for_that_one(tmp_path: Path) -> None:
    filled(tmp_path, 20, segment_bytes=1000).log.close()
    first, second = (path for _, path in segments(tmp_path)[:2])
    shutil.copy(second, first)
    with pytest.raises((CannotOpenError, LogGapError)):
        read_log(tmp_path, codec(), 0, 100)
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(tmp_path / "committed", other)
    shutil.copy(second, other / f"{1:020d}.log")
    with pytest.raises((CannotOpenError, LogGapError)):
        read_log(other, codec(), 0, 100)


def test_a_block_given_another_position_does_not_open(tmp_path: Path) -> None:
    """The checksum is anybody's to compute; only the seal tells."""
    filled(tmp_path, 2).log.close()
    [(_, path)] = segments(tmp_path)
    with path.open("rb") as file:
        start = file.read().index(b"decide:") + len(scope_of(DAY)) + 4
        file.seek(start)
        one, two, three = blocks(file)
    data = path.read_bytes()
    swapped = renumbered(data[two.start : two.end], 3) + renumbered(data[three.start : three.end], 2)
    path.write_bytes(
        data[: two.start] + swapped[three.end - three.start :] + swapped[: three.end - three.start]
    )
    with pytest.raises((CannotOpenError, LogGapError)):
        read_log(tmp_path, codec(), 0, 100)
    moved = renumbered(data[three.start : three.end], 2)
    path.write_bytes(data[: two.start] + moved + data[three.start : three.end])
    with pytest.raises(CannotOpenError, match="from record 2 on"):
        read_log(tmp_path, codec(), 0, 100)
    assert one.first == 1


def renumbered(block: bytes, first: int) -> bytes:
    """A block that claims another position, with a checksum that fits."""
    import zlib

    body = first.to_bytes(8, "little") + block[16:]
    return block[:4] + zlib.crc32(body).to_bytes(4, "little") + body


def test_a_snapshot_under_another_position_does_not_open(tmp_path: Path) -> None:
    desk = filled(tmp_path, 5)
    path = write_snapshot(tmp_path, codec(), desk.engine)
    desk.log.close()
    path.rename(tmp_path / f"{3:020d}.snapshot")
    with pytest.raises(CannotOpenError, match="The snapshot"):
        recover(tmp_path, codec(), NO_RULES)


def test_a_new_day_begins_a_new_segment_under_its_own_key(tmp_path: Path) -> None:
    turning = codec()
    log = LogWriter(tmp_path, turning)
    log.append(EVENT, b"{}")
    log.commit()
    turning.begin(DAY + dt.timedelta(days=1))
    log.append(EVENT, b"{}")
    log.commit()
    log.append(EVENT, b"{}")
    log.commit()
    log.close()
    assert [first for first, _ in segments(tmp_path)] == [1, 2]
    assert keys_in(tmp_path) == {"decide:2026-03-01", "decide:2026-03-02"}


def test_a_writer_that_comes_back_on_another_day_does_not_mix_keys(tmp_path: Path) -> None:
    filled(tmp_path, 3).log.close()
    later = LogWriter(tmp_path, codec(DAY + dt.timedelta(days=1)))
    later.append(EVENT, b"{}")
    later.close()
    again = LogWriter(tmp_path, codec(DAY + dt.timedelta(days=1)))
    again.append(EVENT, b"{}")
    again.close()
    assert [first for first, _ in segments(tmp_path)] == [1, 5]


@pytest.mark.parametrize("left", [0, 1, 9, 20])
def test_a_header_cut_short_by_a_power_cut_is_written_again(tmp_path: Path, left: int) -> None:
    desk = filled(tmp_path, 2)
    desk.log.close()
    [(_, path)] = segments(tmp_path)
    torn = tmp_path / f"{4:020d}.log"
    torn.write_bytes(path.read_bytes()[:left])
    again = Desk(tmp_path)
    again.event(2)
    again.log.close()
    assert [first for first, _ in segments(tmp_path)] == [1, 4]
    assert [record.seq for record in read_log(tmp_path, codec(), 0, 10)] == [1, 2, 3, 4]


def test_a_commit_of_many_blocks_is_read_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.engine.log.writer.BLOCK_BYTES", 100)
    desk = Desk(tmp_path)
    raw = [f'{{"n":{number}}}'.encode() * 9 for number in range(10)]
    for one in raw:
        desk.log.append(EVENT, one)
    desk.log.commit()
    desk.log.close()
    from tocsin.engine.log.frames import frames

    [(_, path)] = segments(tmp_path)
    assert [frame.payload for frame in frames(path, codec(), 0, after=1)] == raw
    assert LogWriter(tmp_path, codec()).position == 11


def test_a_codec_handed_over_opens_and_seals_the_same(tmp_path: Path) -> None:
    mine = codec()
    theirs = DayCodec.taken_over(mine.hand_over())
    sealed = theirs.seal(theirs.current(), b"words", b"here")
    assert mine.open(scope_of(DAY), sealed, b"here") == b"words"
    assert mine.open(scope_of(DAY), sealed, b"there") is None
    assert mine.open(scope_of(DAY), sealed[:5], b"here") is None


def test_a_day_that_cannot_begin_leaves_the_one_before_in_use() -> None:
    def only_today(scope: str, create: bool) -> bytes:
        if scope != scope_of(DAY):
            raise KeyServiceUnavailable("away")
        return key_of(scope, create)

    one = DayCodec(only_today)
    one.begin(DAY)
    with pytest.raises(KeyServiceUnavailable):
        one.begin(DAY + dt.timedelta(days=1))
    assert one.current() == scope_of(DAY)
