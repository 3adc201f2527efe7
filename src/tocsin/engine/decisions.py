"""What the engine answers. These structs, as JSON, are the public answer of the decide endpoint."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Literal

import msgspec

from tocsin.engine.events import Scalar

Verdict = Literal["allow", "watch", "step_up", "review", "block"]


class Target(msgspec.Struct, frozen=True):
    """An entity of the event."""

    kind: str
    id: str


class Action(msgspec.Struct, frozen=True):
    """A protective step asked of the marketplace: reversible, and no finding about anybody."""

    type: str
    target: Target


class Reason(msgspec.Struct, frozen=True):
    """Why, in words for the person affected, with the values that were looked at."""

    code: str
    rule: str
    text: str
    values: dict[str, Scalar]


class Decision(msgspec.Struct, frozen=True):
    """The answer to one event. At most four reasons, worst first. `late`: counted at the engine's clock,
    because the engine had already seen a later time than the event's own. `decided_at`: RFC 3339, UTC."""

    event_id: str
    verdict: Verdict
    reasons: list[Reason]
    actions: list[Action]
    rules_version: str
    engine_version: str
    seq: int
    decided_at: str
    late: bool
    duplicate: bool = False


class Fired(msgspec.Struct, frozen=True):
    """One rule that fired, all of them, not only the four that are named as reasons."""

    rule: str
    code: str
    verdict: Verdict
    severity: str
    clause: str


class Explanation(msgspec.Struct, frozen=True):
    """What the investigator needs and the caller does not: kept beside every decision in which a rule fired.

    `clock`: engine time in milliseconds. `features`: every feature that was read, by name, before this event.
    `watched`: rules in shadow that would have fired; they had no say in the answer.
    """

    clock: int
    fired: list[Fired]
    features: dict[str, Scalar]
    watched: list[Fired] = []


class Conflict(msgspec.Struct, frozen=True):
    """This event id was decided before, with other content. Nothing was decided or counted now."""

    event_id: str
    seq: int


class Outcome(msgspec.Struct, frozen=True):
    """A decision and, if it is new and any rule fired, its explanation."""

    decision: Decision
    explanation: Explanation | None = None


@lru_cache(maxsize=64)
def utc(milliseconds: int) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    moment = dt.datetime.fromtimestamp(milliseconds // 1000, dt.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"
