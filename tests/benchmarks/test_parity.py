"""The parity benchmark finds no difference, and finds one that is there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import parity
from benchmarks.parity_cells import Compared
from benchmarks.parity_sql import Oracle
from benchmarks.parity_workload import windowed, write_events
from tocsin.engine.hashing import NONE

EVENTS = 5_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("parity")


@pytest.fixture(scope="module")
def sides(folder: Path) -> parity.Sides:
    return parity.run(folder, EVENTS, kills=3)


def test_every_way_gives_the_same_cells_and_decisions(sides: parity.Sides) -> None:
    decided = len(sides.replay.decisions)
    assert 0.98 * EVENTS < decided < EVENTS  # some were sent twice
    assert (sides.replay.decisions[:, 1] > 0).any()
    assert sides.lived.kills == 3
    found = parity.comparisons(sides)
    recovered = found.pop("recovered_decisions")
    assert recovered.differ == 0
    assert recovered.compared > 0
    assert found == {
        "live_cells": Compared(decided * len(sides.names), 0),
        "live_decisions": Compared(decided, 0),
        "split_cells": Compared(decided * len(sides.windowed), 0),
        "split_decisions": Compared(decided, 0),
    }


def test_every_windowed_feature_is_known_somewhere(sides: parity.Sides) -> None:
    """Cells that are all unknown would agree without saying anything."""
    known = (sides.replay.cells != NONE).any(axis=0)
    assert [name for name, one in zip(sides.names, known, strict=True) if not one] == []


@pytest.mark.parametrize("side", ["live", "split"])
def test_one_wrong_cell_is_one_difference(sides: parity.Sides, side: str) -> None:
    cells = getattr(sides, side).cells
    event, feature = EVENTS // 2, sides.windowed[3]
    cells[event, feature] += 1
    found = {name: one.differ for name, one in parity.comparisons(sides).items() if one.differ}
    cells[event, feature] -= 1
    assert found == {f"{side}_cells": 1}


@pytest.mark.parametrize("side", ["live", "split"])
def test_one_wrong_decision_is_one_difference(sides: parity.Sides, side: str) -> None:
    decisions = getattr(sides, side).decisions
    decisions[7, 2] ^= 1
    found = {name: one.differ for name, one in parity.comparisons(sides).items() if one.differ}
    decisions[7, 2] ^= 1
    assert found == {f"{side}_decisions": 1}


def test_an_event_that_one_side_lacks_is_a_difference(sides: parity.Sides) -> None:
    cells = sides.replay.cells
    assert parity.compare(cells, cells[:-1]) == Compared(cells.size, len(sides.names))


def test_the_sql_of_the_definitions_agrees(folder: Path, sides: parity.Sides) -> None:
    pytest.importorskip("duckdb")
    oracle = Oracle(folder / "events.jsonl", EVENTS)
    cells = oracle.events * len(windowed())
    assert parity.against(oracle, sides) == Compared(cells, 0)
    sides.replay.cells[EVENTS // 2, sides.windowed[3]] += 1
    found = parity.against(oracle, sides)
    sides.replay.cells[EVENTS // 2, sides.windowed[3]] -= 1
    assert found == Compared(cells, 1)


def test_the_same_events_are_made_every_time(tmp_path: Path, folder: Path, sides: parity.Sides) -> None:
    write_events(tmp_path / "again.jsonl", EVENTS)
    assert (tmp_path / "again.jsonl").read_bytes() == (folder / "events.jsonl").read_bytes()


def test_it_reports() -> None:
    command = [
        sys.executable,
        parity.__file__,
        "--events",
        "2000",
        "--kills",
        "1",
        "--keys",
        "7000",
        "--json",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout)
    assert (result["differences"], result["kills"], result["windowed_features"]) == (0, 1, 105)
    assert result["keys_measured"] >= 7_000
    assert {"cost_ratio_tenfold", "ten_million_keys_gib", "machine", "versions", "command"} <= set(result)


def test_too_few_events_are_refused_in_words() -> None:
    command = [sys.executable, parity.__file__, "--events", "1999", "--kills", "2"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 2
    assert "--events must be at least 1000 for each kill" in ran.stderr
