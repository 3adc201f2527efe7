"""The first answers: an event id seen before gets the answer it got then, and changes nothing.

A plain "allow" is one word beside the id; any other answer keeps its words too, by day of engine time.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tocsin.engine.decisions import Action, Decision, Reason, utc
from tocsin.engine.kernel import screen as s
from tocsin.engine.kernel.memory import Words

_LATE: Final = 1
_SPOKEN: Final = 2  # the answer has words


class _Rest(msgspec.Struct, array_like=True):
    verdict: str
    reasons: list[Reason]
    actions: list[Action]


_rest = msgspec.json.Decoder(_Rest)


class Answers:
    """What was answered, by place in the log."""

    def __init__(self) -> None:
        self._versions: list[list[str]] = []  # [rules, engine], in the order they came into force
        self._days: dict[int, dict[int, bytes]] = {}

    def remember(self, memory: Words, row: int, decision: Decision) -> None:
        """Keep the answer to the event whose id has this row."""
        versions = [decision.rules_version, decision.engine_version]
        if not self._versions or self._versions[-1] != versions:
            self._versions.append(versions)
        spoken = decision.verdict != "allow"
        flags = (len(self._versions) - 1) << 8 | (_LATE if decision.late else 0) | (_SPOKEN if spoken else 0)
        memory[row + s.ID_ANSWER] = flags
        if spoken:
            rest = msgspec.json.encode(_Rest(decision.verdict, decision.reasons, decision.actions))
            self._day((int(memory[row]) - 1) // s.DAY)[int(memory[row + s.ID_POSITION])] = rest

    def again(self, memory: Words, row: int, event_id: str) -> Decision:
        """The first answer, marked as a duplicate."""
        flags, seq = int(memory[row + s.ID_ANSWER]), int(memory[row + s.ID_POSITION])
        rules, engine = self._versions[flags >> 8]
        rest = _Rest("allow", [], [])
        if flags & _SPOKEN:
            day = (int(memory[row]) - 1) // s.DAY
            rest = _rest.decode(self._days[day][seq])
        return Decision(
            event_id=event_id,
            verdict=rest.verdict,  # type: ignore[arg-type]
            reasons=rest.reasons,
            actions=rest.actions,
            rules_version=rules,
            engine_version=engine,
            seq=seq,
            decided_at=utc(int(memory[row + s.ID_RECEIVED])),
            late=bool(flags & _LATE),
            duplicate=True,
        )

    def dump(self) -> Any:
        """For a snapshot."""
        return [self._versions, self._days]

    def load(self, state: Any) -> None:
        """From a snapshot."""
        self._versions, self._days = state

    def _day(self, day: int) -> dict[int, bytes]:
        if day not in self._days:
            self._days[day] = {}
            for old in [known for known in self._days if known <= day - s.DAYS_KNOWN]:
                del self._days[old]
        return self._days[day]
