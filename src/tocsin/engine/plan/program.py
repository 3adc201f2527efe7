"""Compiling expressions to operations of the vector machine.

"Not" is pushed down to the comparisons, and each comparison is told what to answer for an unknown: false
where a rule must be sure to fire, true where it must be sure not to. So "and" and "or" never meet an unknown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

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

_OPPOSITE = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "==": "!=", "!=": "=="}


class Compiler:
    """Collects operations, constants, and what operations refer to."""

    def __init__(self, rules: RuleSet, registers: Registers, types: dict[str, int]) -> None:
        self.ops: list[tuple[int, ...]] = []
        self.numbers: list[float] = []
        self.table: list[int] = []
        self.masks = len(types) + 1  # in use; the first are those of the types
        self._kept: set[object] = set()
        self._conditions: dict[tuple[Node, int, bool], int] = {}
        self._made: dict[tuple[int, ...], int] = {}  # operation -> mask
        self._lists: dict[tuple[int, ...], int] = {}
        self._set_places: dict[tuple[str, ...], int] = {}
        self._rules = rules
        self._registers = registers

    def condition(self, node: Node, *, unknown: int, negate: bool = False) -> int:
        """The mask of where the node holds. ``unknown``: what an unknown counts as."""
        asked = (node, unknown, negate)
        if asked not in self._conditions:
            self._conditions[asked] = self._condition(node, unknown, negate)
        return self._conditions[asked]

    def all_of(self, masks: Sequence[int]) -> int:
        """The mask of where all of these hold."""
        return self._joined(op.ALL, masks)

    def any_of(self, masks: Sequence[int]) -> int:
        """The mask of where any of these holds."""
        return self._joined(op.ANY, masks)

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
        self._emit(op.RATIO, to, top, bottom, len(self.table))
        self.table += numbers

    def divide(self, top: int, bottom: int, to: int) -> None:
        """The mean: a sum over a count, as a number; unknown over none."""
        a, b = self._registers.number(("num", top)), self._registers.number(("num", bottom))
        self._emit(op.TO_NUM, a, top)
        self._emit(op.TO_NUM, b, bottom)
        self._emit(op.DIV_NUM, to, a, b)

    def of_types(self, codes: Iterable[int]) -> int:
        """The mask of the events of any of these types."""
        return self.any_of(sorted(codes))

    def rule(self, number: int, masks: Sequence[int], rank: int) -> None:
        """The rule fires where all of these hold."""
        self._emit(op.RULE, number, *self._list(tuple(dict.fromkeys(masks))), rank)

    def first_is_chosen(self, entities: Sequence[Get], share: int) -> int:
        """The mask of where the first of the entities that the event names is among ``share`` of 10,000, by a
        stable hash. None of them named: false."""
        *others, last = (self._registers.whole(entity) for entity in entities)
        chosen = self._mask(op.SHARE, last, share)
        for register in reversed(others):
            unnamed = self._mask(op.KNOWN_INT, register, 0, 1)
            chosen = self.any_of([self._mask(op.SHARE, register, share), self.all_of([unnamed, chosen])])
        return chosen

    def is_true(self, what: object) -> int:
        """The mask of something worked out beforehand."""
        return self._is_one(what, 0, negate=False)

    def _condition(self, node: Node, unknown: int, negate: bool) -> int:
        match node:
            case AllOf(parts) | AnyOf(parts):
                masks = [self.condition(part, unknown=unknown, negate=negate) for part in parts]
                return self.all_of(masks) if isinstance(node, AllOf) is not negate else self.any_of(masks)
            case Not(part):
                return self.condition(part, unknown=unknown, negate=not negate)
            case Known(part):
                kind, register = self.value(part)
                return self._mask(op.KNOWN_INT if kind == "int" else op.KNOWN_NUM, register, 0, negate, 0)
            case Match():
                return self._match(node, unknown, negate)
            case Compare():
                return self._compare(node, unknown, negate)
            case Get() | Constant():
                return self._mask(op.INT_IS, self.value(node)[1], 1, negate, unknown)
            case _:
                raise TypeError(f"{node} is no condition")

    def _emit(self, *parts: int) -> None:
        self.ops.append((*parts, *(0 for _ in range(op.OP_COLUMNS - len(parts)))))

    def _mask(self, operation: int, *arguments: int) -> int:
        """The mask that an operation makes. What was asked before is not asked again."""
        made = (operation, *map(int, arguments))
        if made not in self._made:
            self._made[made] = self.masks
            self._emit(operation, self.masks, *made[1:])
            self.masks += 1
        return self._made[made]

    def _joined(self, operation: int, masks: Sequence[int]) -> int:
        different = tuple(dict.fromkeys(masks))
        return different[0] if len(different) == 1 else self._mask(operation, *self._list(different))

    def _list(self, masks: tuple[int, ...]) -> tuple[int, int]:
        """Place and length of a list of masks."""
        if masks not in self._lists:
            self._lists[masks] = len(self.table)
            self.table += masks
        return self._lists[masks], len(masks)

    def _once(self, key: object, operation: tuple[int, ...]) -> None:
        """Emit what works out a value, unless it was emitted before."""
        if key not in self._kept:
            self._kept.add(key)
            self._emit(*operation)

    def _compare(self, node: Compare, unknown: int, negate: bool) -> int:
        sign = _OPPOSITE[node.op] if negate else node.op
        a, b = node.a, node.b
        if a.type in ("text", "id") or a.type == b.type == "int":
            left = self.value(a)[1]
            if not isinstance(b, Constant):
                return self._compare_registers(sign, "int", left, self.value(b)[1], unknown)
            value = hash_text(b.value) if isinstance(b.value, str) else int(b.value)
            return self._compare_whole(sign, left, value, unknown)
        left = self._as_number(a)
        if not isinstance(b, Constant):
            return self._compare_registers(sign, "number", left, self._as_number(b), unknown)
        place = self._place(float(b.value))
        if sign in ("==", "!="):
            return self._mask(op.NUM_IS, left, place, sign == "!=", unknown)
        above = sign in (">", "<=")
        return self._mask(op.NUM_ABOVE if above else op.NUM_BELOW, left, place, sign in ("<=", ">="), unknown)

    def _compare_whole(self, sign: str, register: int, value: int, unknown: int) -> int:
        """A whole number with a constant: x >= y is x > y - 1."""
        if sign in ("==", "!="):
            return self._mask(op.INT_IS, register, value, sign == "!=", unknown)
        limit = value - 1 if sign in (">=", "<") else value
        return self._mask(op.INT_ABOVE, register, limit, sign in ("<", "<="), unknown)

    def _compare_registers(self, sign: str, kind: str, a: int, b: int, unknown: int) -> int:
        if sign in ("==", "!="):
            same = op.INT_IS_INT if kind == "int" else op.NUM_IS_NUM
            return self._mask(same, a, b, sign == "!=", unknown)
        if sign in ("<", ">="):
            a, b = b, a
        above = op.INT_ABOVE_INT if kind == "int" else op.NUM_ABOVE_NUM
        return self._mask(above, a, b, sign in ("<=", ">="), unknown)

    def _match(self, node: Match, unknown: int, negate: bool) -> int:
        """One leaf for each day that entries of the list hold until."""
        if not isinstance(node.part, Get):
            raise TypeError("only values of the event are matched")
        if node.how in ("link", "phone"):
            return self._is_one(Matched(node.how, node.part), unknown, negate=negate)
        list_ = self._rules.lists[node.list]
        untils = sorted({entry.until for entry in list_.entries}) or [""]
        leaves = [self._match_until(node.part, list_, until, unknown, negate) for until in untils]
        return self.all_of(leaves) if negate else self.any_of(leaves)

    def _match_until(self, part: Get, list_: ListOf, until: str, unknown: int, negate: bool) -> int:
        if list_.kind == "values":
            values = tuple(entry.value for entry in list_.entries if entry.until == until)
            leaf = self._mask(op.IN_SET, self.value(part)[1], self._set(values), negate, unknown)
        else:
            how = "says" if list_.kind == "phrases" else list_.kind
            leaf = self._is_one(matched(how, part, list_, until), unknown, negate=negate)
        if not until:
            return leaf
        end = dt.datetime.combine(dt.date.fromisoformat(until), dt.time(), dt.UTC)
        holds = self._compare_whole(">=" if negate else "<", CLOCK, int(end.timestamp() * 1000), 0)
        return self.any_of([leaf, holds]) if negate else self.all_of([leaf, holds])

    def _is_one(self, what: object, unknown: int, *, negate: bool) -> int:
        return self._mask(op.INT_IS, self._registers.whole(what), 1, negate, unknown)

    def _set(self, values: tuple[str, ...]) -> int:
        """The place of a hash table of the values: its length less one, then its slots."""
        if values not in self._set_places:
            self._set_places[values] = len(self.table)
            self.table += _hash_table(values)
        return self._set_places[values]

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


def _hash_table(values: Sequence[str]) -> list[int]:
    size = 8
    while size < 2 * len(values) + 2:
        size *= 2
    slots = [int(NONE)] * size
    for value in values:
        hashed = hash_text(value)
        slot = (hashed ^ (hashed >> 32)) & (size - 1)
        while slots[slot] not in (int(NONE), hashed):
            slot = (slot + 1) & (size - 1)
        slots[slot] = hashed
    return [size - 1, *slots]


def as_array(rows: Sequence[Sequence[int]], columns: int) -> np.ndarray:
    """Rows of whole numbers, an empty table of the right shape when there are none."""
    return np.array(rows, dtype=np.int64).reshape(len(rows), columns)
