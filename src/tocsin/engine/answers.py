"""The first answers: an event id seen before gets the answer it got then, and changes nothing.

Kept by day of engine time, 32 days, so at least 31 whole days back. A plain "allow" takes 29 bytes; any other
answer keeps its JSON.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import msgspec

from tocsin.engine.decisions import Action, Decision, Reason, utc

DAYS_KEPT: Final = 32
_DAY: Final = 86_400_000
_HEAD: Final = struct.Struct("<QQQIB")  # digest, seq, decided at (ms), number of the versions, late


class _Rest(msgspec.Struct, array_like=True):
    verdict: str
    reasons: list[Reason]
    actions: list[Action]


_rest = msgspec.json.Decoder(_Rest)


class Answers:
    """Event id -> digest of the content and the first answer."""

    def __init__(self) -> None:
        self._days: dict[int, dict[str, bytes]] = {}
        self._versions: list[list[str]] = []  # [rules, engine], in the order they came into force
        self._newest = -1

    def __len__(self) -> int:
        return sum(map(len, self._days.values()))

    def find(self, event_id: str) -> bytes | None:
        for day in self._days.values():
            if (held := day.get(event_id)) is not None:
                return held
        return None

    def remember(self, decision: Decision, digest: int, clock: int, decided_ms: int) -> None:
        day = clock // _DAY
        if day > self._newest:
            self._newest = day
            self._days[day] = {}
            for old in [d for d in self._days if d <= day - DAYS_KEPT]:
                del self._days[old]
        versions = [decision.rules_version, decision.engine_version]
        if not self._versions or self._versions[-1] != versions:
            self._versions.append(versions)
        head = _HEAD.pack(digest, decision.seq, decided_ms, len(self._versions) - 1, decision.late)
        rest = b""
        if decision.verdict != "allow":
            rest = msgspec.json.encode(_Rest(decision.verdict, decision.reasons, decision.actions))
        self._days[day][decision.event_id] = head + rest

    def digest(self, held: bytes) -> int:
        return int(_HEAD.unpack_from(held)[0])

    def seq(self, held: bytes) -> int:
        return int(_HEAD.unpack_from(held)[1])

    def again(self, event_id: str, held: bytes) -> Decision:
        """The first answer, marked as a duplicate."""
        _, seq, decided, version, late = _HEAD.unpack_from(held)
        rest = _rest.decode(held[_HEAD.size :]) if len(held) > _HEAD.size else _Rest("allow", [], [])
        return Decision(
            event_id=event_id,
            verdict=rest.verdict,  # type: ignore[arg-type]
            reasons=rest.reasons,
            actions=rest.actions,
            rules_version=self._versions[version][0],
            engine_version=self._versions[version][1],
            seq=seq,
            decided_at=utc(decided),
            late=bool(late),
            duplicate=True,
        )

    def dump(self) -> Any:
        return [self._newest, self._versions, self._days]

    def load(self, state: Any) -> None:
        self._newest, self._versions, self._days = state
