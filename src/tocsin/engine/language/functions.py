"""The kinds of features: how each is written, what it gives, and when it is unknown. The reference is made of
this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tocsin.engine.language.nodes import FeatureKind, Type


@dataclass(frozen=True)
class Function:
    """One kind of feature. `places`: settings that may stand without their names, in order."""

    kind: FeatureKind
    type: Type
    places: tuple[str, ...]
    says: str
    unknown: str
    counted: bool = True  # it has of, per, within and where
    more: tuple[str, ...] = ()  # settings of its own

    @property
    def settings(self) -> tuple[str, ...]:
        """All names of settings."""
        common = ("of", "per", "within", "where") if self.counted else ()
        return tuple(dict.fromkeys((*self.places, *common, *self.more, "note")))


_KEY: Final = "the event lacks a part of `per`"
_NO_VALUE: Final = f"{_KEY}, or no event in the window had the value"


def _counted(kind: FeatureKind, type_: Type, says: str, unknown: str, place: str = "value") -> Function:
    return Function(kind, type_, (place,), says, unknown)


def _other(kind: FeatureKind, type_: Type, places: tuple[str, ...], says: str, unknown: str) -> Function:
    return Function(kind, type_, places, says, unknown, counted=False)


FUNCTIONS: Final[Mapping[str, Function]] = {
    "count": _counted("count", "int", "how many events", _KEY, "of"),
    "sum": _counted("sum", "int", "the sum of a whole-number field", _KEY),
    "mean": _counted("mean", "number", "the mean of a whole-number field", _NO_VALUE),
    "min": _counted("min", "int", "the lowest value of a whole-number field", _NO_VALUE),
    "max": _counted("max", "int", "the highest value of a whole-number field", _NO_VALUE),
    "distinct": _counted("distinct", "int", "how many different values, exact to 32", _KEY),
    "others": _counted("others", "int", "the same without the event's own value", _KEY),
    "first": _counted(
        "first",
        "int",
        "the first value of a whole-number field; a gap longer than the window begins anew",
        _NO_VALUE,
    ),
    "last": _counted("last", "int", "the last value of a whole-number field", _NO_VALUE),
    "since": _counted(
        "since", "int", "seconds since the last event", f"{_KEY}, or there was none in the window", "of"
    ),
    "age": _counted(
        "age",
        "int",
        "seconds since the first event; a gap longer than the window begins anew",
        f"{_KEY}, or there was none in the window",
        "of",
    ),
    "speed": _counted(
        "speed",
        "int",
        "km/h from the last event with a place, by the clocks of who sent them",
        f"{_KEY}, there was no place in the window, this event has none, or no time has passed",
        "of",
    ),
    "distance": _counted(
        "distance",
        "int",
        "metres from the last event with a place",
        f"{_KEY}, there was no place in the window, or this event has none",
        "of",
    ),
    "ratio": Function(
        "ratio",
        "int",
        ("top", "bottom"),
        "scale × (top + prior top) ÷ (bottom + prior bottom), rounded down; scale is 100 unless it is said",
        "either is unknown, or it would be divided by nothing",
        counted=False,
        more=("scale", "prior"),
    ),
    "pace": _other(
        "ratio",
        "int",
        ("recent", "usual"),
        "the rate in a short window in percent of the rate in a long one",
        "either is unknown, or the long one is 0",
    ),
    "labelled": _other(
        "labelled",
        "bool",
        ("who", "label"),
        "whether an entity bears a label",
        "the event does not name the entity",
    ),
    "confidence": _other(
        "confidence", "int", ("who", "label"), "how sure a label is, in percent", "there is no such label"
    ),
    "listed": _other(
        "listed", "bool", ("value", "list"), "whether a value is on a kept list", "the event lacks the value"
    ),
    "linked_accounts": _other(
        "linked_accounts",
        "int",
        (),
        "how many accounts hang together with this one by instruments they share",
        "the event does not name exactly one account",
    ),
    "removed_nearby": _other(
        "removed_nearby",
        "int",
        (),
        "how many removed accounts share an instrument with this one",
        "the event does not name exactly one account",
    ),
    "score": _other(
        "score", "number", ("model",), "what a model estimates, 0 to 1", "there is no such model"
    ),
}
