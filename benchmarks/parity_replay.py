"""The same events as history in columns: at once, and split over two processes.

Split means: each process knows, of every kind of entity, only those whose hash falls into its half. An
entity's features depend only on events that name it, so the cells of both together are those of the whole.
The rules then judge the joined cells.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks import parity_cells, parity_workload
from benchmarks.engine_workload import KINDS
from benchmarks.parity_cells import Cells, Reader
from tocsin.engine.engine import Engine
from tocsin.engine.events import parse_event
from tocsin.engine.hashing import NONE
from tocsin.engine.language.nodes import Get
from tocsin.engine.plan.plan import Plan, make_plan
from tocsin.engine.runtime import history as past
from tocsin.engine.runtime.encode import Encoder
from tocsin.engine.runtime.history import History

MEMORY = 16 * 2**30
HALVES = 2
_CHUNK = 50_000


def encoded(lines: Path, plan: Plan) -> History:
    """All events of a file, for a plan."""
    parts = []
    with lines.open("rb") as file:
        while chunk := [parse_event(line) for line in islice(file, _CHUNK)]:
            parts.append(past.encode(plan, chunk))
    joined = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts], axis=-1)
        for field in dataclasses.fields(History)
        if not field.name.endswith("inputs")
    }
    return History(**joined, inputs=parts[0].inputs, number_inputs=parts[0].number_inputs)


def replayed(history: History, names: Sequence[str]) -> tuple[Cells, Cells]:
    """Cells and decisions of one run, every feature read on every event."""
    engine = Engine(parity_workload.rule_set(), MEMORY, read_all=True)
    return _watched(engine, history, names)


def judged(history: History, plan: Plan, names: Sequence[str], cells: Cells, fresh: Cells) -> Cells:
    """Decisions over cells that are there already. ``plan``: what the history was encoded for; ``fresh``:
    numbers of the events that the cells are of."""
    rules = parity_workload.rules_over_values(plan.rules)
    engine = Engine(rules, MEMORY, read_all=True)
    known = narrowed(history, plan, engine.plan)
    for number, name in enumerate(names):
        type_ = plan.rules.features[name].type
        what = Get("field", name, type_)
        if type_ == "number":
            row = _place(known.number_inputs, engine.plan.registers.numbers[what])
            known.numbers[row, fresh] = parity_cells.numbers(cells[:, number])
        else:
            known.ints[_place(known.inputs, engine.plan.registers.ints[what]), fresh] = cells[:, number]
    return _watched(engine, known, [])[1]


def run_half(folder: Path, half: int) -> None:
    """Work out the cells of one half of the entities into the file of cells. For a process of its own."""
    history, cells = load(folder), parity_cells.opened(folder / "split.npy")
    plan = make_plan(parity_workload.rule_set(), read_all=True)
    names = list(plan.rules.features)
    for kind in KINDS:
        rules = parity_workload.features_of(kind)
        engine = Engine(rules, MEMORY, read_all=True)
        mine = narrowed(history, plan, engine.plan)
        key = mine.ints[_place(mine.inputs, engine.plan.registers.ints[Get("entity", kind, "id")])]
        key[key & (HALVES - 1) != half] = NONE
        known, decisions = _watched(engine, mine, list(rules.features))
        rows = np.flatnonzero(key[decisions[:, 0]] != NONE)
        columns = [names.index(name) for name in rules.features]
        cells[np.ix_(rows, columns)] = known[rows]


def save(folder: Path, history: History) -> None:
    """Lay a history down for other processes."""
    for field in dataclasses.fields(History):
        np.save(folder / f"history.{field.name}.npy", getattr(history, field.name))


def load(folder: Path) -> History:
    """The history that was laid down."""
    return History(
        **{
            field.name: np.load(folder / f"history.{field.name}.npy", mmap_mode="r")
            for field in dataclasses.fields(History)
        }
    )


def narrowed(history: History, plan: Plan, to: Plan) -> History:
    """A history for another plan: its inputs that the first plan has too, the others unknown."""
    encoder, n = Encoder(to), len(history)
    ints = np.full((len(encoder.int_registers), n), NONE, np.int64)
    for what, register in to.registers.ints.items():
        if what in plan.registers.ints and register in encoder.int_registers:
            source = plan.registers.ints[what]
            if source in history.inputs:
                ints[_place(encoder.int_registers, register)] = history.ints[_place(history.inputs, source)]
    numbers = np.full((len(encoder.number_registers), n), np.nan)
    numbers[:2] = history.numbers[:2]  # latitude and longitude come first, whatever the plan
    return dataclasses.replace(
        history,
        ints=ints,
        numbers=numbers,
        inputs=encoder.int_registers,
        number_inputs=encoder.number_registers,
    )


def _place(registers: Cells, register: int) -> int:
    """The row of a register among the inputs."""
    return int(np.flatnonzero(registers == register)[0])


def _watched(engine: Engine, history: History, names: Sequence[str]) -> tuple[Cells, Cells]:
    """Run a history; cells and decisions of its events, those that were seen before left out."""
    reader = Reader(engine, names)
    cells = np.empty((len(history), len(names)), np.int64)
    decisions = np.empty((len(history), len(parity_cells.DECISION)), np.int64)
    done = 0

    def watch(_start: int, lanes: int, places: Cells) -> None:
        nonlocal done
        cells[done : done + lanes] = reader.cells(lanes)
        decisions[done : done + lanes] = reader.decisions(lanes, places)
        done += lanes

    past.run(engine, history, watch)
    return cells[:done], decisions[:done]
