"""One record of the engine's log, as this domain reads it: the event, the answer, and what it concerns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tocsin.domains.detection.plain import covered_reason, is_plain

#: Rules about what shoppers do with an account, an order or their position: the shopper is the subject.
_SHOPPER_FIRST = ("FRD-W", "frd_w", "worker", "shopper", "age_restricted_handoff")
#: Of those, what nobody but a shopper can have done: without a known shopper it accuses no customer.
_SHOPPER_ONLY = ("FRD-W", "frd_w", "age_restricted_handoff")
#: Anybody can open a second account: it is about whoever it names.
_ANYBODY = ("FRD-W.duplicate_account",)


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that fired on an event."""

    rule: str
    code: str
    verdict: str
    severity: str
    clause: str


@dataclass(frozen=True, slots=True)
class Record:
    """A decided event, in log order. ``fields`` still holds the personal values; nothing of it is stored as
    it is. ``watched``: rules in shadow that would have fired.
    """

    seq: int
    event_id: str
    type: str
    ts: dt.datetime
    received_at: dt.datetime
    region: str
    entities: Mapping[str, str]
    fields: Mapping[str, Any]
    verdict: str
    reasons: tuple[Mapping[str, Any], ...] = ()
    actions: tuple[Mapping[str, Any], ...] = ()
    rules_version: str = ""
    engine_version: str = ""
    late: bool = False
    explanation: Mapping[str, Any] = field(default_factory=dict)
    fired: tuple[Fired, ...] = field(default=())
    watched: tuple[Fired, ...] = field(default=())

    @property
    def plain_fields(self) -> dict[str, Any]:
        """The fields that may be stored as they are."""
        return {key: value for key, value in self.fields.items() if is_plain(key, value)}

    @property
    def personal_fields(self) -> dict[str, Any]:
        """All others: they are sealed under the key of their day (handbook §10, P3)."""
        return {key: value for key, value in self.fields.items() if not is_plain(key, value)}

    @property
    def plain_reasons(self) -> list[dict[str, Any]]:
        """The reasons with personal values covered."""
        return [covered_reason(reason, self.fields, self.entities.values()) for reason in self.reasons]

    @property
    def value_minor(self) -> int:
        """Money at stake in this event, in minor units; 0 when the event moves none."""
        for key in ("amount_minor", "total_minor", "discount_minor"):
            value = self.fields.get(key)
            if isinstance(value, int):
                return value
        before, after = self.fields.get("before_minor"), self.fields.get("after_minor")
        return before - after if isinstance(before, int) and isinstance(after, int) else 0

    @property
    def currency(self) -> str:
        """ISO 4217 code, or empty."""
        return str(self.fields.get("currency") or "")[:3]

    def subject(self, fired: Fired) -> tuple[str, str]:
        """Whom a fired rule is about, as (kind, the marketplace's id).

        The sender of a message; else the shopper for what shoppers do; else the customer, unless nobody
        but a shopper can have done it; else a thing: then the order first, otherwise the device.
        """
        sender = self.fields.get("sender")
        if sender in ("customer", "shopper") and sender in self.entities:
            return str(sender), self.entities[str(sender)]
        wants_shopper = (
            fired.code[:1] in "GBI"
            or fired.code in {"C1", "C2", "C3"}
            or any(mark in fired.clause for mark in _SHOPPER_FIRST)
        )
        people = ["shopper", "customer"] if wants_shopper else ["customer", "shopper"]
        things = ["device", "card", "order", "ip", "store"]
        if fired.clause not in _ANYBODY and any(mark in fired.clause for mark in _SHOPPER_ONLY):
            people, things = ["shopper"], ["order", "device", "card", "ip", "store"]
        for kind in people + things:
            if kind in self.entities:
                return kind, self.entities[kind]
        return "event", self.event_id

    def counterpart(self, subject_kind: str) -> tuple[str, str]:
        """The other side of the order, when there is one."""
        other = {"customer": "shopper", "shopper": "customer"}.get(subject_kind, "")
        return (other, self.entities[other]) if other in self.entities else ("", "")


@dataclass(frozen=True, slots=True)
class InForce:
    """From here on these rules apply. ``sources``: file name -> text, the whole set."""

    seq: int
    version: str
    at: dt.datetime
    sources: Mapping[str, str]
