"""What rule files say, typed. Immutable, free of syntax; everything later (plan, explanation, questions)
reads these.

An expression's `type` is int, number, text, bool or id. Money is a whole number of minor units, so an int.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from tocsin.engine.language.problems import Spot

Type = Literal["int", "number", "text", "bool", "id"]
Value = str | int | float | bool


@dataclass(frozen=True)
class Constant:
    """A value written down."""

    value: Value
    type: Type


@dataclass(frozen=True)
class Get:
    """A value of the event (`field`, `entity`, `region`) or one the engine keeps (`feature`)."""

    kind: Literal["field", "entity", "region", "feature"]
    name: str
    type: Type


@dataclass(frozen=True)
class Compare:
    """a op b, for op in > >= < <= == !=. Unknown when either side is."""

    op: str
    a: Node
    b: Node
    type: Type = "bool"


@dataclass(frozen=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Node, ...]
    type: Type = "bool"


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Node, ...]
    type: Type = "bool"


@dataclass(frozen=True)
class Not:
    """The part does not hold; unknown stays unknown."""

    part: Node
    type: Type = "bool"


@dataclass(frozen=True)
class Calculate:
    """a op b, for op in + - * /. Of two ints + and - give an int; anything else a number."""

    op: str
    a: Node
    b: Node
    type: Type


@dataclass(frozen=True)
class Known:
    """The value is there. The only question that is never unknown."""

    part: Node
    type: Type = "bool"


@dataclass(frozen=True)
class Match:
    """A text or id against a list (`in`, `says`) or a pattern (`link`, `phone`)."""

    how: Literal["in", "says", "link", "phone"]
    part: Node
    list: str = ""
    type: Type = "bool"


@dataclass(frozen=True)
class Far:
    """Metres between two places: latitude and longitude, twice."""

    parts: tuple[Node, Node, Node, Node]
    type: Type = "int"


Node = Constant | Get | Compare | AllOf | AnyOf | Not | Calculate | Known | Match | Far

FeatureKind = Literal[
    "count", "sum", "mean", "min", "max", "distinct", "others", "first", "last", "since", "age", "speed",
    "distance", "ratio", "labelled", "confidence", "listed", "linked_accounts", "removed_nearby", "score",
]  # fmt: skip


@dataclass(frozen=True)
class Feature:
    """A number the engine keeps, or works out from such, for each event."""

    name: str
    kind: FeatureKind
    type: Type
    of: tuple[str, ...] = ()
    per: tuple[Get, ...] = ()
    window: str = ""
    value: Get | None = None
    where: Node | None = None
    uses: tuple[str, ...] = ()  # other features: of a ratio, top and bottom
    numbers: tuple[int, ...] = ()  # of a ratio: scale, prior top, prior bottom
    word: str = ""  # the label, list or model
    note: str = ""
    spot: Spot | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Entry:
    """One entry of a list in a file."""

    value: str
    source: str = ""
    reason: str = ""
    until: str = ""  # ISO date: from then on it does not count


@dataclass(frozen=True)
class ListOf:
    """A list in a file. `kind`: exact values, phrases in a text, e-mail domains, or networks (CIDR)."""

    name: str
    kind: Literal["values", "phrases", "domains", "networks"]
    entries: tuple[Entry, ...]
    note: str = ""
    spot: Spot | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Action:
    """What to ask of the marketplace. The first of `targets` that the event names is meant; "sender" is
    whoever the field `sender` names."""

    type: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """When `when` holds: a verdict, a reason, actions. `id` is permanent: renaming a rule cuts it off from
    its history."""

    id: str
    title: str
    on: tuple[str, ...]
    when: Node
    verdict: str
    severity: str
    code: str
    clause: str
    reason: Mapping[str, str]
    actions: tuple[Action, ...] = ()
    fail: Literal["open", "closed"] = "open"
    owner: str = ""
    purpose: str = ""
    legal_basis: str = ""
    jurisdictions: tuple[str, ...] = ()  # none: everywhere
    note: str = ""
    spot: Spot | None = field(default=None, compare=False)
    # how far it has come, see `stages`: not from its own file
    stage: Literal["shadow", "canary", "active"] = field(default="active", repr=False)
    share: int = field(default=10_000, repr=False)  # of 10,000 accounts, by a stable hash: who it acts on
    snoozed: tuple[str, ...] = field(default=(), repr=False)  # kinds of entities: it leaves some alone

    @property
    def acts(self) -> bool:
        """Whether it has a say in answers. One in shadow has none."""
        return self.stage != "shadow"

    @property
    def is_staged(self) -> bool:
        """Whether it is anything but active everywhere."""
        return self.stage != "active" or bool(self.snoozed)


def children(node: Node) -> tuple[Node, ...]:
    """What a node is made of."""
    match node:
        case Compare(_, a, b) | Calculate(_, a, b):
            return (a, b)
        case AllOf(parts) | AnyOf(parts) | Far(parts):
            return parts
        case Not(part) | Known(part) | Match(_, part):
            return (part,)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and everything in it."""
    yield node
    for part in children(node):
        yield from walk(part)


def gets(node: Node) -> list[Get]:
    """Every value the node looks at, each once, in order."""
    return list(dict.fromkeys(found for found in walk(node) if isinstance(found, Get)))


def rebuilt(node: Node, parts: tuple[Node, ...]) -> Node:
    """The same node, made of other parts."""
    match node:
        case Compare() | Calculate():
            return replace(node, a=parts[0], b=parts[1])
        case AllOf() | AnyOf():
            return replace(node, parts=parts)
        case Far():
            a, b, c, d = parts
            return Far((a, b, c, d))
        case Not() | Known() | Match():
            return replace(node, part=parts[0])
    return node
