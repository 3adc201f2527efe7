"""One event at the moment it is decided: the only thing that tests, features and rules may look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter

from tocsin.engine.events import Event, Scalar
from tocsin.engine.text import Phrases, words

SEPARATOR = "\x1f"  # entity ids cannot contain it
FIELD_PREFIX = "field:"

FeatureRead = Callable[["Moment"], int | None]
KeyOf = Callable[["Moment"], str | None]


class Moment:
    """The event, the engine's clock, and what was read so far. Reading changes nothing anybody can see."""

    __slots__ = ("_readers", "_said", "_words", "event", "fields", "now", "read")

    def __init__(self, event: Event, now: int, readers: Mapping[str, FeatureRead]) -> None:
        self.event = event
        self.fields = event.fields
        self.now = now
        self.read: dict[str, int | None] = {}
        self._readers = readers
        self._words: dict[str, list[str]] = {}
        self._said: dict[tuple[str, str], str | None] = {}

    def feature(self, name: str) -> int | None:
        """The feature's value before this event; read once, then remembered."""
        if name not in self.read:
            self.read[name] = self._readers[name](self)
        return self.read[name]

    def field(self, names: tuple[str, ...]) -> Scalar:
        """The first of these fields that is there and not null."""
        for name in names:
            if (value := self.fields.get(name)) is not None:
                return value
        return None

    def entity(self, kind: str) -> str | None:
        return getattr(self.event.entities, kind)  # type: ignore[no-any-return]

    def said(self, name: str, text: str, list_name: str, phrases: Phrases) -> str | None:
        """The first phrase of the list in this field; looked for once, then remembered."""
        place = (name, list_name)
        if place not in self._said:
            if name not in self._words:
                self._words[name] = words(text)
            self._said[place] = phrases.find(self._words[name])
        return self._said[place]


def key_of(parts: list[str]) -> KeyOf:
    """How to make one key from entity kinds and "field:NAME"s; no key (None) when any part is missing."""
    if len(parts) == 1 and not parts[0].startswith(FIELD_PREFIX):
        read = attrgetter(parts[0])
        return lambda moment: read(moment.event.entities)
    getters = [part_of(part) for part in parts]

    def joined(moment: Moment) -> str | None:
        found = []
        for get in getters:
            if (value := get(moment)) is None:
                return None
            found.append(value)
        return SEPARATOR.join(found)

    return joined


def part_of(part: str) -> KeyOf:
    """One entity id, or one field written so that 1, "1" and true stay apart."""
    if part.startswith(FIELD_PREFIX):
        name = part.removeprefix(FIELD_PREFIX)

        def field(moment: Moment) -> str | None:
            value = moment.fields.get(name)
            return None if value is None else repr(value)

        return field
    read = attrgetter(part)
    return lambda moment: read(moment.event.entities)
