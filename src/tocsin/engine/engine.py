"""The engine: an ordered log of events in, explained decisions out.

Its state is a pure function of the log. Live, backtest, rule test and recovery after a crash all come through
`decide`, so they cannot disagree.

- Engine time is the greatest event time seen. An event with an earlier time counts at engine time and its
  decision says `late`.
- An event is judged by what came before it, then counted: it never sees itself.
- An event id seen before gets its first answer and changes nothing; with other content it is a Conflict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from tocsin.engine.answers import Answers
from tocsin.engine.decisions import Conflict, Decision, Explanation, Outcome, utc
from tocsin.engine.events import Event
from tocsin.engine.features import Features
from tocsin.engine.moment import Moment
from tocsin.engine.rules import Rule, judge
from tocsin.engine.ruleset import RuleSet, load
from tocsin.engine.windows import dump as dump_counters
from tocsin.engine.windows import load as load_counters

ENGINE_VERSION: Final = "e1"  # changes when the same log and rules could lead to other decisions
STATE_FORMAT: Final = 1


class StateError(ValueError):
    """A snapshot that this engine cannot continue from."""


class Engine:
    """One partition. Not thread-safe: one writer, in log order."""

    def __init__(self, rules: RuleSet) -> None:
        self.clock = 0
        self.seq = 0
        self._answers = Answers()
        self._install(rules)

    @property
    def rules_version(self) -> str:
        return self.rules.version

    def decide(self, events: Iterable[Event], received_at: int) -> list[Outcome | Conflict]:
        """One outcome an event, in order. `received_at`: wall clock in milliseconds, given by the host and
        kept in the log, so that a replay says the same."""
        return [self._decide(event, received_at) for event in events]

    def replay(self, log: Iterable[tuple[Event, int] | RuleSet]) -> Iterator[Outcome | Conflict]:
        """The same through a recorded log of (event, received_at) and changes of rules."""
        for entry in log:
            if isinstance(entry, RuleSet):
                self.switch(entry)
            else:
                yield self._decide(*entry)

    def amend(self, event: Event, answered: Decision, received_at: int) -> None:
        """Remember what was really answered, when a replay by another engine version decided otherwise."""
        self._answers.remember(answered, event.digest(), self.clock, received_at)

    def switch(self, rules: RuleSet) -> None:
        """Continue with other rules. Takes one place in the log. Counters whose definition is unchanged go
        on; new ones begin empty and know their whole window only after it has passed once."""
        counters = self._features.counters
        self._install(rules)
        for print_, counter in counters.items():
            if print_ in self._features.counters:
                self._features.counters[print_].rows = counter.rows
        self.seq += 1

    def snapshot(self) -> bytes:
        """Everything needed to go on from here."""
        state = {
            "format": STATE_FORMAT,
            "clock": self.clock,
            "seq": self.seq,
            "rules": dict(self.rules.sources),
            "answers": self._answers.dump(),
            "counters": dump_counters(self._features.counters),
        }
        return msgspec.msgpack.encode(state)

    @classmethod
    def restore(cls, snapshot: bytes) -> Engine:
        """The engine as it was, with the rules it had. Raises StateError."""
        try:
            state: dict[str, Any] = msgspec.msgpack.decode(snapshot)
        except msgspec.DecodeError as error:
            raise StateError(f"This is not a snapshot: {error}.") from None
        if state.get("format") != STATE_FORMAT:
            raise StateError(
                f"This snapshot has format {state.get('format')}; this engine reads {STATE_FORMAT}."
            )
        engine = cls(load(state["rules"]))
        engine.clock, engine.seq = state["clock"], state["seq"]
        engine._answers.load(state["answers"])
        missing = list(load_counters(engine._features.counters, state["counters"]))
        if missing:
            raise StateError(f"This snapshot lacks {len(missing)} of the counters that its rules need.")
        return engine

    def sizes(self) -> dict[str, int]:
        """How much is kept, for the metrics."""
        rows = sum(len(counter.rows) for counter in self._features.counters.values())
        return {"rows": rows, "answers": len(self._answers)}

    def _install(self, rules: RuleSet) -> None:
        self.rules = rules
        self._features = Features(rules.features, rules.lists)
        self._by_type: dict[str, list[Rule]] = rules.compiled()

    def _decide(self, event: Event, received_at: int) -> Outcome | Conflict:
        digest = event.digest()
        if (held := self._answers.find(event.id)) is not None:
            if self._answers.digest(held) != digest:
                return Conflict(event.id, self._answers.seq(held))
            return Outcome(self._answers.again(event.id, held))
        late = event.ts < self.clock
        self.clock = max(self.clock, event.ts)
        moment = Moment(event, self.clock, self._features.readers)
        outcome = self._judge(event, moment, received_at, late)
        for update in self._features.due(moment):
            update(moment)
        self._answers.remember(outcome.decision, digest, self.clock, received_at)
        return outcome

    def _judge(self, event: Event, moment: Moment, received_at: int, late: bool) -> Outcome:
        errors: list[str] = []
        fired = [rule for rule in self._by_type.get(event.type, ()) if rule.fires(moment, errors)]
        verdict, reasons, actions = judge(fired, moment)
        self.seq += 1
        decision = Decision(
            event_id=event.id,
            verdict=verdict,
            reasons=reasons,
            actions=actions,
            rules_version=self.rules.version,
            engine_version=ENGINE_VERSION,
            seq=self.seq,
            decided_at=utc(received_at),
            late=late,
        )
        if not fired and not errors:
            return Outcome(decision)
        names = [rule.fired() for rule in sorted(fired, key=lambda rule: rule.rank)]
        return Outcome(decision, Explanation(self.clock, names, dict(moment.read), errors))
