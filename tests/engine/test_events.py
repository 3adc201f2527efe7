"""What an event may be, and how a wrong one is told apart: always a path and what was expected."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tests.engine.builders import T0, event, wire
from tocsin.engine.events import EventError, parse_event

PLAIN = "A field is text, a number, true, false or null; nothing nested."
NO_TIME = "Expected an RFC 3339 time with offset, or milliseconds since 1970 UTC."


def raw(**changes: Any) -> bytes:
    return json.dumps({**wire(ident="e1", customer="c1"), **changes}).encode()


def with_fields(**fields: Any) -> bytes:
    return raw(fields=fields)


@pytest.mark.parametrize(
    "ts",
    [T0, "2026-03-01T10:00:00Z", "2026-03-01T10:00:00.000+00:00", "2026-03-01T04:00:00-06:00"],
)
def test_times_mean_the_same_moment(ts: Any) -> None:
    assert parse_event(raw(ts=ts)).ts == T0


def test_a_time_keeps_its_milliseconds_and_no_more() -> None:
    assert parse_event(raw(ts="2026-03-01T10:00:00.123999Z")).ts == T0 + 123


def test_content_is_the_same_whatever_the_layout() -> None:
    first = parse_event(raw(ts=T0, fields={"a": 1, "b": "x"}))
    second = parse_event(raw(ts="2026-03-01T11:00:00+01:00", fields={"b": "x", "a": 1}))
    assert first.digest() == second.digest()


@pytest.mark.parametrize(
    "change",
    [
        {"ts": T0 + 1},
        {"fields": {"a": 2}},
        {"fields": {"a": "1"}},
        {"fields": {"a": True}},
        {"entities": {"customer": "c2"}},
        {"entities": {"shopper": "c1"}},
        {"type": "order.cancelled"},
        {"region": "US-CA"},
    ],
)
def test_other_content_is_not_the_same(change: dict[str, Any]) -> None:
    first = parse_event(raw(fields={"a": 1}))
    assert parse_event(raw(**{"fields": {"a": 1}, **change})).digest() != first.digest()


def test_fields_nobody_knows_are_kept() -> None:
    fields = {"basket": "x", "n": 3, "ratio": 0.5, "gift": True, "nothing": None}
    assert parse_event(raw(fields=fields)).fields == fields


@pytest.mark.parametrize(
    ("body", "path", "message"),
    [
        (raw(id="a b"), "id", "Expected 1 to 64 letters, digits or . _ : -."),
        (raw(id="a\n"), "id", "Expected 1 to 64 letters, digits or . _ : -."),
        (raw(id=""), "id", "Expected 1 to 64 letters, digits or . _ : -."),
        (raw(id="a" * 65), "id", "Expected 1 to 64 letters, digits or . _ : -."),
        (raw(id=7), "id", "Expected 1 to 64 letters, digits or . _ : -."),
        (raw(colour="red"), "colour", "No such name here."),
        (raw(entitties={}), "entitties", 'No such name here. Did you mean "entities"?'),
        (raw(entities={"costumer": "c"}), "entities.costumer", 'No such name here. Did you mean "customer"?'),
        (raw(entities={"customer": 5}), "entities.customer", "Expected `str | null`, got `int`."),
        (raw(entities=[]), "entities", "Expected `object`, got `array`."),
        (raw(type="order.plcaed"), "type", 'Not a known event type. Did you mean "order.placed"? '
         'Your own types begin with "custom.".'),
        (raw(type="custom."), "type", 'Not a known event type. Your own types begin with "custom.".'),
        (raw(ts=None), "ts", NO_TIME),
        (raw(ts=1.5), "ts", NO_TIME),
        (raw(ts=True), "ts", NO_TIME),
        (raw(ts="yesterday"), "ts", NO_TIME),
        (raw(ts="2026-03-01"), "ts", NO_TIME),
        (raw(ts="2026-03-01T10:00:00"), "ts",
         'A time needs its offset, for example "2026-03-01T09:30:00-05:00" or "…Z".'),
        (raw(ts=-1), "ts", "A number means milliseconds since 1970 UTC; this one is out of range."),
        (raw(ts=10**40), "ts", "A number means milliseconds since 1970 UTC; this one is out of range."),
        (with_fields(a={"b": 1}), "fields.a", PLAIN),
        (with_fields(x=1, a=[1]), "fields.a", PLAIN),
        (with_fields(a=2**63), "fields.a", "A whole number must fit in 64 bits."),
        (with_fields(a="x" * 8001), "fields.a", "Text of at most 8000 characters, without NUL."),
        (with_fields(a="x\0y"), "fields.a", "Text of at most 8000 characters, without NUL."),
        (with_fields(total_minor=9.5, currency="USD"), "fields.total_minor",
         "Money is a whole number of minor units (cents)."),
        (with_fields(total_minor=True, currency="USD"), "fields.total_minor",
         "Money is a whole number of minor units (cents)."),
        (with_fields(total_minor=10**12 + 1, currency="USD"), "fields.total_minor",
         "Money is a whole number of minor units (cents)."),
        (with_fields(total_minor=5), "fields.currency", "An event with money needs its currency."),
        (with_fields(total_minor=5, currency="usd"), "fields.currency",
         'Expected a three-letter currency code such as "USD".'),
        (with_fields(lat=91), "fields.lat", "Expected a number from -90 to 90."),
        (with_fields(lon="4"), "fields.lon", "Expected a number from -180 to 180."),
        (with_fields(accuracy_m=-1), "fields.accuracy_m", "Expected a number from 0 to 1000000."),
        (with_fields(mock="yes"), "fields.mock", "Expected true or false."),
        (with_fields(text=5), "fields.text", "Expected text."),
        (raw(fields={f"f{n}": 1 for n in range(65)}), "fields", "At most 64 fields; this event has 65."),
        (with_fields(**{"": 1}), "fields", "A field name has 1 to 64 printable characters."),
        (with_fields(**{"a\tb": 1}), "fields", "A field name has 1 to 64 printable characters."),
        (raw(entities={"customer": "a\x1fb"}), "entities.customer", None),
        (raw(region="US CA"), "region", None),
        (b'{"type":"order.placed","ts":1}', "id", "Required."),
        (raw(fields={f"f{n}": "x" * 7000 for n in range(10)}), "", "One event may have at most 65536 bytes."),
    ],
)  # fmt: skip
def test_wrong_events_say_where_and_what(body: bytes, path: str, message: str | None) -> None:
    with pytest.raises(EventError) as caught:
        parse_event(body)
    assert caught.value.path == path
    assert message is None or caught.value.message == message


def test_a_number_too_large_for_a_float_is_refused_with_its_path() -> None:
    with pytest.raises(EventError) as caught:
        parse_event(b'{"id":"e","type":"order.placed","ts":1,"fields":{"ok":1,"huge":1e999}}')
    assert caught.value.path == "fields.huge"


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b'{"id":"\xff"}', b'{"fields":{"a":NaN}}'])
def test_what_is_not_json_is_not_an_event_error(body: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)) as caught:
        parse_event(body)
    assert not isinstance(caught.value, EventError)


def test_depth_is_no_danger() -> None:
    with pytest.raises(EventError):
        parse_event(b'{"id":"e","type":"order.placed","ts":1,"fields":{"a":' + b"[" * 60_000 + b"}}")


def test_own_types_are_welcome() -> None:
    assert event("custom.locker_opened").type == "custom.locker_opened"
