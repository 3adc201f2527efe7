"""How fast the engine runs through history, beside other rule engines on the same rules.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.engine [--events 1000000] [--json]

1,000,000 events in columns, as a backtest reads them; 60 windowed features over 7 kinds of entities, 200
rules, lists, labels and links on; one thread; processor time, the best of three passes that each begin
empty. The others get ready values and keep no windows. `times_ezrules` is theirs without windows against
ours with 60; `times_ezrules_rules_only` is rules against rules.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

if __package__ in (None, ""):  # run as a file, not with -m
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import engine_peers
from benchmarks.engine_workload import FEATURES, FIELDS, RULES, history, rule_set, rule_text
from benchmarks.report import show
from tocsin.engine.engine import Engine
from tocsin.engine.hashing import NONE
from tocsin.engine.kernel.batch import PROGRAM, run_batch
from tocsin.engine.kernel.program import LANES
from tocsin.engine.language.nodes import Get
from tocsin.engine.language.ruleset import load
from tocsin.engine.runtime import history as past

MEMORY = 16 * 2**30
SAMPLE = 2_000
PASSES = 3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rules, plain = rule_set()
    warm = Engine(rules, MEMORY)
    past.run(warm, history(warm.plan, 5_000))

    engine = Engine(rules, MEMORY)
    events = history(engine.plan, arguments.events)
    passes = []
    for _ in range(PASSES):  # the first also waits for the machine to find large pages for its memory
        engine = Engine(rules, MEMORY)
        started = time.process_time()
        outcomes = past.run(engine, events)
        passes.append((time.process_time() - started) / len(events) * 1e6)
    replay_us = min(passes)
    rules_us = _rules_only(engine)
    sizes = engine.sizes()
    rows = _rows(engine, events)
    peers, missing = _peers(plain, rows, engine)
    reloads = _reload(engine)
    result = {
        "events": len(events),
        "features": FEATURES,
        "rules": RULES,
        "share_not_allowed": round(float((outcomes.verdicts > 0).mean()), 4),
        "replay_events_per_second": round(1e6 / replay_us),
        "replay_each_pass": [round(1e6 / us) for us in passes],
        "rules_only_us": round(rules_us, 3),
        "ns_per_rule": round(rules_us / RULES * 1e3, 2),
        "reload_ms": round(min(reloads), 1),
        "reload_ms_worst": round(max(reloads), 1),
        "keys": sizes["rows"],
        "bytes_per_key": round(sizes["bytes"] / sizes["rows"]),
        **{f"{name}_us": round(us, 2) for name, us in peers.items()},
        "not_installed": missing,
    }
    if "ezrules" in peers:
        result["times_ezrules"] = round(peers["ezrules"] / replay_us, 1)
        result["times_ezrules_rules_only"] = round(peers["ezrules"] / rules_us, 1)
    if "zen" in peers:
        result["times_zen"] = round(peers["zen"] / rules_us, 1)
    result["times_python"] = round(peers["python"] / rules_us, 1)
    table = [("what", "figure"), *((name, str(value)) for name, value in result.items())]
    show(result, table, arguments.json)


def _rules_only(engine: Engine, rounds: int = 300) -> float:
    """The last program of the plan, over the last batch again and again: µs an event."""
    bench, plan = engine.bench, engine.plan
    stage = plan.stages[-1]
    if stage[0] != PROGRAM:
        raise RuntimeError("the plan does not end with its rules")
    rules = bench.batch._replace(stages=np.ascontiguousarray(stage[None]))
    run_batch(rules, LANES)
    started = time.process_time()
    for _ in range(rounds):
        run_batch(rules, LANES)
    return (time.process_time() - started) / rounds / LANES * 1e6


def _reload(engine: Engine, rounds: int = 20) -> list[float]:
    """Milliseconds from the text of a changed rule set to its being in force, a few times over."""
    gc.collect()
    gc.freeze()  # as the host does once it is up
    times = []
    for number in range(rounds):
        text = rule_text()[0].replace(">= 8", f">= {9 + number}")
        started = time.perf_counter()
        engine.switch(load({"workload.rules": text}))
        times.append((time.perf_counter() - started) * 1e3)
    return times


def _rows(engine: Engine, events: past.History) -> list[engine_peers.Row]:
    """The last batches as dictionaries, with the values the kernel worked out."""
    names = {code: name for name, code in engine.plan.types.items()}
    features = [name for name in engine.rules.features if name.startswith("f")]
    whole = engine.plan.registers.ints
    registers = {name: whole[Get("feature", name, "int")] for name in features}
    registers |= {
        name: whole[Get("field", name, "int")] for name in FIELDS if Get("field", name, "int") in whole
    }
    bench, lanes = engine.bench, len(events) % LANES or LANES
    rows = []
    for lane in range(min(lanes, SAMPLE)):
        values = {name: int(bench.ints[register, lane]) for name, register in registers.items()}
        row: engine_peers.Row = {name: None if value == NONE else value for name, value in values.items()}
        row["type"] = names[int(bench.types[lane])]
        rows.append(row)
    return rows


def _peers(
    plain: list[dict[str, Any]], rows: list[engine_peers.Row], engine: Engine
) -> tuple[dict[str, float], list[str]]:
    """µs an event of the others, those that are installed; they must agree with one another first."""
    makers = {"python": engine_peers.plain_python, "ezrules": engine_peers.ezrules, "zen": engine_peers.zen}
    found: dict[str, float] = {}
    missing: list[str] = []
    judges = {}
    for name, make in makers.items():
        try:
            judges[name] = make(plain)
        except ImportError:
            missing.append(name)
    expected = [judges["python"](row) for row in rows]
    for name, judge in judges.items():
        if [judge(row) for row in rows] != expected:
            raise RuntimeError(f"{name} does not answer as the others do")
        found[name] = engine_peers.microseconds(judge, rows)
    return found, missing


if __name__ == "__main__":
    main()
