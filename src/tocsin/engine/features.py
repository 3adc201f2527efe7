"""Features: the numbers the engine keeps. Each is read before, and updated after, every event it is about.

A feature is known for an event only if the event names every part of its key: an event without a card has
no "declines on this card", which is not the same as none. What counts is decided by `of` (event types) and
`where` (tests, all of which must hold).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from tocsin.engine.conditions import Condition, Lists, compile_test, features_of, field_names
from tocsin.engine.events import INT64_MAX
from tocsin.engine.geo import distance_m, speed_kmh
from tocsin.engine.moment import SEPARATOR, FeatureRead, KeyOf, Moment, key_of, part_of
from tocsin.engine.spec import (
    Age,
    Counted,
    Distance,
    DistinctOf,
    FeatureSpec,
    Others,
    Ratio,
    Since,
    Speed,
    Sum,
)
from tocsin.engine.windows import WINDOWS, Counter, Distinct, LastPlace, Span, Total

Update = Callable[[Moment], None]


def fingerprint(name: str, specs: Mapping[str, FeatureSpec], lists: Mapping[str, list[str]]) -> str:
    """The same for features that count the same thing, whatever their names or notes: it is what a counter is
    stored under, so that editing a rule set keeps every counter whose definition did not change."""
    spec = specs[name]
    plain = msgspec.to_builtins(msgspec.structs.replace(spec, note=""))
    plain["kind"] = _KEPT_AS.get(plain["kind"], plain["kind"])
    tests = list(_tests(plain.get("where", [])))
    plain["lists"] = {v: sorted(lists[v]) for test in tests for k, v in test.items() if k in _LISTED}
    plain["uses"] = {used: fingerprint(used, specs, lists) for used in uses_of(spec)}
    return hashlib.sha256(msgspec.json.encode(plain, order="sorted")).hexdigest()[:16]


def uses_of(spec: FeatureSpec) -> set[str]:
    """The other features this one reads."""
    if isinstance(spec, Ratio):
        return {spec.top, spec.bottom}
    return set().union(*map(features_of, spec.where))


class Features:
    """All features of a rule set: readers by name, updaters by event type, counters by fingerprint."""

    def __init__(self, specs: Mapping[str, FeatureSpec], lists: Mapping[str, list[str]]) -> None:
        self.readers: dict[str, FeatureRead] = {}
        self.counters: dict[str, Counter] = {}
        self._updates: dict[str, list[tuple[tuple[Condition, ...], Update]]] = {}
        compiled = Lists(lists)
        for name, spec in specs.items():
            if isinstance(spec, Ratio):
                self.readers[name] = _ratio(spec)
                continue
            self._add(name, spec, fingerprint(name, specs, lists), compiled)

    def due(self, moment: Moment) -> list[Update]:
        """The updates this event calls for. Asks every `where` now, before anything is changed."""
        return [
            update
            for where, update in self._updates.get(moment.event.type, ())
            if all(condition.holds(moment) for condition in where)
        ]

    def _add(self, name: str, spec: Counted, print_: str, lists: Lists) -> None:
        known = self.counters.get(print_)
        counter = known or _counter(spec)
        key = _key(spec)
        self.readers[name] = _reader(spec, counter, key)
        if known is not None:
            return  # read in another way, or by another name: counted once
        self.counters[print_] = counter
        entry = (tuple(compile_test(t, lists) for t in spec.where), _updater(spec, counter, key))
        for event_type in dict.fromkeys(spec.of):
            self._updates.setdefault(event_type, []).append(entry)


# Kinds that read the same counter in another way.
_KEPT_AS = {"others": "distinct", "age": "since", "distance": "speed"}
_LISTED = ("in_list", "not_in_list", "says")


def _tests(tests: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    for test in tests:
        yield test
        yield from _tests(test.get("any", []))


def _counter(spec: Counted) -> Counter:
    window = WINDOWS[spec.window]
    if isinstance(spec, DistinctOf | Others):
        return Distinct(window)
    if isinstance(spec, Since | Age):
        return Span(window)
    if isinstance(spec, Speed | Distance):
        return LastPlace(window)
    return Total(window)


def _key(spec: Counted) -> KeyOf:
    key = key_of(spec.per)
    if not isinstance(spec, Sum) or not field_names(spec.field)[0].endswith("_minor"):
        return key

    def with_currency(moment: Moment) -> str | None:
        base, currency = key(moment), moment.fields.get("currency")
        return None if base is None or currency is None else f"{base}{SEPARATOR}{currency}"

    return with_currency


def _reader(spec: Counted, counter: Counter, key: KeyOf) -> FeatureRead:
    if isinstance(counter, LastPlace):
        return _motion(spec, counter, key)
    if isinstance(spec, Others):
        return _others(spec, counter, key)  # type: ignore[arg-type]
    read: Callable[[str, int], int | None]
    if isinstance(counter, Span):
        read = counter.since_last if isinstance(spec, Since) else counter.since_first
    else:
        read = counter.read
    return lambda moment: None if (k := key(moment)) is None else read(k, moment.now)


def _others(spec: Others, counter: Distinct, key: KeyOf) -> FeatureRead:
    own = part_of(spec.values)
    return lambda moment: None if (k := key(moment)) is None else counter.read(k, moment.now, own(moment))


def _motion(spec: Counted, counter: LastPlace, key: KeyOf) -> FeatureRead:
    wants_speed = isinstance(spec, Speed)

    def read(moment: Moment) -> int | None:
        k, here = key(moment), _place(moment)
        last = counter.read(k, moment.now) if k is not None and here is not None else None
        if last is None or here is None:
            return None
        metres = distance_m(last[0], last[1], here[0], here[1])
        return speed_kmh(metres, here[2] - last[2]) if wants_speed else metres

    return read


def _ratio(spec: Ratio) -> FeatureRead:
    def read(moment: Moment) -> int | None:
        top, bottom = moment.feature(spec.top), moment.feature(spec.bottom)
        if top is None or bottom is None or bottom + spec.prior_bottom <= 0:
            return None
        answer = (top + spec.prior_top) * spec.scale // (bottom + spec.prior_bottom)
        return max(-INT64_MAX, min(INT64_MAX, answer))

    return read


def _updater(spec: Counted, counter: Counter, key: KeyOf) -> Update:
    amount: Callable[[Moment], Any]
    if isinstance(counter, Span):

        def update_span(moment: Moment) -> None:
            if (k := key(moment)) is not None:
                counter.update(k, moment.now)

        return update_span
    if isinstance(spec, Sum):
        amount = _whole_number(field_names(spec.field))
    elif isinstance(spec, DistinctOf | Others):
        amount = part_of(spec.values)
    elif isinstance(spec, Speed | Distance):
        amount = _place
    else:
        amount = _one

    def update(moment: Moment) -> None:
        k, what = key(moment), amount(moment)
        if k is not None and what is not None:
            counter.update(k, moment.now, what)  # type: ignore[arg-type]  # `amount` fits `counter`

    return update


def _one(_: Moment) -> int:
    return 1


def _whole_number(names: tuple[str, ...]) -> Callable[[Moment], int | None]:
    def read(moment: Moment) -> int | None:
        value = moment.field(names)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    return read


def _place(moment: Moment) -> tuple[float, float, int] | None:
    """Where the event happened, at the sender's own time: late pings, sent in one go, are no jump."""
    lat, lon = moment.fields.get("lat"), moment.fields.get("lon")
    if lat is None or lon is None:
        return None
    return float(lat), float(lon), moment.event.ts
