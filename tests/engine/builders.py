"""Short ways to write events and rule files in tests."""

from __future__ import annotations

from typing import Any

import msgspec

from tocsin.engine.decisions import Outcome
from tocsin.engine.engine import Engine
from tocsin.engine.events import Event, parse_event
from tocsin.engine.language.ruleset import RuleSet, load
from tocsin.engine.vocabulary import ENTITY_KINDS

T0 = 1_772_359_200_000  # 2026-03-01T10:00:00Z
MEMORY = 256 * 1024 * 1024
_ids = iter(range(10**9))


def wire(what: str = "order.placed", ts: Any = T0, ident: str | None = None, **rest: Any) -> dict[str, Any]:
    """One event as a marketplace would send it. Entities by kind; everything else is a field."""
    region = rest.pop("region", None)
    entities = {kind: rest.pop(kind) for kind in ENTITY_KINDS if kind in rest}
    plain = {"id": ident or f"e{next(_ids)}", "type": what, "ts": ts, "entities": entities, "fields": rest}
    return plain if region is None else {**plain, "region": region}


def event(what: str = "order.placed", ts: Any = T0, ident: str | None = None, **rest: Any) -> Event:
    return parse_event(msgspec.json.encode(wire(what, ts, ident, **rest)))


RULE = """
class {name}(Rule):
    "A test rule"

    on = {on}
    when = {when}
    verdict = "{verdict}"
    severity = "{severity}"
    code = "V1"
    clause = "FRD-C.test"
    reason = "{reason}"
    {more}
"""


def rule(
    when: str,
    name: str = "r1",
    verdict: str = "review",
    severity: str = "S3",
    reason: str = "Because.",
    more: str = "",
    on: str = '"order.placed"',
) -> str:
    return RULE.format(
        when=when, name=name, verdict=verdict, severity=severity, reason=reason, more=more, on=on
    )


def rules(*texts: str, **files: str) -> RuleSet:
    return load(
        {"test.rules": "\n".join(texts), **{name.replace("_", "."): text for name, text in files.items()}}
    )


def engine(*texts: str, **options: Any) -> Engine:
    return Engine(rules(*texts), MEMORY, **options)


def decide(engine: Engine, one: Event, at: int = T0) -> Outcome:
    [outcome] = engine.decide([one], at)
    assert isinstance(outcome, Outcome), outcome
    return outcome
