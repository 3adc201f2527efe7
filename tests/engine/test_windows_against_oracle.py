"""Every feature equals the slow, plain reading of its definition, over streams made to hurt: late events,
duplicates, missing entities and fields, equal times, long gaps, more values than are kept; one by one and in
batches, on one layout of counters and on one that grew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.builders import MEMORY, T0, rule, rules
from tests.engine.oracle import Oracle, Spec
from tocsin.engine.decisions import Outcome
from tocsin.engine.engine import Engine
from tocsin.engine.events import Event, parse_event
from tocsin.engine.language.nodes import Get
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.ruletests import milliseconds
from tocsin.engine.runtime.explain import Seen

TYPES = ["order.placed", "location.ping"]
WINDOWS = ("5m", "1h", "24h", "7d", "30d", "60d", "90d")
VALUES = {
    "count": {}, "sum": {"field": "amount_minor"}, "mean": {"field": "amount_minor"},
    "min": {"field": "response_ms"}, "max": {"field": "response_ms"}, "distinct": {"values": "device"},
    "others": {"values": "device"}, "first": {"field": "response_ms"}, "last": {"field": "response_ms"},
    "since": {}, "age": {}, "speed": {}, "distance": {},
}  # fmt: skip


def features() -> dict[str, Spec]:
    """Every kind in every window, for one key and for a pair; some count only large amounts."""
    made = {}
    for kind, extra in VALUES.items():
        for window in WINDOWS:
            for name, per in (("customer", ["customer"]), ("pair", ["customer", "shopper"])):
                of = ["order.placed"] if kind == "count" else TYPES
                least = 0 if kind in ("count", "distinct") and window == "24h" else None
                made[f"{kind}_{name}_{window}"] = Spec(kind, of, per, window, **extra, least=least)
    return made


def written(name: str, spec: Spec) -> str:
    """The feature in the language of rules."""
    of = msgspec.json.encode(spec.of).decode()
    value = spec.field or spec.values
    where = "" if spec.least is None else f", where=amount_minor >= {spec.least}"
    head = f"{value}, of={of}" if value else of
    return f'{name} = {spec.kind}({head}, per=[{", ".join(spec.per)}], within="{spec.window}"{where})'


FEATURES = features()
ALL = [written(name, spec) for name, spec in FEATURES.items()]
ANY = rule("count_customer_1h >= 1000000")
RULES = rules(*ALL, ANY)
HALF = rules(*ALL[::2], *([] if "count_customer_1h" in "".join(ALL[::2]) else [ALL[2]]), ANY)

gaps = st.one_of(
    st.sampled_from([0, 1, 999, 1000, 10_000, 59_999]),
    # Exactly a window, a window and a tile, one millisecond to either side: home of the off-by-one.
    st.sampled_from(WINDOWS).flatmap(
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
        if draw(st.booleans()):
            fields["response_ms"] = draw(st.integers(-5, 5))
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


def events_of(stream: Sequence[dict[str, Any]]) -> list[Event]:
    return [parse_event(msgspec.json.encode(sent)) for sent in stream]


def whole_engine(which: RuleSet = RULES) -> Engine:
    return Engine(which, MEMORY, read_all=True)


def watched(engine: Engine, events: list[Event], known: Sequence[str]) -> list[dict[str, Any] | None]:
    """Decide one batch; the features each event saw, None for those that were seen before."""
    answers: list[dict[str, Any] | None] = []
    while len(answers) < len(events):
        # the engine may cut a batch: look at its lanes before the rest goes through them
        part = events[len(answers) :]
        lane = 0
        for one, outcome in zip(part, engine._decide(part, [0] * len(part)), strict=False):
            if not isinstance(outcome, Outcome) or outcome.decision.duplicate:
                answers.append(None)
                continue
            seen = Seen(one, engine.plan, engine.bench, lane)
            types = engine.rules.features
            answers.append({name: seen.get(Get("feature", name, types[name].type)) for name in known})
            lane += 1
    return answers


@settings(max_examples=60, deadline=None)
@given(streams(), st.integers(1, 9))
def test_features_equal_their_definition(stream: list[dict[str, Any]], size: int) -> None:
    engine, oracle = whole_engine(), Oracle()
    for start in range(0, len(stream), size):
        part = stream[start : start + size]
        expected = [oracle.take(sent, FEATURES) for sent in part]
        assert watched(engine, events_of(part), list(FEATURES)) == expected


@settings(max_examples=25, deadline=None)
@given(streams(), st.integers(0, 40))
def test_a_restored_engine_continues_as_if_nothing_happened(stream: list[dict[str, Any]], cut: int) -> None:
    whole = whole_engine()
    events = events_of(stream)
    expected = whole.decide(events, 7)
    first = whole_engine()
    answers = first.decide(events[:cut], 7)
    second = Engine.restore(first.snapshot(), MEMORY)
    assert answers + second.decide(events[cut:], 7) == expected


@settings(max_examples=25, deadline=None)
@given(streams(), st.integers(0, 40))
def test_counters_that_came_later_know_what_came_since(stream: list[dict[str, Any]], cut: int) -> None:
    """What was counted before goes on; what an edit added counts from then on, in rows of its own."""
    engine, old, new = whole_engine(HALF), Oracle(), Oracle()
    for sent, one in zip(stream[:cut], events_of(stream[:cut]), strict=True):
        engine.decide([one], 0)
        old.take(sent, {})
    engine.switch(RULES)
    new.clock, new.ids = old.clock, dict(old.ids)
    kept, added = list(HALF.features), [name for name in FEATURES if name not in HALF.features]
    for sent, one in zip(stream[cut:], events_of(stream[cut:]), strict=True):
        expected = old.take(sent, {name: FEATURES[name] for name in kept})
        later = new.take(sent, {name: FEATURES[name] for name in added if fresh(name)})
        got = watched(engine, [one], [*kept, *(name for name in added if fresh(name))])
        assert got == [None if expected is None else {**expected, **(later or {})}]


TWINS = {"since": "age", "age": "since", "distinct": "others", "others": "distinct", "speed": "distance",
         "distance": "speed", "sum": "mean", "mean": "sum"}  # fmt: skip


def fresh(name: str) -> bool:
    """Whether nothing in the smaller set counts what this feature counts."""
    kind, rest = name.split("_", 1)
    return f"{TWINS.get(kind, '')}_{rest}" not in HALF.features


def test_more_than_32_values_answer_32() -> None:
    engine, oracle = whole_engine(), Oracle()
    expected = None
    for number in range(80):
        entities = {"customer": "c1", "device": f"d{number % 50}"}
        sent = {"id": f"e{number}", "type": "order.placed", "ts": T0 + number, "entities": entities,
                "fields": {"amount_minor": 1, "currency": "USD"}}  # fmt: skip
        expected = oracle.take(sent, FEATURES)
        assert watched(engine, events_of([sent]), list(FEATURES)) == [expected]
    assert expected is not None
    assert expected["distinct_customer_1h"] == 32
    assert expected["others_customer_1h"] == 32  # its own value is not among the last 32
