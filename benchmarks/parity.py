"""Whether every way through the engine gives the same answers, cell by cell, and what a long history costs.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.parity [--events 1000000] [--oracle-events N] [--kills 8] [--keys 10000000] [--json]

A cell is one feature before one event. Compared with a replay in columns of the same events: live decisions,
batch by batch through a log, by a process that is killed at random points and recovers; a replay split over
two processes by kind of entity and hash of the key; and DuckDB, whose SQL is written from the definitions
alone. `differences` counts every cell and every decision that is not the same. Links, labels and lists are
no windowed features: they are compared between live and replay only.

`cost_ratio_tenfold`: processor time an event late in a history ten times as long, against early, with the
same people. `ten_million_keys_gib`: memory of the engine, scaled from `keys_measured` when those are fewer.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a file, not with -m
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import parity_cells, parity_cost, parity_live, parity_replay, parity_sql, parity_workload
from benchmarks.parity_cells import Cells, Compared, compare, compare_decisions
from benchmarks.parity_live import Lived
from benchmarks.report import show
from tocsin.engine.plan.plan import make_plan

LEAST_EVENTS = 1_000  # for each kill: a few batches


@dataclass(frozen=True)
class Side:
    """One way through the engine: cells by event and feature, and decisions by event."""

    cells: Cells
    decisions: Cells


@dataclass(frozen=True)
class Sides:
    """All of them. ``windowed``: the columns that the split replay and DuckDB have too."""

    names: Sequence[str]
    windowed: Sequence[int]
    replay: Side
    live: Side
    split: Side
    lived: Lived


def main() -> None:
    """Compare, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--oracle-events", type=int, help="lines that DuckDB reads; all when not given")
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--keys", type=int, default=parity_cost.TEN_MILLION)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if not LEAST_EVENTS * max(arguments.kills, 1) <= arguments.events < parity_sql.SEQ:
        parser.error(f"--events must be at least {LEAST_EVENTS} for each kill, and below {parity_sql.SEQ}.")
    lines = arguments.oracle_events or arguments.events
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tocsin-parity-") as scratch:
        folder = Path(scratch)
        sides = run(folder, arguments.events, arguments.kills)
        found = comparisons(sides)
        try:
            oracle = parity_sql.Oracle(folder / "events.jsonl", lines)
            found["duckdb_cells"] = against(oracle, sides)
        except ImportError:
            oracle = None
    gib, keys = parity_cost.gib_of_ten_million_keys(arguments.keys)
    result: dict[str, Any] = {
        "events": arguments.events,
        "decided": len(sides.replay.decisions),
        "not_allowed": int((sides.replay.decisions[:, 1] > 0).sum()),
        "features": len(sides.names),
        "windowed_features": len(sides.windowed),
        "rules": parity_workload.RULES,
        "kills": sides.lived.kills,
        "oracle_events": oracle.events if oracle else 0,
        "not_installed": [] if oracle else ["duckdb"],
        **{name: vars(one) for name, one in found.items()},
        "differences": sum(one.differ for one in found.values()),
        "cost_ratio_tenfold": round(parity_cost.cost_ratio_tenfold(arguments.events), 2),
        "ten_million_keys_gib": round(gib, 2),
        "keys_measured": keys,
        "seconds": round(time.monotonic() - started),
    }
    show(
        result, [("what", "figure"), *((name, str(value)) for name, value in result.items())], arguments.json
    )


def run(folder: Path, events: int, kills: int) -> Sides:
    """Take the same events through the engine in every way; files go to an empty folder."""
    parity_workload.write_events(folder / "events.jsonl", events)
    plan = make_plan(parity_workload.rule_set(), read_all=True)
    names = list(plan.rules.features)
    windowed = [names.index(name) for name in parity_workload.windowed_names()]
    history = parity_replay.encoded(folder / "events.jsonl", plan)
    replay = Side(*parity_replay.replayed(history, names))

    parity_cells.unknown(folder / "live.npy", events, len(names))
    lived = parity_live.live(folder, events, kills)
    logged = parity_live.logged(folder)
    live = Side(parity_cells.opened(folder / "live.npy")[: len(logged)], logged)

    parity_replay.save(folder, history)
    cells = parity_cells.unknown(folder / "split.npy", len(replay.cells), len(names))
    halves = range(parity_replay.HALVES)
    with ProcessPoolExecutor(len(halves), mp.get_context("spawn")) as pool:
        list(pool.map(parity_replay.run_half, repeat(folder), halves))
    known = [names[column] for column in windowed]
    decisions = parity_replay.judged(history, plan, known, cells[:, windowed], replay.decisions[:, 0])
    return Sides(names, windowed, replay, live, Side(cells, decisions), lived)


def comparisons(sides: Sides) -> dict[str, Compared]:
    """What was compared with the replay. `recovered_decisions`: by each new process, from the log, with what
    was answered before."""
    windowed = sides.windowed
    starts = sides.lived.starts
    return {
        "live_cells": compare(sides.replay.cells, sides.live.cells),
        "live_decisions": compare_decisions(sides.replay.decisions, sides.live.decisions),
        "recovered_decisions": Compared(
            sum(start["replayed"] for start in starts), sum(start["differing"] for start in starts)
        ),
        "split_cells": compare(sides.replay.cells[:, windowed], sides.split.cells[:, windowed]),
        "split_decisions": compare_decisions(sides.replay.decisions, sides.split.decisions),
    }


def against(oracle: parity_sql.Oracle, sides: Sides) -> Compared:
    """DuckDB's cells with the replay's, one feature after the other."""
    compared = differ = 0
    for feature in parity_workload.windowed():
        column = sides.names.index(feature.name)
        one = compare(sides.replay.cells[: oracle.events, [column]], oracle.cells(feature)[:, None])
        compared, differ = compared + one.compared, differ + one.differ
    return Compared(compared, differ)


if __name__ == "__main__":
    main()
