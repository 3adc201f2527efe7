"""Tests beside the rules: a short story of events and what must come of it. Anybody who can write a rule can
write one.

    [[test]]
    name = "the sixth card in a row is stopped"
    events = [
      { type = "payment.declined", repeat = 5, every = "30s", card = "card-{n}", device = "phone" },
      { type = "payment.authorised", after = "1m", card = "card-6", device = "phone",
        fields = { amount_minor = 100, currency = "USD" } },
    ]
    expect = { verdict = "block", rules = ["card_testing"], actions = ["block_transaction card card-6"] }

`expect` is about the last event; `always = "allow"` is about every one. {n} counts the repeats from 1.

`but` tells the same story with one thing changed, as a story of its own: `event` (which one, the last when it
is not said) is given other settings, or other `fields`, or goes `without` some:

    but = [
      { repeat = 4, rules = [] },
      { event = 1, device = "another phone", rules = [] },
      { fields = { amount_minor = 99 }, rules = [], verdict = "allow" },
    ]
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from tocsin.engine.decisions import Conflict, Outcome, Verdict
from tocsin.engine.engine import Engine
from tocsin.engine.events import Event, Scalar, parse_event
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.schema import Schema

TESTS_SUFFIX: Final = ".tests.toml"
MEMORY: Final = 256 * 1024 * 1024  # bytes; a story needs little
START: Final = 1_772_359_200_000  # 2026-03-01T10:00:00Z
_UNITS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_SPAN: Final = re.compile(r"\A(\d+)(ms|s|m|h|d)\Z")


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One event, or several alike. `after` the one before; `every`, between the repeats."""

    type: str
    after: str = "1m"
    repeat: int = 1
    every: str = "1m"
    fields: dict[str, Scalar] = {}
    region: str | None = None
    entities: dict[str, str] = {}


class Expect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the last decision must be; None means "do not care". Rules and actions: exactly these."""

    verdict: Verdict | None = None
    rules: list[str] | None = None
    actions: list[str] | None = None


class Story(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens, and what must come of it. `but`: the same with one thing changed, see above."""

    name: str
    events: list[dict[str, Any]]
    expect: Expect = Expect()
    always: Verdict | None = None
    but: list[dict[str, Any]] = []


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"stories": "test"}):
    stories: list[Story]


@dataclass(frozen=True)
class Failure:
    """A story that did not go as it says."""

    test: str
    message: str


def read_stories(text: str) -> list[Story]:
    """The tests of one file. Raises ValueError when it is not a test file."""
    try:
        told = msgspec.convert(tomllib.loads(text), _File).stories
        return [one for story in told for one in (story, *_changed(story))]
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None


def _changed(story: Story) -> Iterator[Story]:
    """The stories that differ from this one in one thing."""
    for number, change in enumerate(story.but, 1):
        settings = dict(change)
        at = settings.pop("event", len(story.events)) - 1
        if not 0 <= at < len(story.events):
            raise ValueError(f'"{story.name}", but {number}: there is no such event.')
        without = settings.pop("without", [])
        expect = msgspec.convert(
            {key: settings.pop(key) for key in ("verdict", "rules", "actions") if key in settings}, Expect
        )
        was = story.events[at]
        fields = {**was.get("fields", {}), **settings.pop("fields", {})}
        event = {key: value for key, value in {**was, **settings}.items() if key not in without}
        event["fields"] = {key: value for key, value in fields.items() if key not in without}
        events = [*story.events[:at], event, *story.events[at + 1 :]]
        yield Story(f"{story.name} (but {number})", events, expect)


def stories_of(folder: Path) -> list[tuple[str, Story]]:
    """Every story of a folder, with the name of its file. Raises ValueError, OSError."""
    found = []
    for path in sorted(folder.glob(f"*{TESTS_SUFFIX}")):
        try:
            found += [(path.name, story) for story in read_stories(path.read_text(encoding="utf-8"))]
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from None
    return found


def run(story: Story, rules: RuleSet) -> list[Failure]:
    """Play one story on a fresh engine; no failures means that the rules do as they should."""
    engine = Engine(rules, MEMORY)
    failures: list[Failure] = []
    last: Outcome | None = None
    try:
        for number, event in enumerate(events_of(story, rules.schema), 1):
            [outcome] = engine.decide([event], event.ts)
            if isinstance(outcome, Conflict):  # pragma: no cover - ids are ours
                raise AssertionError(outcome)
            last = outcome
            if story.always and last.decision.verdict != story.always:
                failures.append(Failure(story.name, f"event {number} ({event.type}): {_brief(last)}"))
    except ValueError as error:  # an EventError too
        return [Failure(story.name, f"an event is wrong: {error}")]
    if last is None:
        return [Failure(story.name, "a test needs at least one event")]
    return failures + list(_compare(story, last))


def events_of(story: Story, schema: Schema) -> Iterator[Event]:
    """The events of a story, in order. Raises ValueError when it is not written right."""
    now, count = START, 0
    for plain in story.events:
        entities = {kind: plain[kind] for kind in schema.entities if kind in plain}
        rest = {key: value for key, value in plain.items() if key not in entities}
        try:
            step = msgspec.convert({**rest, "entities": entities}, Step)
        except msgspec.ValidationError as error:
            raise ValueError(str(error)) from None
        for n in range(1, step.repeat + 1):
            now += milliseconds(step.after if n == 1 else step.every)
            count += 1
            wire = {
                "id": f"{count}",
                "type": step.type,
                "ts": now,
                "region": step.region,
                "entities": {kind: name.replace("{n}", str(n)) for kind, name in step.entities.items()},
                "fields": {
                    k: v.replace("{n}", str(n)) if isinstance(v, str) else v for k, v in step.fields.items()
                },
            }
            yield parse_event(msgspec.json.encode(wire), schema)


def milliseconds(span: str) -> int:
    """ "90s", "10m", "2h", "3d"."""
    found = _SPAN.match(span)
    if not found:
        raise ValueError(f'"{span}" is not a span of time; write "90s", "10m", "2h" or "3d".')
    return int(found[1]) * _UNITS[found[2]]


def _compare(story: Story, outcome: Outcome) -> Iterator[Failure]:
    expect, decision = story.expect, outcome.decision
    fired = [f.rule for f in outcome.explanation.fired] if outcome.explanation else []
    actions = [f"{a.type} {a.target.kind} {a.target.id}" for a in decision.actions]
    if expect.verdict is not None and decision.verdict != expect.verdict:
        yield Failure(story.name, f"expected {expect.verdict}: {_brief(outcome)}")
    if expect.rules is not None and sorted(fired) != sorted(expect.rules):
        yield Failure(story.name, f"expected rules {sorted(expect.rules)}, fired {sorted(fired)}")
    if expect.actions is not None and sorted(actions) != sorted(expect.actions):
        yield Failure(story.name, f"expected actions {sorted(expect.actions)}, got {sorted(actions)}")


def _brief(outcome: Outcome) -> str:
    reasons = "; ".join(f"{reason.rule} {reason.values}" for reason in outcome.decision.reasons)
    return f"{outcome.decision.verdict} ({reasons or 'no reason'})"
