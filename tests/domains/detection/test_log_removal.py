"""What is in the database leaves the engine's log, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.domains.detection.desk import Desk
from tests.engine.sealing import codec, key_of
from tocsin.domains.detection.logread import forget_shipped, reader
from tocsin.domains.detection.models import ShipPosition
from tocsin.domains.detection.ship import ship_once
from tocsin.engine.log import LogWriter
from tocsin.engine.log.frames import EVENT, segments
from tocsin.engine.log.state import recover, write_snapshot
from tocsin.engine.ruleset import NO_RULES

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
