"""The schema: which events there are, who takes part in them, and the type of every field that rules may use.

It is data (`data/schema/marketplace.toml`); a marketplace adds its own event types and fields in a file of
the same form. What is declared here is what the door refuses by, what the language is typed by,
and what the engine lays out its registers by.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Final, Literal, TypeVar

import msgspec

T = TypeVar("T")
FieldType = Literal["int", "money", "number", "text", "bool"]
Role = Literal["", "links", "removes", "reinstates", "shares", "marks"]
OWN_TYPE_PREFIX: Final = "custom."
MAX_TEXT: Final = 256 * 1024  # characters of one schema file
_NAME: Final = re.compile(r"\A[a-z][a-z0-9_]{0,63}\Z")
_TYPE: Final = re.compile(r"\A[a-z][a-z0-9_]{0,31}\.[a-z0-9_]{1,48}\Z")


class SchemaError(ValueError):
    """A schema that cannot be used; the message says where and why."""


class EntityKind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of entity. `account`: somebody who can be acted on; `instrument`: shared use of it links
    accounts."""

    says: str
    account: bool = False
    instrument: bool = False


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A field's type and, for numbers, its limits."""

    type: FieldType
    says: str
    from_: float | None = None
    to: float | None = None


class EventType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event type: the fields it usually carries, and what it does to links and marks."""

    fields: list[str]
    role: Role = ""
    says: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    entities: dict[str, EntityKind] = {}
    fields: dict[str, Field] = {}
    events: dict[str, EventType] = {}


@dataclass(frozen=True)
class Schema:
    """All that is declared, by name."""

    entities: Mapping[str, EntityKind]
    fields: Mapping[str, Field]
    events: Mapping[str, EventType]

    @property
    def accounts(self) -> tuple[str, ...]:
        """Kinds of entities that are accounts."""
        return tuple(name for name, kind in self.entities.items() if kind.account)

    @property
    def instruments(self) -> tuple[str, ...]:
        """Kinds of entities whose shared use links accounts."""
        return tuple(name for name, kind in self.entities.items() if kind.instrument)


def load_schema(texts: Mapping[str, str]) -> Schema:
    """File name -> TOML text, the packaged file first. Raises SchemaError."""
    entities: dict[str, EntityKind] = {}
    fields: dict[str, Field] = {}
    events: dict[str, EventType] = {}
    for number, (name, text) in enumerate(texts.items()):
        file = _read(name, text)
        _check(name, file, own=number > 0)
        _join(name, "entity kind", entities, file.entities)
        _join(name, "field", fields, file.fields)
        _join(name, "event type", events, file.events)
    if both := sorted(entities.keys() & fields.keys()):
        raise SchemaError(f'"{both[0]}" is an entity kind and a field; a name means one thing.')
    for name, event in events.items():
        if unknown := [field for field in event.fields if field not in fields]:
            raise SchemaError(f'Event type "{name}": the field "{unknown[0]}" is not declared.')
    return Schema(entities, fields, events)


def _read(name: str, text: str) -> _File:
    if len(text) > MAX_TEXT:
        raise SchemaError(f"{name}: The schema is too large: at most {MAX_TEXT // 1024} kB.")
    try:
        return msgspec.convert(tomllib.loads(text), _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise SchemaError(f"{name}: {error}.") from None
    except RecursionError:
        raise SchemaError(f"{name}: This is nested too deeply.") from None


def _join(file: str, what: str, known: dict[str, T], more: dict[str, T]) -> None:
    if double := sorted(known.keys() & more.keys()):
        raise SchemaError(f'{file}: the {what} "{double[0]}" is declared already.')
    known.update(more)


def _check(file_name: str, file: _File, *, own: bool) -> None:
    if own and file.entities:
        kind = next(iter(file.entities))
        raise SchemaError(f'{file_name}: "{kind}": entity kinds of your own cannot be added yet.')
    for name in (*file.entities, *file.fields):
        if not _NAME.match(name):
            raise SchemaError(
                f'{file_name}: "{name}" is no name: small letters, digits and _, a letter first.'
            )
    for name, field in file.fields.items():
        if (field.type == "money") is not name.endswith("_minor"):
            raise SchemaError(
                f'{file_name}: "{name}": money, and only money, has a name that ends in _minor.'
            )
    for name in file.events:
        if not _TYPE.match(name) or (own and not name.startswith(OWN_TYPE_PREFIX)):
            raise SchemaError(f'{file_name}: "{name}": an event type of your own is written "custom.NAME".')


@lru_cache(maxsize=1)
def packaged() -> Schema:
    """The schema that comes with Tocsin."""
    return load_schema({"marketplace.toml": packaged_text()})


def packaged_text() -> str:
    """Its TOML."""
    return (resources.files("tocsin") / "data/schema/marketplace.toml").read_text(encoding="utf-8")
