"""The workload of `benchmarks.parity`: events as JSON lines, features of every kind, and rules over them.

Each of the thirteen kinds of counted features is kept for each of seven kinds of entities and in each of
seven windows, 91 features; a ratio and, but for one, a pace for each entity are made of others. The events
are made to hurt: bursts and long silences, late events, ids sent twice with the same and with other content,
missing entities and fields, two currencies. Everything comes from one seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.engine_workload import KINDS, NAMED, POPULATION, START, TYPES
from tocsin.engine.language.ruleset import RuleSet, load

COUNTED = ("count", "sum", "mean", "min", "max", "distinct", "others", "first", "last", "since", "age",
           "speed", "distance")  # fmt: skip
OF_A_NUMBER = ("sum", "mean", "min", "max", "first", "last")
WINDOWS = ("5m", "1h", "24h", "7d", "30d", "60d", "90d")
TEST_LEAST = 3_000  # of every third feature: only events with at least this amount count
SPECIAL = ("label.set", "label.removed", "list.added", "list.removed", "account.removed",
           "account.reinstated", "instrument.shared")  # fmt: skip
SPECIAL_SHARE = 0.02
RULES = 200
SPAN = 100 * 86_400_000  # longer than the longest window
LONGEST_LATE = 3 * 3_600_000
_VERDICTS = ("watch", "step_up", "review", "block")


@dataclass(frozen=True)
class Spec:
    """A counted feature. ``value``: the field or entity that is looked at, if any; ``least``: only events
    with at least this ``amount_minor`` count, if any."""

    name: str
    kind: str
    of: tuple[str, ...]
    per: str
    window: str
    value: str
    least: int | None

    def written(self) -> str:
        """The feature in the language of rules."""
        value = f"{self.value}, " if self.value else ""
        where = "" if self.least is None else f", where=amount_minor >= {self.least}"
        of = msgspec.json.encode(self.of).decode()
        return f'{self.name} = {self.kind}({value}of={of}, per={self.per}, within="{self.window}"{where})'


@dataclass(frozen=True)
class Made:
    """A feature made of two others of the same entity."""

    name: str
    kind: str  # ratio, pace
    per: str
    top: Spec
    bottom: Spec
    scale: int = 1_000
    prior: tuple[int, int] = (1, 3)

    def written(self) -> str:
        """The feature in the language of rules."""
        names = f"{self.top.name}, {self.bottom.name}"
        if self.kind == "pace":
            return f"{self.name} = pace({names})"
        return f"{self.name} = ratio({names}, scale={self.scale}, prior={self.prior})"


def specs() -> list[Spec]:
    """The counted features."""
    rng = random.Random(5)
    found = []
    for round_, window in enumerate(WINDOWS):
        for number, kind in enumerate(COUNTED):
            per = KINDS[(number - round_) % len(KINDS)]
            value = ("amount_minor", "response_ms")[round_ % 2] if kind in OF_A_NUMBER else ""
            if kind in ("distinct", "others"):
                value = "customer" if per == "device" else "device"
            of = tuple(sorted(rng.sample(TYPES, rng.randint(3, 8))))
            least = TEST_LEAST if (number + round_) % 3 == 0 else None
            found.append(Spec(f"{kind}_{per}_{window}", kind, of, per, window, value, least))
    return found


def made(counted: list[Spec]) -> list[Made]:
    """The features that are made of others, for each kind of entity."""
    known = {(spec.kind, spec.per): spec for spec in counted}
    found = []
    for per in KINDS:
        pair = sorted(
            (known["count", per], known["distinct", per]), key=lambda spec: WINDOWS.index(spec.window)
        )
        found.append(Made(f"ratio_{per}", "ratio", per, *pair))
        found.append(Made(f"pace_{per}", "pace", per, *pair))
    return found


def windowed() -> list[Spec | Made]:
    """All of them."""
    counted = specs()
    return [*counted, *made(counted)]


def windowed_names() -> list[str]:
    """Their names."""
    return [one.name for one in windowed()]


def feature_text(per: str | None = None) -> str:
    """The declarations of the features of one kind of entity, or of all."""
    chosen = [one.written() for one in windowed() if per in (None, one.per)]
    return "\n".join(['"A workload to compare by."', "", *chosen, ""])


UNSPLIT = """
together = linked_accounts()
removed = removed_nearby()
watched = labelled(customer, "watched")
stolen = listed(card, "stolen_cards")
"""


def rule_text() -> str:
    """The rules. One of them never fires and looks at every feature on every event, so that an engine reads
    them all."""
    rng = random.Random(7)
    names = windowed_names()
    types = (*TYPES, *SPECIAL)
    extra = ("together >= 2", "removed >= 1", "watched", "stolen")
    texts = [_rule("looks_at_everything", types, "watched and stolen and removed < 0 and together < 0 and ("
                   + " or ".join(f"{name} < -1000000000" for name in names) + ")", "watch")]  # fmt: skip
    for number in range(RULES - 1):
        on = sorted(rng.sample(types, rng.randint(1, 4)))
        tests = [f"{rng.choice(names)} {rng.choice(['>=', '<'])} {rng.choice([1, 3, 8, 20, 900, 4_000])}"
                 for _ in range(rng.randint(1, 3))]  # fmt: skip
        tests.append(f"response_ms > {rng.choice([500, 2_000, 8_000, 9_500])}")
        if number % 10 < len(extra):
            tests.append(extra[number % 10])
        texts.append(_rule(f"rule_{number}", on, " and ".join(tests), _VERDICTS[number % len(_VERDICTS)]))
    return "\n".join(texts)


def _rule(name: str, on: Any, when: str, verdict: str) -> str:
    return (
        f'\nclass {name}(Rule):\n    "{name}"\n    on = {msgspec.json.encode(on).decode()}\n'
        f'    when = {when}\n    verdict = "{verdict}"\n    severity = "S3"\n    code = "V1"\n'
        f'    clause = "FRD-C.stolen_payment"\n    reason = "A benchmark."\n'
    )


def rule_set() -> RuleSet:
    """Features and rules."""
    return load({"workload.rules": feature_text() + UNSPLIT + rule_text()})


def features_of(per: str) -> RuleSet:
    """Only the features of one kind of entity."""
    return load({"workload.rules": feature_text(per)})


def rules_over_values(rules: RuleSet) -> RuleSet:
    """The same rules, with every windowed feature an ordinary field of the event: for values that were worked
    out elsewhere."""
    names = windowed_names()
    lines = [f'{name} = {{ type = "{rules.features[name].type}", says = "A value" }}' for name in names]
    return load(
        {
            "workload.rules": '"Rules over values."\n' + UNSPLIT + rule_text(),
            "schema.toml": "[fields]\n" + "\n".join(lines) + "\n",
        }
    )


def write_events(path: Path, events: int) -> None:
    """The events, one JSON object a line, in the order in which they are sent."""
    with path.open("wb") as file:
        for line in _lines(events):
            file.write(line + b"\n")


def _lines(events: int) -> Iterator[bytes]:
    rng = np.random.default_rng(11)
    times = _times(rng, events)
    sent = np.where(rng.random(events) < 0.03, times - rng.integers(0, LONGEST_LATE, events), times).tolist()
    # in a burst, the same few meet again and again
    copied = np.arange(events) - np.where(rng.random(events) < 0.5, rng.integers(1, 20, events), 0)
    copied = np.maximum(copied, 0)
    population = min(1, max(events, 10_000) / 1_000_000)  # so that everybody is met again
    who = {}
    for kind in KINDS:
        ids = (POPULATION[kind] * population * rng.random(events) ** 2).astype(np.int64)[copied]
        who[kind] = np.where(rng.random(events) < NAMED[kind], ids, -1).tolist()
    again = rng.random(events)
    back = rng.integers(1, 50, events).tolist()
    plain = random.Random(13)
    recent: list[dict[str, Any]] = []
    for number in range(events):
        if recent and again[number] < 0.006:  # sent again; now and then with other content
            event = recent[-min(back[number], len(recent))]
            if again[number] < 0.001:
                event = {**event, "fields": {**event["fields"], "response_ms": -1}}
        else:
            entities = {kind: f"{kind}-{ids[number]}" for kind, ids in who.items() if ids[number] >= 0}
            event = _event(plain, number, sent[number], entities)
            recent.append(event)
            del recent[:-50]
        yield msgspec.json.encode(event)


def _times(rng: np.random.Generator, events: int) -> np.ndarray:
    """Bursts of events a few seconds apart, and silences that fill the whole span."""
    gaps = rng.integers(0, 4_000, events)
    silent = rng.random(events) < 0.01
    rest = max(SPAN - int(gaps.sum()), 0) / max(int(silent.sum()), 1)
    gaps[silent] += (rng.exponential(rest, int(silent.sum()))).astype(np.int64)
    return START + np.cumsum(gaps)


def _event(rng: random.Random, number: int, sent: int, entities: dict[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    what = rng.choice(TYPES)
    if rng.random() < SPECIAL_SHARE:
        what = rng.choice(SPECIAL)
        if what.startswith("label."):
            entities = {"customer": entities.get("customer", "customer-1")}
            fields["label"] = "watched"
        elif what.startswith("list."):
            fields |= {"list": "stolen_cards", "value": entities.get("card", "card-1")}
    if rng.random() < 0.7:
        fields |= {
            "amount_minor": rng.randrange(10_000),
            "currency": rng.choice(("USD", "USD", "USD", "EUR")),
        }
    if rng.random() < 0.7:
        fields["response_ms"] = rng.randrange(10_000)
    if rng.random() < 0.6:
        fields["lat"] = round(37 + rng.random(), 6)
        fields["lon"] = round(-122 - rng.random(), 6)
    return {"id": f"e{number}", "type": what, "ts": sent, "entities": entities, "fields": fields}
