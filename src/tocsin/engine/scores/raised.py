"""What raised a score, worked out long afterwards from the values that were kept with the decision."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from tocsin.engine.language.nodes import Get
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.scores.model import CLOCK_INPUTS, Model, read_input
from tocsin.engine.scores.reasons import contributions, expected
from tocsin.engine.stored import Stored

MOST: Final = 4  # reasons of a score
_HOUR_MS: Final = 3_600_000
_EXACT: Final = 1e-6  # a score worked out anew may differ in its last digits


@dataclass(frozen=True)
class Raised:
    """An input that raised a score. ``share``: of all that raised it, so much was due to this input."""

    input: str
    value: float | None
    share: float


@dataclass(frozen=True)
class Scored:
    """A score on which a rule fired, and what raised it most. Nothing is told of it where an input is
    ``covered``. ``reproduced``: the model gives this score for the values that were kept."""

    name: str
    model: str
    version: str
    score: float | None
    raised: tuple[Raised, ...]
    covered: bool
    reproduced: bool


def scored(name: str, rules: RuleSet, stored: Stored) -> Scored | None:
    """A score feature explained; None when there is no trained model for it."""
    model = rules.models.get(rules.features[name].word)
    if model is None or not model.trees:
        return None
    told = stored.get(Get("feature", name, "number"))
    score = float(told) if isinstance(told, int | float) else None
    about = (name, rules.features[name].word, model.version, score)
    if any(stored.hides(_get(one, rules)) for text in model.inputs for one in read_input(text).names):
        return Scored(*about, raised=(), covered=True, reproduced=True)
    row = np.array([_value(text, rules, stored) for text in model.inputs])
    moved = contributions(model, row)
    again = _probability(model, expected(model) + sum(amount for _, amount in moved))
    up = [(input_, amount) for input_, amount in moved if amount > 0]
    whole = sum(amount for _, amount in up)
    values = dict(zip(model.inputs, row.tolist(), strict=True))
    raised = tuple(
        Raised(input_, None if math.isnan(values[input_]) else values[input_], amount / whole)
        for input_, amount in up[:MOST]
    )
    return Scored(*about, raised, covered=False, reproduced=score is not None and abs(again - score) < _EXACT)


def _get(name: str, rules: RuleSet) -> Get:
    """A name among the inputs. Whatever its type is, it is read as a number."""
    if name in CLOCK_INPUTS or name in rules.features:
        return Get("feature", name, "number")
    return Get("field", name, "number")


def _value(text: str, rules: RuleSet, stored: Stored) -> float:
    """An input as the kernel read it; NaN where unknown."""
    if text in CLOCK_INPUTS:
        hours = stored.clock // _HOUR_MS
        return float(hours % 24 if text == "hour" else (hours // 24 + 3) % 7)
    read = read_input(text)
    known = [stored.get(_get(name, rules)) for name in read.names]
    a, *rest = [float(one) if isinstance(one, int | float) else math.nan for one in known]
    if not read.sign:
        return a
    [b] = rest
    if read.sign == "-":
        return a - b
    return a / b if b else math.nan


def _probability(model: Model, margin: float) -> float:
    return 1 / (1 + math.exp(-(model.slope * margin + model.offset)))
