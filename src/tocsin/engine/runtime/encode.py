"""From events to registers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

import numpy as np

from tocsin.engine.events import Event
from tocsin.engine.hashing import NONE, hash_text
from tocsin.engine.kernel.marks import FOR_EVER
from tocsin.engine.kernel.tables import mix
from tocsin.engine.language.nodes import Get
from tocsin.engine.language.texts import match_text
from tocsin.engine.plan.plan import Plan, mark_hash, mark_name
from tocsin.engine.plan.registers import Matched

FULL_CONFIDENCE = 100
_hash = lru_cache(maxsize=200_000)(hash_text)
_match = lru_cache(maxsize=20_000)(match_text)


class Encoder:
    """Fills the input registers for one plan."""

    def __init__(self, plan: Plan) -> None:
        self._types = plan.types
        self._marking = {name for name, event in plan.rules.schema.events.items() if event.role == "marks"}
        inputs = [(what, register) for what, register in plan.registers.ints.items() if _is_input(what)]
        self.int_registers = np.array([register for _, register in inputs], np.int64)
        slots = {what: slot for slot, (what, _) in enumerate(inputs)}
        self._blank = [NONE] * len(inputs)
        self._entities = [
            (attrgetter(what.name), slot)
            for what, slot in slots.items()
            if isinstance(what, Get) and what.kind == "entity"
        ]
        self._fields: dict[str, int] = {
            what.name: slot for what, slot in slots.items() if isinstance(what, Get) and what.kind == "field"
        }
        self._region = [
            slot for what, slot in slots.items() if isinstance(what, Get) and what.kind == "region"
        ]
        self._matches: dict[str, list[tuple[Matched, int]]] = {}
        for what, slot in slots.items():
            if isinstance(what, Matched):
                self._matches.setdefault(f"{what.source.kind}:{what.source.name}", []).append((what, slot))
        numbers = [
            (what, register)
            for what, register in plan.registers.numbers.items()
            if isinstance(what, Get) and what.kind != "feature"
        ]
        self._numbers = {"lat": 0, "lon": 1} | {what.name: 2 + n for n, (what, _) in enumerate(numbers)}
        self.number_registers = np.array([0, 1, *(register for _, register in numbers)], np.int64)
        self._blank_numbers = [float("nan")] * len(self._numbers)

    def type_of(self, event: Event) -> int:
        """The code of its type; 0 for one that nothing speaks of."""
        return self._types.get(event.type, 0)

    def fill(self, events: Sequence[Event], ints: np.ndarray, numbers: np.ndarray) -> None:
        """The events into lanes 0, 1, 2…"""
        rows = [self._row(event) for event in events]
        n = len(rows)
        if len(self.int_registers):
            ints[self.int_registers, :n] = np.array([row[0] for row in rows], np.int64).T
        numbers[self.number_registers, :n] = np.array([row[1] for row in rows], np.float64).T

    def _row(self, event: Event) -> tuple[list[int], list[float]]:
        ints, numbers = self._blank.copy(), self._blank_numbers.copy()
        entities, matches = event.entities, self._matches
        for read, slot in self._entities:
            if (id_ := read(entities)) is not None:
                ints[slot] = _hash(id_)
        for name, value in event.fields.items():
            if value is None:
                continue
            if (slot_ := self._fields.get(name)) is not None:
                ints[slot_] = _hash(value) if isinstance(value, str) else int(value)
            if (slot_ := self._numbers.get(name)) is not None:
                numbers[slot_] = float(value)
            if matches and (asked := matches.get(f"field:{name}")) is not None:
                _fill_matches(ints, asked, value)
        if event.region is not None:
            for slot in self._region:
                ints[slot] = _hash(event.region)
            if (asked := matches.get("region:region")) is not None:
                _fill_matches(ints, asked, event.region)
        if matches:
            for key, asked in matches.items():
                if key.startswith("entity:"):
                    _fill_matches(ints, asked, getattr(entities, key[7:]))
        return ints, numbers

    def marks(self, events: Sequence[Event], keys: Any, untils: Any, confidences: Any) -> None:
        """What each event marks: its key (0: nothing), until when, how sure."""
        keys[: len(events)] = 0
        for lane, event in enumerate(events):
            if event.type in self._marking:
                keys[lane], untils[lane], confidences[lane] = _mark(event)


def _is_input(what: object) -> bool:
    return isinstance(what, Matched) or (isinstance(what, Get) and what.kind != "feature")


def _fill_matches(ints: list[int], asked: list[tuple[Matched, int]], value: object) -> None:
    if not isinstance(value, str):
        return
    for what, slot in asked:
        ints[slot] = 1 if _match(what.how, value, what.words) is not None else 0


def _mark(event: Event) -> tuple[int, int, int]:
    """Key, until and confidence of a mark; the key is 0 when the event says too little."""
    fields = event.fields
    removed = event.type.endswith(".removed")
    until, confidence = fields.get("until"), fields.get("confidence")
    end = 0 if removed else until if isinstance(until, int) else int(FOR_EVER)
    sure = confidence if isinstance(confidence, int) else FULL_CONFIDENCE
    if event.type.startswith("list."):
        name, value = fields.get("list"), fields.get("value")
        if not isinstance(name, str) or not isinstance(value, str):
            return 0, 0, 0
        return _key(mark_name(True, name, ""), value), end, sure
    label = fields.get("label")
    bearers = [(kind, id_) for kind in event.entities.__struct_fields__
               if (id_ := getattr(event.entities, kind)) is not None]  # fmt: skip
    if not isinstance(label, str) or len(bearers) != 1:
        return 0, 0, 0
    kind, id_ = bearers[0]
    return _key(mark_name(False, label, kind), id_), end, sure


def _key(name: str, bearer: str) -> int:
    return int(mix(np.int64(mark_hash(name)), np.int64(_hash(bearer)))) or 1
