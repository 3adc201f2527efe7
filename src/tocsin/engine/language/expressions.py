"""Reading expressions: from a syntax tree to typed nodes."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tocsin.engine.language.nodes import (
    AllOf,
    AnyOf,
    Calculate,
    Compare,
    Constant,
    Far,
    Feature,
    Get,
    Known,
    ListOf,
    Match,
    Node,
    Not,
    Type,
    children,
)
from tocsin.engine.language.problems import Problems, Spot, nearest
from tocsin.engine.schema import Schema

NUMERIC: Final = ("int", "number")
MAX_PARTS: Final = 2_000  # of one expression, with all that its names stand for
MAX_ALL_PARTS: Final = 100_000  # of all expressions of a set
MAX_EXPANDED_DEPTH: Final = 48  # of expressions within each other, through names
#: Spans of time in seconds.
CONSTANTS: Mapping[str, int] = {"MINUTE": 60, "HOUR": 3_600, "DAY": 86_400}
FUNCTIONS: Mapping[str, str] = {
    "known": "known(x): the value is there",
    "says": "says(text, phrases): the text contains a phrase of the list",
    "shows_link": "shows_link(text): the text contains a web address",
    "shows_phone": "shows_phone(text): the text contains a telephone number",
    "metres_between": "metres_between(lat, lon, lat, lon): distance on the ground",
}
_COMPARE: Mapping[type[ast.cmpop], str] = {
    ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_CALCULATE: Mapping[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


@dataclass
class Names:
    """What names mean, across all files of a set."""

    schema: Schema
    features: dict[str, Feature] = field(default_factory=dict)
    lists: dict[str, ListOf] = field(default_factory=dict)
    definitions: dict[str, Node] = field(default_factory=dict)
    parts: int = 0  # of all expressions read so far
    links: set[str] = field(default_factory=set)  # features that only say that accounts share something

    def means_something(self, name: str) -> bool:
        """Whether a name may stand in an expression."""
        meanings = (self.schema.entities, self.schema.fields, self.features, self.definitions, CONSTANTS)
        return name == "region" or any(name in known for known in meanings)

    def all(self) -> set[str]:
        """Every name that may stand in an expression."""
        known = self.schema.entities.keys() | self.schema.fields.keys() | self.features.keys()
        return known | self.definitions.keys() | CONSTANTS.keys() | {"region"}


class Reader:
    """Reads the expressions of one file."""

    def __init__(self, file: str, names: Names, problems: Problems) -> None:
        self._file = file
        self._names = names
        self._problems = problems

    def condition(self, tree: ast.expr) -> Node | None:
        """An expression that is true or false; None with problems noted."""
        return self._true_or_false(tree, self.read(tree))

    def read(self, tree: ast.expr) -> Node | None:
        """A whole expression; None with problems noted."""
        node = self._read(tree)
        if node is None:
            return None
        parts, depth = measure(node, MAX_PARTS)
        self._names.parts += parts
        if parts > MAX_PARTS or depth > MAX_EXPANDED_DEPTH:
            limits = f"{MAX_PARTS} parts, {MAX_EXPANDED_DEPTH} within each other"
            self._say(tree, f"With all that its names stand for, this is too long: at most {limits}.")
            return None
        if self._names.parts > MAX_ALL_PARTS:
            self._say(tree, f"All rules together say too much: at most {MAX_ALL_PARTS} parts.")
            return None
        return node

    def _true_or_false(self, tree: ast.expr, node: Node | None) -> Node | None:
        if node is not None and node.type != "bool":
            self._say(tree, f"Expected something that is true or false; this is {_a(node.type)}.")
            return None
        return node

    def _condition(self, tree: ast.expr) -> Node | None:
        return self._true_or_false(tree, self._read(tree))

    def _read(self, tree: ast.expr) -> Node | None:
        match tree:
            case ast.BoolOp(op, values):
                parts = [self._condition(value) for value in values]
                if any(part is None for part in parts):
                    return None
                made = tuple(part for part in parts if part is not None)
                return AllOf(made) if isinstance(op, ast.And) else AnyOf(made)
            case ast.UnaryOp(ast.Not(), operand):
                part = self._condition(operand)
                return None if part is None else Not(part)
            case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as value)) if not isinstance(
                value, bool
            ):
                return Constant(-value, "int" if isinstance(value, int) else "number")
            case ast.UnaryOp(ast.USub(), operand):
                return self._calculate(tree, "-", Constant(0, "int"), self._read(operand))
            case ast.BinOp(left, op, right):
                return self._calculate(tree, _CALCULATE[type(op)], self._read(left), self._read(right))
            case ast.Compare():
                return self._comparisons(tree)
            case ast.Call():
                return self._call(tree)
            case ast.Name(name):
                return self._name(tree, name)
            case ast.Constant(bool() | int() | float() | str() as value):
                return Constant(value, _type_of(value))
        self._say(tree, "Expected a value or a test.")
        return None

    def get(self, tree: ast.expr, what: str) -> Get | None:
        """A single value of the event."""
        node = self.read(tree)
        if node is None:
            return None
        if not isinstance(node, Get) or node.kind == "feature":
            self._say(tree, f"{what}: expected the name of a field or of an entity kind.")
            return None
        return node

    def list_name(self, tree: ast.expr) -> str | None:
        """The name of a list."""
        if isinstance(tree, ast.Name) and tree.id in self._names.lists:
            return tree.id
        hint = nearest(tree.id, self._names.lists) if isinstance(tree, ast.Name) else ""
        self._say(tree, f"Expected the name of a list.{hint}")
        return None

    def _say(self, tree: ast.AST, message: str) -> None:
        self._problems.add(Spot.of(self._file, tree), message)

    def _name(self, tree: ast.expr, name: str) -> Node | None:
        names = self._names
        if name in names.definitions:
            return names.definitions[name]
        if name in names.features:
            return Get("feature", name, names.features[name].type)
        if name in names.schema.fields:
            kind = names.schema.fields[name].type
            return Get("field", name, "int" if kind == "money" else kind)
        if name in names.schema.entities:
            return Get("entity", name, "id")
        if name == "region":
            return Get("region", name, "text")
        if name in CONSTANTS:
            return Constant(CONSTANTS[name], "int")
        if name in names.lists:
            self._say(tree, f'"{name}" is a list; write "x in {name}" or "says(text, {name})".')
        else:
            self._say(tree, f'There is no "{name[:64]}".{nearest(name, names.all())}')
        return None

    def _calculate(self, tree: ast.expr, op: str, a: Node | None, b: Node | None) -> Node | None:
        if a is None or b is None:
            return None
        for node in (a, b):
            if node.type not in NUMERIC:
                self._say(tree, f'"{op}" is for numbers; this is {_a(node.type)}.')
                return None
        whole = op in "+-" and a.type == b.type == "int"
        return Calculate(op, a, b, "int" if whole else "number")

    def _comparisons(self, tree: ast.Compare) -> Node | None:
        """A chain such as 1 <= x < 5 is all of its links."""
        made: list[Node] = []
        left = self._read(tree.left)
        for op, written in zip(tree.ops, tree.comparators, strict=True):
            if isinstance(op, ast.In | ast.NotIn):
                if len(tree.ops) > 1:
                    self._say(tree, '"in" stands alone: join the two tests with "and".')
                    return None
                link = self._membership(tree, left, written)
                return Not(link) if link is not None and isinstance(op, ast.NotIn) else link
            right = self._read(written)
            link = self._comparison(tree, _COMPARE[type(op)], left, right)
            if link is None:
                return None
            made.append(link)
            left = right
        return made[0] if len(made) == 1 else AllOf(tuple(made))

    def _comparison(self, tree: ast.expr, op: str, a: Node | None, b: Node | None) -> Node | None:
        if a is None or b is None:
            return None
        if isinstance(a, Constant) and not isinstance(b, Constant):
            a, b = b, a
            op = {">": "<", ">=": "<=", "<": ">", "<=": ">="}.get(op, op)
        alike = a.type == b.type or (a.type in NUMERIC and b.type in NUMERIC)
        alike |= {a.type, b.type} == {"id", "text"}
        if not alike:
            self._say(tree, f"{_a(a.type).capitalize()} cannot be compared with {_a(b.type)}.")
        elif a.type == "bool":
            self._say(tree, 'Write the test itself, or "not" before it.')
        elif op not in ("==", "!=") and a.type not in NUMERIC:
            self._say(tree, f'"{op}" is for numbers; this is {_a(a.type)}. Use == or !=.')
        elif isinstance(a, Constant):
            self._say(tree, "Both sides are written down: this never changes.")
        else:
            return Compare(op, a, b)
        return None

    def _membership(self, tree: ast.Compare, part: Node | None, right: ast.expr) -> Node | None:
        if part is None:
            return None
        if isinstance(right, ast.Tuple | ast.List):
            choices = [self._comparison(choice, "==", part, self._read(choice)) for choice in right.elts]
            if not choices:
                self._say(right, "The list is empty.")
            if not choices or any(choice is None for choice in choices):
                return None
            return AnyOf(tuple(choice for choice in choices if choice is not None))
        name = self.list_name(right)
        if name is None:
            return None
        if part.type not in ("text", "id"):
            self._say(tree.left, f"A list holds texts and ids; this is {_a(part.type)}.")
            return None
        if not isinstance(part, Get):
            self._say(tree.left, "This is written down: whether it is in the list never changes.")
            return None
        if self._names.lists[name].kind == "phrases":
            self._say(right, f'"{name}" holds phrases; write says(text, {name}).')
            return None
        return Match("in", part, name)

    def _call(self, tree: ast.Call) -> Node | None:
        name = tree.func.id if isinstance(tree.func, ast.Name) else ""
        calls: Mapping[str, tuple[int, Callable[[ast.Call], Node | None]]] = {
            "known": (1, self._known),
            "says": (2, self._says),
            "shows_link": (1, lambda call: self._pattern(call, "link")),
            "shows_phone": (1, lambda call: self._pattern(call, "phone")),
            "metres_between": (4, self._far),
        }
        if name not in calls:
            self._say(tree, f'There is no function "{name[:64]}" here.{nearest(name, FUNCTIONS)}')
            return None
        count, make = calls[name]
        if len(tree.args) != count or tree.keywords:
            self._say(tree, f"Expected {FUNCTIONS[name]}.")
            return None
        return make(tree)

    def _known(self, tree: ast.Call) -> Node | None:
        part = self._read(tree.args[0])
        if isinstance(part, Get):
            return Known(part)
        if part is not None:
            self._say(tree, "known() asks about one field, entity or feature.")
        return None

    def _text(self, tree: ast.expr) -> Node | None:
        part = self._read(tree)
        if part is not None and not (isinstance(part, Get) and part.type == "text" and part.kind == "field"):
            self._say(tree, "Expected a text field.")
            return None
        return part

    def _says(self, tree: ast.Call) -> Node | None:
        part, name = self._text(tree.args[0]), self.list_name(tree.args[1])
        if part is None or name is None:
            return None
        if self._names.lists[name].kind != "phrases":
            self._say(tree.args[1], f'"{name}" holds no phrases; write "x in {name}".')
            return None
        return Match("says", part, name)

    def _pattern(self, tree: ast.Call, how: str) -> Node | None:
        part = self._text(tree.args[0])
        if part is None:
            return None
        return Match("link" if how == "link" else "phone", part)

    def _far(self, tree: ast.Call) -> Node | None:
        parts = [self._read(argument) for argument in tree.args]
        made = tuple(part for part in parts if part is not None)
        if len(made) < len(parts):
            return None
        if any(part.type not in NUMERIC for part in made):
            self._say(tree, "Latitudes and longitudes are numbers.")
            return None
        a, b, c, d = made
        return Far((a, b, c, d))


def measure(node: Node, most: int) -> tuple[int, int]:
    """How many parts a node has, counted no further than a little beyond ``most``, and how deep it is."""
    waiting: list[tuple[Node, int]] = [(node, 1)]
    parts = deepest = 0
    while waiting and parts <= most:
        inside, depth = waiting.pop()
        parts, deepest = parts + 1, max(deepest, depth)
        waiting += [(part, depth + 1) for part in children(inside)]
    return parts, deepest


def _type_of(value: object) -> Type:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    return "number" if isinstance(value, float) else "text"


def _a(type_: str) -> str:
    return {
        "int": "a whole number", "number": "a number", "text": "a text", "bool": "a test (true or false)",
        "id": "the id of an entity",
    }[type_]  # fmt: skip
