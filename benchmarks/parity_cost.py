"""What a long history and many keys cost, on the workload of `benchmarks.engine`."""

from __future__ import annotations

import dataclasses
import time

import numpy as np

from benchmarks.engine_workload import KINDS, history, rule_set
from tocsin.engine.engine import Engine
from tocsin.engine.hashing import hash_text
from tocsin.engine.language.nodes import Get
from tocsin.engine.plan.plan import Plan
from tocsin.engine.runtime import history as past
from tocsin.engine.runtime.history import History

MEMORY = 16 * 2**30
POPULATION = 0.05  # of the usual: everybody is known before the first measurement begins
SPAN = 300 * 86_400_000  # ten of the longest window
ROUNDS = 3
TEN_MILLION = 10_000_000
_CHUNK = 100_000


def cost_ratio_tenfold(events: int) -> float:
    """Processor time an event in the last twentieth of a history, against that in the second half of its
    first tenth, where the history was a tenth as long; the same people take part throughout. The least of
    a few rounds on either side."""
    rules, _ = rule_set()
    early, late = [], []
    for _ in range(ROUNDS):
        engine = Engine(rules, MEMORY)
        whole = history(engine.plan, events, population=POPULATION, span=SPAN)
        tenth, part = events // 10, events // 20
        past.run(engine, _part(whole, 0, tenth - part))
        early.append(_seconds(engine, _part(whole, tenth - part, tenth)))
        past.run(engine, _part(whole, tenth, events - part))
        late.append(_seconds(engine, _part(whole, events - part, events)))
    return min(late) / min(early)


def gib_of_ten_million_keys(keys: int) -> tuple[float, int]:
    """GiB of the engine's memory with ten million keys, each seen once, and how many keys there really were:
    with fewer than ten million, what they took is scaled."""
    rules, _ = rule_set()
    engine = Engine(rules, MEMORY)
    number = 0
    while (sizes := engine.sizes())["rows"] < keys:
        count = min(_CHUNK, -(-(keys - sizes["rows"]) // len(KINDS)))
        past.run(engine, _strangers(engine.plan, number, count))
        number += count
    return sizes["bytes"] / 2**30 * TEN_MILLION / sizes["rows"], sizes["rows"]


def _strangers(plan: Plan, first: int, count: int) -> History:
    """Events whose entities were never seen before."""
    made = history(plan, count)
    numbers = np.arange(first + 1, first + 1 + count) * np.int64(-7046029254386353131)
    for kind in KINDS:
        register = plan.registers.ints[Get("entity", kind, "id")]
        made.ints[np.flatnonzero(made.inputs == register)[0]] = numbers ^ np.int64(hash_text(kind))
    return dataclasses.replace(made, ids=numbers)


def _part(whole: History, start: int, stop: int) -> History:
    """Some of the events of a history."""
    return dataclasses.replace(
        whole,
        **{
            field.name: getattr(whole, field.name)[..., start:stop]
            for field in dataclasses.fields(History)
            if not field.name.endswith("inputs")
        },
    )


def _seconds(engine: Engine, events: History) -> float:
    started = time.process_time()
    past.run(engine, events)
    return time.process_time() - started
