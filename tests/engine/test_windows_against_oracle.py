"""Every feature equals the slow, plain reading of its definition, over streams made to hurt: late events,
duplicates, missing entities and fields, equal times, long gaps, more values than are kept."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.builders import T0, rules
from tests.engine.oracle import Oracle
from tocsin.engine.engine import Engine
from tocsin.engine.events import parse_event
from tocsin.engine.moment import Moment
from tocsin.engine.ruletests import milliseconds

KINDS: dict[str, dict[str, Any]] = {
    "count": {},
    "sum": {"field": "amount_minor"},
    "distinct": {"values": "device"},
    "others": {"values": "device"},
    "since": {},
    "age": {},
    "speed": {},
    "distance": {},
}
TYPES = ["order.placed", "location.ping"]


def features() -> dict[str, dict[str, Any]]:
    """Every kind in every window, for one key and for a pair."""
    made = {}
    for kind, extra in KINDS.items():
        for window in ("5m", "1h", "24h", "7d", "30d"):
            for name, per in (("customer", ["customer"]), ("pair", ["customer", "shopper"])):
                made[f"{kind}_{name}_{window}"] = {
                    "kind": kind,
                    "of": ["order.placed"] if kind == "count" else TYPES,
                    "per": per,
                    "window": window,
                    **extra,
                }
    return made


FEATURES = features()
RULES = rules(
    *(
        f"[feature.{name}]\n" + "\n".join(f"{k} = {msgspec.json.encode(v).decode()}" for k, v in spec.items())
        for name, spec in FEATURES.items()
    ),
    # A rule makes it a rule set; the test reads the features directly.
    """
[[rule]]
id = "any"
title = "Any"
code = "V1"
on = ["order.placed"]
when = [{ feature = "count_customer_1h", at_least = 1000000 }]
verdict = "watch"
severity = "S4"
clause = "FRD-C.test"
reason = { en = "Any." }
""",
)

gaps = st.one_of(
    st.sampled_from([0, 1, 999, 1000, 10_000, 59_999]),
    # Exactly a window, a window and a tile, one millisecond to either side: home of the off-by-one.
    st.sampled_from(["5m", "1h", "24h", "7d", "30d"]).flatmap(
        lambda name: st.sampled_from([0, -1, 1, 10_000, 60_000, 1_800_000, 21_600_000, 86_400_000]).map(
            lambda extra: max(0, milliseconds(name) + extra)
        )
    ),
    st.integers(0, milliseconds("3h")),
)
places = st.one_of(st.none(), st.tuples(st.floats(-80, 80, width=32), st.floats(-170, 170, width=32)))


@st.composite
def streams(draw: st.DrawFn) -> list[dict[str, Any]]:
    now, made = T0, []
    for number in range(draw(st.integers(1, 40))):
        now += draw(gaps)
        entities = {
            "customer": draw(st.sampled_from([None, "c1", "c1", "c2"])),
            "shopper": draw(st.sampled_from([None, "s1", "s2"])),
            "device": draw(st.one_of(st.none(), st.integers(1, 45).map("d{}".format))),
        }
        fields: dict[str, Any] = {"currency": draw(st.sampled_from(["USD", "USD", "EUR"]))}
        if draw(st.booleans()):
            fields["amount_minor"] = draw(st.integers(-(10**12), 10**12))
        if (place := draw(places)) is not None:
            fields["lat"], fields["lon"] = place
        made.append(
            {
                "id": f"e{number if draw(st.integers(0, 9)) else draw(st.integers(0, number))}",
                "type": draw(st.sampled_from(TYPES)),
                "ts": now - draw(st.sampled_from([0, 0, 0, 1, 5_000, 3_600_000, 90_000_000])),
                "entities": entities,
                "fields": fields,
            }
        )
    return made


@settings(max_examples=60, deadline=None)
@given(streams())
def test_features_equal_their_definition(stream: list[dict[str, Any]]) -> None:
    engine, oracle = Engine(RULES), Oracle()
    for sent in stream:
        event = parse_event(msgspec.json.encode(sent))
        expected = oracle.take(sent, FEATURES)
        if expected is not None:
            moment = Moment(event, max(engine.clock, event.ts), engine._features.readers)
            assert {name: moment.feature(name) for name in FEATURES} == expected
        engine.decide([event], 0)


@settings(max_examples=25, deadline=None)
@given(streams(), st.integers(0, 40))
def test_a_restored_engine_continues_as_if_nothing_happened(stream: list[dict[str, Any]], cut: int) -> None:
    whole = Engine(RULES)
    events = [parse_event(msgspec.json.encode(sent)) for sent in stream]
    expected = whole.decide(events, 7)
    first = Engine(RULES)
    answers = first.decide(events[:cut], 7)
    second = Engine.restore(first.snapshot())
    assert answers + second.decide(events[cut:], 7) == expected
    assert second.snapshot() == whole.snapshot()


def test_more_than_32_values_answer_32() -> None:
    engine, oracle = Engine(RULES), Oracle()
    for number in range(80):
        entities = {"customer": "c1", "device": f"d{number % 50}"}
        sent = {
            "id": f"e{number}",
            "type": "order.placed",
            "ts": T0 + number,
            "entities": entities,
            "fields": {},
        }
        event = parse_event(msgspec.json.encode(sent))
        expected = oracle.take(sent, FEATURES)
        moment = Moment(event, max(engine.clock, event.ts), engine._features.readers)
        assert {name: moment.feature(name) for name in FEATURES} == expected
        engine.decide([event], 0)
    assert moment.feature("distinct_customer_1h") == 32
    assert moment.feature("others_customer_1h") == 32  # its own value is not among the last 32
