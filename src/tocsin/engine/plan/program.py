"""Compiling expressions to operations of the vector machine.

"Not" is pushed down to the comparisons, and each comparison is told what to answer for an unknown: false
where a rule must be sure to fire, true where it must be sure not to. So "and" and "or" never meet an unknown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from tocsin.engine.hashing import hash_text
from tocsin.engine.kernel import program as op
from tocsin.engine.kernel.counters import NONE
from tocsin.engine.language.nodes import (
    AllOf,
    AnyOf,
    Calculate,
    Compare,
    Constant,
    Far,
    Get,
    Known,
    ListOf,
    Match,
    Node,
    Not,
)
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.plan.registers import CLOCK, Matched, Registers, matched

_ORDER = (">", ">=", "<", "<=", "==", "!=")
_OPPOSITE = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "==": "!=", "!=": "=="}


class Compiler:
    """Collects operations, constants, sets and the table of types."""

    def __init__(self, rules: RuleSet, registers: Registers, types: dict[str, int]) -> None:
        self.ops: list[tuple[int, ...]] = []
        self.numbers: list[float] = []
        self.sets: list[int] = []
        self.type_rows: dict[frozenset[str], int] = {}
        self.masks: dict[frozenset[str], int] = {}  # types -> bool register
        self._kept: dict[object, int] = {}
        self._set_places: dict[tuple[str, ...], tuple[int, int]] = {}
        self._rules = rules
        self._registers = registers
        self._types = types
        self._next_bool = 0
        self.bools = 0  # most in use at once

    def new_bool(self) -> int:
        """A register that nothing else uses."""
        self._next_bool += 1
        self.bools = max(self.bools, self._next_bool)
        return self._next_bool - 1

    @contextmanager
    def scratch(self) -> Iterator[None]:
        """Registers made inside are free again afterwards: few registers stay near the processor."""
        first = self._next_bool
        yield
        self._next_bool = first

    def type_row(self, names: frozenset[str]) -> int:
        """The row of the table of types for a set of event types."""
        return self.type_rows.setdefault(names, len(self.type_rows))

    def type_mask(self, names: frozenset[str]) -> int:
        """A bool register: the event is of one of these types. Emitted once."""
        if names not in self.masks:
            self.masks[names] = self.new_bool()
            self._emit(op.TYPE_IN, self.masks[names], self.type_row(names))
        return self.masks[names]

    def condition(self, node: Node, to: int, *, unknown: int, negate: bool = False) -> None:
        """Emit what leaves in ``to`` whether the node holds. ``unknown``: what an unknown counts as."""
        match node:
            case AllOf(parts) | AnyOf(parts):
                together = op.AND if isinstance(node, AllOf) is not negate else op.OR
                self.condition(parts[0], to, unknown=unknown, negate=negate)
                spare = self.new_bool()
                for part in parts[1:]:
                    self.condition(part, spare, unknown=unknown, negate=negate)
                    self._emit(together, to, spare)
            case Not(part):
                self.condition(part, to, unknown=unknown, negate=not negate)
            case Known(part):
                kind, register = self.value(part)
                self._emit(op.KNOWN_INT if kind == "int" else op.KNOWN_NUM, to, register)
                if negate:
                    self._emit(op.NOT, to, to)
            case Match():
                self._match(node, to, unknown, negate)
            case Compare():
                self._compare(node, to, unknown, negate)
            case Get() | Constant():
                self._is_one(self.value(node)[1], to, unknown, negate)
            case _:
                raise TypeError(f"{node} is no condition")

    def value(self, node: Node) -> tuple[str, int]:
        """("int" or "number", register) that will hold the node's value."""
        match node:
            case Get(_, _, type_):
                if type_ == "number":
                    return "number", self._registers.number(node)
                return "int", self._registers.whole(node)
            case Constant(value, "int" | "bool"):
                return "int", self._int_constant(int(value))
            case Constant(value, "number"):
                return "number", self._number_constant(float(value))
            case Calculate(sign, a, b, "int"):
                return "int", self._whole(op.ADD_INT if sign == "+" else op.SUB_INT, node, a, b)
            case Calculate(sign, a, b):
                return "number", self._number(sign, node, a, b)
            case Far(parts):
                to = self._registers.whole(node)
                places = [self._as_number(part) for part in parts]
                self._once(node, (op.DISTANCE, to, *places))
                return "int", to
        raise TypeError(f"{node} has no value")

    def ratio(self, top: int, bottom: int, numbers: Sequence[int], to: int) -> None:
        """scale * (top + prior) / ((bottom + prior) * weight)."""
        self._emit(op.RATIO, to, top, bottom, len(self.sets))
        self.sets += numbers

    def divide(self, top: int, bottom: int, to: int) -> None:
        """The mean: a sum over a count, as a number; unknown over none."""
        a, b = self._registers.number(("num", top)), self._registers.number(("num", bottom))
        self._emit(op.TO_NUM, a, top)
        self._emit(op.TO_NUM, b, bottom)
        self._emit(op.DIV_NUM, to, a, b)

    def both(self, to: int, other: int) -> None:
        """to and other."""
        self._emit(op.AND, to, other)

    def rule(self, number: int, condition: int, rank: int) -> None:
        """The rule fires where the condition holds."""
        self._emit(op.RULE, number, condition, rank)

    def first_is_chosen(self, entities: Sequence[Get], share: int, to: int) -> None:
        """The first of the entities that the event names is among ``share`` of 10,000, by a stable hash. None
        of them named: false."""
        *others, last = entities
        self._emit(op.SHARE, to, self._registers.whole(last), share)
        unnamed, chosen = self.new_bool(), self.new_bool()
        for entity in reversed(others):
            register = self._registers.whole(entity)
            self._emit(op.KNOWN_INT, unnamed, register)
            self._emit(op.NOT, unnamed, unnamed)
            self._emit(op.AND, to, unnamed)
            self._emit(op.SHARE, chosen, register, share)
            self._emit(op.OR, to, chosen)

    def is_true(self, what: object, to: int) -> None:
        """The bool that something worked out beforehand stands for."""
        self._is_one(self._registers.whole(what), to, 0, False)

    def _emit(self, *parts: int) -> None:
        self.ops.append((*parts, *(0 for _ in range(op.OP_COLUMNS - len(parts)))))

    def _once(self, key: object, operation: tuple[int, ...]) -> None:
        """Emit what works out a value, unless it was emitted before."""
        if key not in self._kept:
            self._kept[key] = 1
            self._emit(*operation)

    def _is_one(self, register: int, to: int, unknown: int, negate: bool) -> None:
        how = op.NE if negate else op.EQ
        self._emit(op.INT_CONST + how, to, register, 1, 0, unknown)

    def _compare(self, node: Compare, to: int, unknown: int, negate: bool) -> None:
        sign = _OPPOSITE[node.op] if negate else node.op
        how = _ORDER.index(sign)
        a, b = node.a, node.b
        if a.type in ("text", "id"):
            left = self.value(a)[1]
            if isinstance(b, Constant):
                self._emit(op.INT_CONST + how, to, left, hash_text(str(b.value)), 0, unknown)
            else:
                self._emit(op.INT_INT + how, to, left, self.value(b)[1], 0, unknown)
        elif a.type == b.type == "int":
            left = self.value(a)[1]
            if isinstance(b, Constant):
                self._emit(op.INT_CONST + how, to, left, int(b.value), 0, unknown)
            else:
                self._emit(op.INT_INT + how, to, left, self.value(b)[1], 0, unknown)
        else:
            number = self._as_number(a)
            if isinstance(b, Constant):
                self._emit(op.NUM_CONST + how, to, number, self._place(float(b.value)), 0, unknown)
            else:
                self._emit(op.NUM_NUM + how, to, number, self._as_number(b), 0, unknown)

    def _match(self, node: Match, to: int, unknown: int, negate: bool) -> None:
        """One leaf for each day that entries of the list hold until."""
        if not isinstance(node.part, Get):
            raise TypeError("only values of the event are matched")
        if node.how in ("link", "phone"):
            self._is_one(self._registers.whole(Matched(node.how, node.part)), to, unknown, negate)
            return
        list_ = self._rules.lists[node.list]
        untils = sorted({entry.until for entry in list_.entries}) or [""]
        for number, until in enumerate(untils):
            target = to if number == 0 else self.new_bool()
            self._match_until(node.part, list_, until, target, unknown, negate)
            if number:
                self._emit(op.AND if negate else op.OR, to, target)

    def _match_until(self, part: Get, list_: ListOf, until: str, to: int, unknown: int, negate: bool) -> None:
        if list_.kind == "values":
            values = tuple(entry.value for entry in list_.entries if entry.until == until)
            self._in_set(values, part, to, unknown, negate)
        else:
            how = "says" if list_.kind == "phrases" else list_.kind
            self._is_one(self._registers.whole(matched(how, part, list_, until)), to, unknown, negate)
        if until:
            end = dt.datetime.combine(dt.date.fromisoformat(until), dt.time(), dt.UTC)
            holds = self.new_bool()
            how_late = op.GE if negate else op.LT
            self._emit(op.INT_CONST + how_late, holds, CLOCK, int(end.timestamp() * 1000), 0, 0)
            self._emit(op.OR if negate else op.AND, to, holds)

    def _in_set(self, values: tuple[str, ...], part: Get, to: int, unknown: int, negate: bool) -> None:
        if values not in self._set_places:
            self._set_places[values] = self._add_set(values)
        start, mask = self._set_places[values]
        register = self.value(part)[1]
        self._emit(op.IN_SET, to, register, start, mask, 1 - unknown if negate else unknown)
        if negate:
            self._emit(op.NOT, to, to)

    def _add_set(self, values: tuple[str, ...]) -> tuple[int, int]:
        """A hash table of the values among the sets: where it starts, and its mask."""
        size = 8
        while size < 2 * len(values) + 2:
            size *= 2
        table = [int(NONE)] * size
        for value in values:
            hashed = hash_text(value)
            slot = (hashed ^ (hashed >> 32)) & (size - 1)
            while table[slot] not in (int(NONE), hashed):
                slot = (slot + 1) & (size - 1)
            table[slot] = hashed
        start = len(self.sets)
        self.sets += table
        return start, size - 1

    def _whole(self, operation: int, node: Node, a: Node, b: Node) -> int:
        to = self._registers.whole(node)
        left, right = self.value(a)[1], self.value(b)[1]
        self._once(node, (operation, to, left, right))
        return to

    def _number(self, sign: str, node: Node, a: Node, b: Node) -> int:
        to = self._registers.number(node)
        left, right = self._as_number(a), self._as_number(b)
        operation = {"+": op.ADD_NUM, "-": op.SUB_NUM, "*": op.MUL_NUM, "/": op.DIV_NUM}[sign]
        self._once(node, (operation, to, left, right))
        return to

    def _as_number(self, node: Node) -> int:
        if isinstance(node, Constant):
            return self._number_constant(float(node.value))
        kind, register = self.value(node)
        if kind == "number":
            return register
        to = self._registers.number(("num", register))
        self._once(("num", node), (op.TO_NUM, to, register))
        return to

    def _place(self, value: float) -> int:
        if value not in self.numbers:
            self.numbers.append(value)
        return self.numbers.index(value)

    def _number_constant(self, value: float) -> int:
        to = self._registers.number(("constant", value))
        self._once(("constant", value), (op.NUM, to, self._place(value)))
        return to

    def _int_constant(self, value: int) -> int:
        to = self._registers.whole(("constant", value))
        self._once(("constant", value, "int"), (op.SET_INT, to, value))
        return to


def as_array(rows: Sequence[Sequence[int]], columns: int) -> np.ndarray:
    """Rows of whole numbers, an empty table of the right shape when there are none."""
    return np.array(rows, dtype=np.int64).reshape(len(rows), columns)
