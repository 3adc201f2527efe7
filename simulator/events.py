"""What the marketplace tells Tocsin: events, and the answers that come back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

FieldValue = str | int | float | bool | None

VERDICTS = ("allow", "watch", "step_up", "review", "block")
INTERRUPTING = frozenset({"step_up", "review", "block"})
"""Verdicts a person notices; `watch` only looks closer."""

VERIFY = "verify_"
"""How actions begin that ask for a verification of an order: `verify_pin`, `verify_photo` and so on."""


def rfc3339(at: float) -> str:
    """Epoch seconds as RFC 3339 in UTC with milliseconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


@dataclass(slots=True)
class Event:
    """One fact. `at` (epoch seconds) is stamped when the event is said."""

    id: str
    type: str
    region: str
    zone: str
    entities: dict[str, str]
    fields: dict[str, FieldValue]
    at: float = 0.0

    def body(self) -> dict[str, Any]:
        """The event as the decide call takes it."""
        return {
            "id": self.id,
            "type": self.type,
            "ts": rfc3339(self.at),
            "region": self.region,
            "zone": self.zone,
            "entities": self.entities,
            "fields": self.fields,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """Tocsin's verdict on one event, as far as the marketplace needs it."""

    verdict: str
    reasons: tuple[str, ...] = ()
    actions: tuple[tuple[str, str, str], ...] = ()
    """(action type, target kind, target id)."""
    undecided: bool = False
    """True when no answer came in time and the marketplace went on alone."""

    @property
    def demands(self) -> tuple[tuple[str, str], ...]:
        """(kind, order id) of each verification that is to be made before an order is handed over."""
        return tuple(
            (action.removeprefix(VERIFY), ident)
            for action, kind, ident in self.actions
            if action.startswith(VERIFY) and kind == "order"
        )

    @property
    def interrupts(self) -> bool:
        """Whether a person notices at once. A step-up that asks only for a verification at the door does not
        hold up what is going on now."""
        at_the_door = self.verdict == "step_up" and 0 < len(self.demands) == len(self.actions)
        return self.verdict in INTERRUPTING and not at_the_door

    @classmethod
    def from_body(cls, body: dict[str, Any]) -> Answer:
        """Read a decide answer; an unknown verdict counts as `watch`, so that nothing is silently let go."""
        verdict = body.get("verdict")
        return cls(
            verdict=verdict if verdict in VERDICTS else "watch",
            reasons=tuple(str(reason.get("code", "?")) for reason in body.get("reasons") or ()),
            actions=tuple(
                (str(action["type"]), str(action["target"]["kind"]), str(action["target"]["id"]))
                for action in body.get("actions") or ()
                if isinstance(action.get("target"), dict)
            ),
        )


ALLOW = Answer("allow")
UNDECIDED = Answer("allow", undecided=True)


@dataclass(slots=True)
class Entity:
    """Something with attributes and links, as PUT /v1/entities takes it."""

    kind: str
    id: str
    attributes: dict[str, Any]
    links: list[dict[str, str]] = field(default_factory=list)

    def body(self) -> dict[str, Any]:
        """The entity as one item of a batch."""
        return {"kind": self.kind, "id": self.id, "attributes": self.attributes, "links": self.links}


@dataclass(slots=True)
class Report:
    """What one person tells Tocsin, in their own words. `external_id` is ours and makes retries safe."""

    external_id: str
    body: dict[str, Any]
