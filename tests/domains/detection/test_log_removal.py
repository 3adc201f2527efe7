"""What is in the database leaves the engine's log, and nothing else does."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tests.domains.detection.desk import PACKAGED, Desk
from tests.engine.sealing import DAY, codec, key_of
from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.audit.models import AuditEntry
from tocsin.core.crypto.day_codec import scope_of
from tocsin.core.crypto.models import DataKey
from tocsin.core.crypto.shred import destroy
from tocsin.core.errors import Conflict
from tocsin.domains.detection.logread import LostLog, forget_shipped, reader, why_keep
from tocsin.domains.detection.models import ShipPosition
from tocsin.domains.detection.ship import ship_once
from tocsin.engine.engine import StateError
from tocsin.engine.language.ruleset import NO_RULES
from tocsin.engine.log import LogWriter
from tocsin.engine.log.frames import EVENT, RULES, segments
from tocsin.engine.log.records import rules_payload
from tocsin.engine.log.state import begin_after, recover, write_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The log of a desk that is closed again: a segment a commit."""
    folder = tmp_path / "decide"
    desk = Desk(folder, segment_seconds=0.0)
    desk.test_cards(cards=9)
    desk.log.close()
    for position in (6, 9):
        write_snapshot(folder, codec(), recover(folder, codec(), NO_RULES, until=position).engine)
    return folder


def first(folder: Path) -> int:
    return segments(folder)[0][0]


def test_only_what_is_shipped_goes(folder: Path) -> None:
    read = reader(folder, key_of)
    assert forget_shipped(folder) == 0
    ship_once(read, limit=4)
    assert (forget_shipped(folder), first(folder)) == (4, 5)
    while ship_once(read, limit=4):
        pass
    assert (forget_shipped(folder), first(folder)) == (2, 7)  # the older snapshot holds the first six
    assert forget_shipped(folder) == 0
    assert recover(folder, codec(), NO_RULES).engine.seq == 10


def test_a_log_that_ends_before_what_was_shipped_is_left_alone(folder: Path) -> None:
    while ship_once(reader(folder, key_of)):
        pass
    ShipPosition.objects.update(position="11")
    assert (forget_shipped(folder), first(folder)) == (0, 1)
    with_one_more = LogWriter(folder, codec())
    with_one_more.append(EVENT, b"{}")
    with_one_more.close()
    assert forget_shipped(folder) == 6


def test_a_key_is_kept_while_a_file_needs_it(folder: Path, settings: Any) -> None:
    settings.TOCSIN_HOME = str(folder.parent)
    with (
        pytest.raises(Conflict, match="files that only this key opens"),
        act(system("tests"), "test") as work,
    ):
        destroy(work, scope_of(DAY), "the day is over")
    assert not DataKey.objects.filter(scope=scope_of(DAY), destroyed_at__isnull=False).exists()
    for path in folder.iterdir():
        path.unlink()
    with act(system("tests"), "test") as work:
        assert destroy(work, scope_of(DAY), "the day is over").destroyed_at is not None


def test_the_key_of_today_is_kept_though_nothing_was_written_yet(tmp_path: Path) -> None:
    today = timezone.now().date()
    for day in (today, today + dt.timedelta(days=1), today - dt.timedelta(days=1)):
        assert why_keep(tmp_path, scope_of(day)) == "the log of decisions is being written under it"
    assert why_keep(tmp_path, scope_of(today - dt.timedelta(days=2))) is None
    assert why_keep(tmp_path / "not there", scope_of(DAY)) is None
    assert why_keep(tmp_path, f"events:{today}") is None


def key(day: dt.date) -> str:
    """A key of this day in the database; its scope."""
    scope = scope_of(day)
    DataKey.objects.create(scope=scope, wrapped=b"wrapped", master_key_id="m", created_at=timezone.now())
    return scope


def destroyed() -> list[str]:
    gone = DataKey.objects.filter(destroyed_at__isnull=False)
    return list(gone.order_by("scope").values_list("scope", flat=True))


@pytest.fixture
def two_days(tmp_path: Path, settings: Any) -> Path:
    """Nine events of the day before, and one of the next, with two snapshots of the latter."""
    settings.TOCSIN_HOME = str(tmp_path)
    folder = tmp_path / "decide"
    desk = Desk(folder, segment_seconds=0.0)
    desk.test_cards(cards=9)
    desk.log.close()
    later = codec(DAY + dt.timedelta(days=1))
    log = LogWriter(folder, later, segment_seconds=0.0)
    for _ in range(2):
        log.append(RULES, rules_payload(desk.now, PACKAGED.version, dict(PACKAGED.sources)))
        log.commit()
        write_snapshot(folder, later, recover(folder, later, NO_RULES).engine)
    log.close()
    return folder


def test_the_key_of_a_day_goes_after_its_last_file(two_days: Path) -> None:
    gone, kept = key(DAY), key(DAY + dt.timedelta(days=1))
    today = key(timezone.now().date())
    read = reader(two_days, key_of)
    ship_once(read, limit=5)
    assert forget_shipped(two_days) == 5
    assert destroyed() == [], "what is not shipped can only be read with it"
    while ship_once(read, limit=4):
        pass
    assert forget_shipped(two_days) == 6 + 1
    assert destroyed() == [gone]
    assert AuditEntry.objects.filter(verb="key.destroyed", actor="system:log removal").count() == 1
    assert forget_shipped(two_days) == 0
    assert DataKey.objects.get(scope=gone).wrapped is None
    assert set(DataKey.objects.filter(destroyed_at=None).values_list("scope", flat=True)) == {kept, today}
    assert recover(two_days, codec(), NO_RULES).engine.seq == 12


def test_no_key_goes_for_a_folder_that_is_not_the_log(two_days: Path, tmp_path: Path) -> None:
    """An emptied folder, or the home of another machine: nobody knows what the key is still needed for."""
    key(DAY)
    while ship_once(reader(two_days, key_of), limit=4):
        pass
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder in (empty, tmp_path / "not there"):
        assert forget_shipped(folder) == 0
    ShipPosition.objects.update(position="0")
    assert forget_shipped(two_days) == 0
    assert destroyed() == []


@pytest.mark.parametrize("emptied", [True, False])
def test_what_a_new_log_decides_is_shipped_after_the_old(folder: Path, emptied: bool) -> None:
    """The folder was emptied, or put back from a copy that is too old."""
    read = reader(folder, key_of)
    while ship_once(read, limit=4):
        pass
    ShipPosition.objects.update(position="100")
    if emptied:
        for path in folder.iterdir():
            path.unlink()
    with pytest.raises(LostLog, match="100 records were shipped"):
        ship_once(reader(folder, key_of))
    begin_after(folder, codec(), PACKAGED, 100)
    with pytest.raises(StateError):
        begin_after(folder, codec(), PACKAGED, 100)
    desk = Desk(folder)  # writes its rules as record 101
    recovered = recover(folder, codec(), NO_RULES).engine
    assert (recovered.seq, desk.log.committed, recovered.rules_version) == (101, 101, PACKAGED.version)
    desk.log.close()
    read = reader(folder, key_of)
    while ship_once(read):
        pass
    assert ShipPosition.objects.get().position == "101"
    assert forget_shipped(folder) >= 0
    assert recover(folder, codec(), NO_RULES).engine.seq == 101
