"""A model as a file: what it looks at, its trees, its calibration, and what it was trained on.

``NAME.model.json`` lies beside the rules and is part of the rule set: it is logged with them, so that a
replay scores with the same model. A file that names inputs and has no trees is a model yet to be trained; its
score is unknown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

SUFFIX: Final = ".model.json"
MAX_BYTES: Final = 8 * 1024 * 1024
MAX_INPUTS: Final = 256
MAX_TREES: Final = 2_000
CLOCK_INPUTS: Final = ("hour", "weekday")


class ModelError(ValueError):
    """A model file that cannot be used."""


class Tree(msgspec.Struct, frozen=True, array_like=True):
    """Nodes by number, the root first. A leaf has the input -1 and adds its threshold."""

    inputs: list[int]
    lefts: list[int]
    rights: list[int]
    unknown_left: list[int]
    thresholds: list[float]
    counts: list[float]
    """How many of the training rows came by, for reasons."""


class Labels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How it becomes known what an event was. The newest that was known counts."""

    fraud: tuple[str, ...]
    """Labels that say of an entity of the event that it was fraud. "not:" before one of them, or before a
    rule under such a clause, says that it was genuine."""
    of: tuple[str, ...] = ("order", "customer", "shopper")
    """The kinds of entities whose labels count."""
    chargebacks: tuple[str, ...] = ("fraud", "10.4", "4837", "F29", "UA02")
    """The networks' reason codes that say so of the order of a chargeback; other chargebacks say nothing."""
    days: int = 30
    """A label on anything but an order speaks of events of so many days before it."""
    genuine_after_days: int = 120
    """An event that nobody said anything about counts as genuine at this age. A younger one has no outcome
    yet, even if somebody said something: else the newest events would be frauds alone. 0: silence says
    nothing, and every event counts of which somebody spoke."""


class Bins(msgspec.Struct, frozen=True, array_like=True):
    """How the training rows are spread over one input: below the first edge, between two, from the last on,
    and unknown."""

    edges: list[float]
    shares: list[float]


class Measured(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How well a model ranks events. Each figure comes with both ends of its 95 % interval."""

    auc_roc: list[float]
    average_precision: list[float]
    precision: list[float]
    """Of as many events a day as can be looked at, the share that was fraud."""


class Judged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a twin of the model, trained the same way on what was known earlier, did on later events."""

    learnt_until: int
    """The twin was taught by labels that arrived before this, ms since 1970 UTC."""
    first: int
    """Time of the first event, ms since 1970 UTC."""
    until: int
    """Labels that arrived before this were used."""
    rows: int
    frauds: int
    capacity: int
    """Events that can be looked at in a day."""
    figures: Measured
    brier: float
    """The mean squared distance of a probability from what happened."""
    reliability: list[list[float]]
    """Tenths of the events by score: how many, their mean score, the share that was fraud."""


class Training(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model was made of, and how it did."""

    data: str
    """A hash of inputs and labels."""
    first: int
    """Time of the first event, ms since 1970 UTC."""
    until: int
    """Labels that arrived before this were used."""
    rows: int
    frauds: int
    library: str
    seed: int
    shares: list[float]
    """Of the training rows by score, in the bins of `drift.EDGES`."""
    settings: dict[str, int | float | bool | str]
    """What the library was told."""
    gains: list[float]
    """By input: its share of all that the trees gained in training."""
    bins: list[Bins]
    """By input."""
    assumed: int = 0
    """Rows that count as genuine because nobody said anything about them for long enough."""
    judged: Judged | None = None
    """None: nothing is known of enough later events."""


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """One model."""

    on: list[str]
    """The event types it scores."""
    inputs: list[str]
    """A feature, a field that is a number, "hour" or "weekday" (UTC); or two of the former as "a / b" or
    "a - b"."""
    trees: list[Tree] = []
    slope: float = 1.0
    offset: float = 0.0
    """The probability is 1 / (1 + exp(-(slope * margin + offset))), the margin being the sum of the trees
    (Platt, Probabilistic Outputs for Support Vector Machines, 1999)."""
    training: Training | None = None
    labels: Labels | None = None
    """None: whoever trains it brings the labels along."""

    @cached_property
    def version(self) -> str:
        """A hash of all of it."""
        return "m-" + hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16]


@dataclass(frozen=True)
class Input:
    """One input: a value, or two and what is done with them ("/" or "-")."""

    a: str
    sign: str = ""
    b: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """What has to be read."""
        return (self.a, self.b) if self.sign else (self.a,)


def read_input(text: str) -> Input:
    """Raises ModelError when it is none."""
    parts = text.split()
    if len(parts) == 1:
        return Input(parts[0])
    if len(parts) == 3 and parts[1] in ("/", "-") and not {parts[0], parts[2]} & set(CLOCK_INPUTS):
        return Input(*parts)
    raise ModelError(f'"{text[:64]}" is no input. Expected a name, "a / b" or "a - b".')


def read_model(text: str) -> Model:
    """The model of a file. Raises ModelError."""
    try:
        model = msgspec.json.decode(text, type=Model)
    except msgspec.DecodeError as error:
        raise ModelError(f"{error}.") from None
    if not 1 <= len(model.inputs) <= MAX_INPUTS or len(model.trees) > MAX_TREES:
        raise ModelError(f"A model has 1 to {MAX_INPUTS} inputs and at most {MAX_TREES} trees.")
    for number, tree in enumerate(model.trees):
        _check(number, tree, len(model.inputs))
    return model


def write_model(model: Model) -> str:
    """The text of its file."""
    return msgspec.json.encode(model).decode() + "\n"


def models_of(sources: Mapping[str, str]) -> dict[str, str]:
    """Model name -> the name of its file, of the files of a rule set."""
    return {name.removesuffix(SUFFIX): name for name in sorted(sources) if name.endswith(SUFFIX)}


def _check(number: int, tree: Tree, inputs: int) -> None:
    """Nodes come before their children, so that every walk ends at a leaf."""
    size = len(tree.inputs)
    columns = (tree.lefts, tree.rights, tree.unknown_left, tree.thresholds, tree.counts)
    if size == 0 or any(len(column) != size for column in columns):
        raise ModelError(f"Tree {number} has columns of different lengths.")
    for node, (input_, left, right) in enumerate(zip(tree.inputs, tree.lefts, tree.rights, strict=True)):
        if input_ < -1 or input_ >= inputs:
            raise ModelError(f"Tree {number} looks at input {input_}; there are {inputs}.")
        if input_ >= 0 and not (node < left < size and node < right < size):
            raise ModelError(f"Node {node} of tree {number} leads to no later node.")
    if min(tree.counts) <= 0:
        raise ModelError(f"Tree {number} has a node that no training row came by.")
