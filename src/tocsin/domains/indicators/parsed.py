"""What a document says, whichever standard it is written in. Pure."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tocsin.domains.indicators import tlp
from tocsin.domains.indicators.values import Value

MAX_INDICATORS: Final = 5_000
MAX_VALUES: Final = 200  # of one indicator
MAX_NAME: Final = 200  # characters
MAX_LABELS: Final = 20
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LAST: Final = dt.datetime(9000, 1, 1, tzinfo=dt.UTC)


class Malformed(ValueError):
    """The document breaks its standard; the whole of it is refused.

    Attributes:
        path: where, as ``objects[3].pattern``.
        said: what is wrong there.
    """

    def __init__(self, path: str, said: str) -> None:
        super().__init__(f"{path}: {said}")
        self.path = path
        self.said = said


@dataclass(frozen=True)
class Parsed:
    """One indicator. ``confidence``: 0 to 100, None when nobody said. ``modified`` tells versions of one
    ``standard_id`` apart. ``revoked``: whoever shared it takes it back."""

    standard_id: str
    modified: dt.datetime
    name: str
    values: tuple[Value, ...]
    tlp: str
    confidence: int | None = None
    valid_from: dt.datetime | None = None
    valid_until: dt.datetime | None = None
    labels: tuple[str, ...] = ()
    revoked: bool = False


@dataclass(frozen=True)
class Skipped:
    """Something that was read and could not be used, where it stands, and why."""

    path: str
    said: str


@dataclass
class Document:
    """A document that was read whole. ``ignored``: what else stood in it, by its own word, and how often."""

    standard: str
    name: str = ""
    tlp: str = tlp.UNMARKED
    indicators: list[Parsed] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)


def text_at(held: Mapping[str, Any], name: str, path: str, *, required: bool = False) -> str:
    """A text property. Raises Malformed: it is something else, or it is missing."""
    found = held.get(name)
    if found is None and not required:
        return ""
    if not isinstance(found, str) or (required and not found):
        raise Malformed(f"{path}.{name}", "a text is expected here")
    return found.replace("\0", "")


def list_at(held: Mapping[str, Any], name: str, path: str) -> list[Any]:
    """A list property; empty when it is missing. Raises Malformed."""
    found = held.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        raise Malformed(f"{path}.{name}", "a list is expected here")
    return found


def map_at(found: Any, path: str) -> dict[str, Any]:
    """An object. Raises Malformed."""
    if not isinstance(found, dict):
        raise Malformed(path, "an object is expected here")
    return found


def flag_at(held: Mapping[str, Any], name: str, path: str) -> bool:
    """A yes or no; no when it is missing. Raises Malformed."""
    found = held.get(name, False)
    if not isinstance(found, bool):
        raise Malformed(f"{path}.{name}", "true or false is expected here")
    return found


def moment(text: str, path: str) -> dt.datetime:
    """An RFC 3339 time with its offset, in UTC. Raises Malformed."""
    expected = Malformed(path, "a time like 2026-03-01T17:30:00Z is expected here")
    try:
        at = dt.datetime.fromisoformat(text)
        if at.tzinfo is None or not _EPOCH <= at < _LAST:
            raise expected
        return at.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise expected from None
