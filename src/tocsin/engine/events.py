"""Reading and checking one event. What passes here can be counted, logged and shipped without surprise."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from typing import Annotated, Final

import msgspec
import xxhash

from tocsin.engine.schema import OWN_TYPE_PREFIX, Field, Schema, packaged

INT64_MAX: Final = 2**63 - 1
MONEY_MAX: Final = 10**12  # minor units; keeps every windowed sum far inside int64
MAX_FIELDS: Final = 64
MAX_TEXT: Final = 8_000
MAX_EVENT_BYTES: Final = 64 * 1024
# 1970 to 9999: what a timestamp can say at all. How old is too old is the host's business.
TS_MAX: Final = 253_402_300_799_999

Scalar = str | int | float | bool | None
EventId = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_.:-]{1,64}\Z")]
EntityId = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]  # and no control characters
Place = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_+./-]{1,64}\Z")]


class EventError(ValueError):
    """An event that cannot be accepted. `path` is where ("fields.lat"); the message, what was expected."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path
        self.message = message


class Entities(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who and what took part. Ids are the marketplace's own."""

    customer: EntityId | None = None
    shopper: EntityId | None = None
    store: EntityId | None = None
    order: EntityId | None = None
    device: EntityId | None = None
    ip: EntityId | None = None
    card: EntityId | None = None
    address: EntityId | None = None
    payout: EntityId | None = None
    phone: EntityId | None = None
    session: EntityId | None = None


class Event(msgspec.Struct, frozen=True):
    """Something that happened. `ts` is milliseconds since 1970 UTC, as the sender says."""

    id: str
    type: str
    ts: int
    entities: Entities
    fields: dict[str, Scalar]
    region: str | None = None
    zone: str | None = None

    def digest(self) -> int:
        """The same for the same content, whatever the order of keys or the way the time was written."""
        return xxhash.xxh3_64_intdigest(_canonical.encode(self))


class _Wire(msgspec.Struct, forbid_unknown_fields=True):
    """The shape on the wire."""

    id: EventId
    type: str
    ts: int | dt.datetime
    region: Place | None = None
    zone: Place | None = None
    entities: Entities = Entities()
    fields: dict[str, Scalar] = {}


class _Peek(msgspec.Struct):
    fields: dict[str, msgspec.Raw]


_canonical = msgspec.json.Encoder(order="sorted")
_wire = msgspec.json.Decoder(_Wire)
_peek = msgspec.json.Decoder(_Peek)
_scalar: Final = msgspec.json.Decoder(Scalar)
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND: Final = dt.timedelta(milliseconds=1)
_AT: Final = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_UNKNOWN: Final = re.compile(r"unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING: Final = re.compile(r"missing required field `(?P<name>.*)`")
_OWN_TYPE: Final = re.compile(r"\Acustom\.[a-z0-9_]{1,48}\Z")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_CURRENCY: Final = re.compile(r"\A[A-Z]{3}\Z")


def parse_event(raw: bytes | msgspec.Raw, schema: Schema | None = None) -> Event:
    """One JSON object to an Event, checked against a schema (None: the one that comes with Tocsin).

    Raises EventError (wrong content) or msgspec.DecodeError (not JSON).
    """
    schema = schema or packaged()
    raw = bytes(raw)
    if len(raw) > MAX_EVENT_BYTES:
        raise EventError("", f"One event may have at most {MAX_EVENT_BYTES} bytes.")
    try:
        wire = _wire.decode(raw)
    except msgspec.ValidationError as error:
        raise _explain(error, raw) from None
    if b"\\" in raw or b"\x7f" in raw:  # only then can a control character be in a string
        _check_ids(wire.entities)
    _check_type(wire.type, schema)
    _check_fields(wire.fields, schema)
    return _event(wire)


def read_event(raw: bytes) -> Event:
    """An event that was accepted before, as it lies in the log."""
    return _event(_wire.decode(raw))


def _event(wire: _Wire) -> Event:
    return Event(
        id=wire.id,
        type=wire.type,
        ts=_milliseconds(wire.ts),
        entities=wire.entities,
        fields=wire.fields,
        region=wire.region,
        zone=wire.zone,
    )


def nearest(name: str, known: object) -> str:
    """' Did you mean "…"?' when something close is known, else nothing."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)  # type: ignore[call-overload]
    return f' Did you mean "{close[0]}"?' if close else ""


def _milliseconds(ts: int | dt.datetime) -> int:
    if isinstance(ts, dt.datetime):
        if ts.tzinfo is None:
            raise EventError(
                "ts", 'A time needs its offset, for example "2026-03-01T09:30:00-05:00" or "…Z".'
            )
        ts = (ts - _EPOCH) // _MILLISECOND
    if not 0 <= ts <= TS_MAX:
        raise EventError("ts", "A number means milliseconds since 1970 UTC; this one is out of range.")
    return ts


def _check_ids(entities: Entities) -> None:
    for kind, ident in msgspec.structs.asdict(entities).items():
        if ident is not None and _CONTROL.search(ident):
            raise EventError(f"entities.{kind}", "An id has no control characters.")


def _check_type(name: str, schema: Schema) -> None:
    if name in schema.events or _OWN_TYPE.match(name):
        return
    hint = nearest(name[:64], schema.events)
    raise EventError("type", f'Not a known event type.{hint} Your own types begin with "{OWN_TYPE_PREFIX}".')


def _check_fields(fields: dict[str, Scalar], schema: Schema) -> None:
    if len(fields) > MAX_FIELDS:
        raise EventError("fields", f"At most {MAX_FIELDS} fields; this event has {len(fields)}.")
    money = False
    for name, value in fields.items():
        kind = type(value)
        if not 0 < len(name) <= 64 or not name.isprintable():
            raise EventError("fields", "A field name has 1 to 64 printable characters.")
        if kind is str:
            if len(value) > MAX_TEXT or "\0" in value:  # type: ignore[arg-type,operator]
                raise EventError(f"fields.{name}", f"Text of at most {MAX_TEXT} characters, without NUL.")
        elif kind is int and not -INT64_MAX <= value <= INT64_MAX:  # type: ignore[operator]
            raise EventError(f"fields.{name}", "A whole number must fit in 64 bits.")
        if value is None:
            continue
        if name.endswith("_minor"):
            money = True
            if kind is not int or not -MONEY_MAX <= value <= MONEY_MAX:  # type: ignore[operator]
                raise EventError(f"fields.{name}", "Money is a whole number of minor units (cents).")
        elif (declared := schema.fields.get(name)) is not None:
            _check_declared(name, value, declared)
    if (currency := fields.get("currency")) is not None and not _CURRENCY.match(str(currency)):
        raise EventError("fields.currency", 'Expected a three-letter currency code such as "USD".')
    if money and currency is None:
        raise EventError("fields.currency", "An event with money needs its currency.")


def _check_declared(name: str, value: Scalar, declared: Field) -> None:
    """A value of the type that the schema says."""
    expected = declared.type
    if expected == "text":
        if not isinstance(value, str):
            raise EventError(f"fields.{name}", "Expected text.")
        return
    if expected == "bool":
        if not isinstance(value, bool):
            raise EventError(f"fields.{name}", "Expected true or false.")
        return
    whole = expected == "int"
    low = -MONEY_MAX if declared.from_ is None and whole else declared.from_
    high = MONEY_MAX if declared.to is None and whole else declared.to
    if (
        isinstance(value, bool | str)
        or value is None
        or (whole and not isinstance(value, int))
        or (low is not None and value < low)
        or (high is not None and value > high)
    ):
        what = "a whole number" if whole else "a number"
        limits = f" from {low:.15g} to {high:.15g}" if low is not None and high is not None else ""
        raise EventError(f"fields.{name}", f"Expected {what}{limits}.")


def _explain(error: msgspec.ValidationError, raw: bytes) -> EventError:
    """Turn the decoder's words into ours: always a path, and the nearest name when a name is unknown."""
    found = _AT.match(str(error))
    what, path = (found["what"], found["path"] or "") if found else (str(error), "")
    if unknown := _UNKNOWN.search(what):
        name = unknown["name"][:64]
        known = Entities.__struct_fields__ if path == "entities" else _Wire.__struct_fields__
        path = f"{path}.{name}" if path else name
        return EventError(path, f"No such name here.{nearest(name, known)}")
    if missing := _MISSING.search(what):
        return EventError(f"{path}.{missing['name']}" if path else missing["name"], "Required.")
    if path == "fields[...]":
        return EventError(
            _nested_field(raw), "A field is text, a number, true, false or null; nothing nested."
        )
    if path == "ts":
        what = "Expected an RFC 3339 time with offset, or milliseconds since 1970 UTC"
    if path == "id":
        what = "Expected 1 to 64 letters, digits or . _ : -"
    return EventError(path, what.rstrip(".") + ".")


def _nested_field(raw: bytes) -> str:
    """The decoder does not say which field it disliked: find it, on this slow path only."""
    try:
        for name, value in _peek.decode(raw).fields.items():
            try:
                _scalar.decode(value)
            except msgspec.MsgspecError:
                return f"fields.{name[:64]}"
    except RecursionError:
        pass
    return "fields"
