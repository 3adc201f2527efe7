"""The engine: an ordered log of events in, explained decisions out.

Its state is a pure function of the log. Live, backtest, rule test and recovery after a crash all come through
`decide`, so they cannot disagree.

- Engine time is the greatest event time seen. An event with an earlier time counts at engine time and its
  decision says `late`.
- An event is judged by what came before it, then counted: it never sees itself.
- An event id seen before gets its first answer and changes nothing; with other content it is a Conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from tocsin.engine.decisions import (
    Action,
    Conflict,
    Decision,
    Explanation,
    Outcome,
    Reason,
    Verdict,
    utc,
)
from tocsin.engine.events import Event
from tocsin.engine.hashing import hash_text, signed
from tocsin.engine.kernel import screen as s
from tocsin.engine.kernel.memory import AT_LIMIT, AT_TOP, Words, machine_memory, reserve
from tocsin.engine.kernel.tables import find, rows_in
from tocsin.engine.language.ruleset import NO_RULES, RuleSet, load
from tocsin.engine.plan.layout import Layout
from tocsin.engine.plan.plan import Plan, make_plan
from tocsin.engine.runtime.answers import Answers
from tocsin.engine.runtime.encode import Encoder
from tocsin.engine.runtime.explain import Explainer
from tocsin.engine.runtime.state import LANES, Bench

ENGINE_VERSION: Final = "e2"  # changes when the same log and rules could lead to other decisions
STATE_FORMAT: Final = 2


class StateError(ValueError):
    """A snapshot that this engine cannot continue from."""


def _nothing(_lanes: int) -> None:
    """Nobody looks."""


class Engine:
    """One partition. Not thread-safe: one writer, in log order. ``after_batch`` may look at ``bench`` once a
    batch was run, and is told how many lanes it has; other rules forget it."""

    after_batch: Callable[[int], None]

    def __init__(self, rules: RuleSet, memory_limit: int | None = None, *, read_all: bool = False) -> None:
        """``memory_limit``: bytes, the machine's memory when None. ``read_all``: read every feature on every
        event, not only where a rule looks at it."""
        self._read_all = read_all
        plan = make_plan(rules, read_all=read_all)
        memory = reserve(memory_limit or machine_memory())
        plan.layout.open(memory, None)
        self._begin(plan, memory)

    def _begin(self, plan: Plan, memory: Words) -> None:
        self.clock = 0
        self.seq = 0
        self.memory = memory
        self.answers = Answers()
        self._no_rings = np.zeros(0, np.int64)
        self._columns = [np.zeros(LANES, np.int64) for _ in range(7)]
        self._install(plan)

    @property
    def rules(self) -> RuleSet:
        """The rules in force."""
        return self.plan.rules

    @property
    def rules_version(self) -> str:
        """Their version."""
        return self.plan.rules.version

    def decide(self, events: Sequence[Event], received_at: int | Sequence[int]) -> list[Outcome | Conflict]:
        """One outcome an event, in order. `received_at`: wall clock in milliseconds, for all or for each,
        given by the host and kept in the log, so that a replay says the same. Raises EngineFullError."""
        received = [received_at] * len(events) if isinstance(received_at, int) else received_at
        answers: list[Outcome | Conflict] = []
        while (start := len(answers)) < len(events):
            answers += self._decide(events[start : start + LANES], received[start : start + LANES])
        return answers

    def switch(self, rules: RuleSet) -> None:
        """Continue with other rules. Takes one place in the log. Counters whose definition is unchanged go
        on; new ones begin empty and know their whole window only after it has passed once."""
        plan = make_plan(rules, self.plan.layout, read_all=self._read_all)
        plan.layout.open(self.memory, self.plan.layout)
        self._install(plan)
        self.seq += 1

    def amend(self, event: Event, answered: Decision) -> None:
        """Remember what was really answered, when a replay by another engine version decided otherwise."""
        row = find(self.memory, s.IDS, np.int64(hash_text(event.id)))
        self.answers.remember(self.memory, int(row), answered)

    def snapshot(self) -> bytes:
        """Everything needed to go on from here."""
        state = {
            "format": STATE_FORMAT,
            "clock": self.clock,
            "seq": self.seq,
            "rules": dict(self.rules.sources),
            "answers": self.answers.dump(),
            "layout": self.plan.layout.plain(),
            "memory": self.memory[: int(self.memory[AT_TOP])].tobytes(),
        }
        return msgspec.msgpack.encode(state)

    @classmethod
    def restore(cls, snapshot: bytes, memory_limit: int | None = None) -> Engine:
        """The engine as it was, with the rules it had. Raises StateError."""
        try:
            state: dict[str, Any] = msgspec.msgpack.decode(snapshot)
        except msgspec.DecodeError as error:
            raise StateError(f"This is not a snapshot: {error}.") from None
        if state.get("format") != STATE_FORMAT:
            raise StateError(
                f"This snapshot has format {state.get('format')}; this engine reads {STATE_FORMAT}."
            )
        words = np.frombuffer(state["memory"], np.int64)
        memory = reserve(max(memory_limit or machine_memory(), 2 * words.nbytes))
        limit = memory[AT_LIMIT]
        memory[: len(words)] = words
        memory[AT_LIMIT] = limit
        layout = Layout.of_plain(state["layout"])
        plan = make_plan(load(state["rules"]) if state["rules"] else NO_RULES, layout)
        if len(plan.layout.groups) != len(layout.groups):
            raise StateError("This snapshot lacks counters that its rules need.")
        engine = cls.__new__(cls)
        engine._read_all = False
        engine._begin(plan, memory)
        engine.clock, engine.seq = state["clock"], state["seq"]
        engine.answers.load(state["answers"])
        return engine

    def sizes(self) -> dict[str, int]:
        """How much is kept, for the metrics."""
        rows = sum(rows_in(self.memory, group.number) for group in self.plan.layout.groups)
        return {"rows": rows, "answers": rows_in(self.memory, s.IDS), "bytes": int(self.memory[AT_TOP]) * 8}

    def _install(self, plan: Plan) -> None:
        self.plan: Plan = plan
        self.after_batch = _nothing
        self.bench = Bench(plan, self.memory)
        self._encoder = Encoder(plan)
        self._explainer = Explainer(plan)

    def _decide(self, events: Sequence[Event], received_at: Sequence[int]) -> list[Outcome | Conflict]:
        """The outcomes of the first events, of at least one."""
        n = len(events)
        ids, digests, sent, received, states, rows, clocks = self._columns
        ids[:n] = [hash_text(event.id) for event in events]
        digests[:n] = [signed(event.digest()) for event in events]
        sent[:n] = [event.ts for event in events]
        received[:n] = received_at
        first = self.seq
        clock, seq, n = s.screen(
            self.memory, ids, digests, sent, received, self.clock, self.seq, states, rows, clocks,
            self._no_rings, n,
        )  # fmt: skip
        self.bench.refuse_when_full()
        self.clock, self.seq = int(clock), int(seq)
        fresh = [i for i in range(n) if states[i] == s.NEW]
        decided = self._run([events[i] for i in fresh], sent[fresh], clocks[fresh]) if fresh else []
        outcomes: dict[int, Outcome] = {}
        for lane, i in enumerate(fresh):
            first += 1
            late = bool(sent[i] < clocks[i])
            outcome = self._outcome(events[i], lane, first, received_at[i], decided[lane], late=late)
            self.answers.remember(self.memory, int(rows[i]), outcome.decision)
            outcomes[i] = outcome
        return [outcomes[i] if i in outcomes else self._again(events[i], i) for i in range(n)]

    def _run(self, events: list[Event], sent: np.ndarray, clocks: np.ndarray) -> list[int]:
        """Run the kernel; whether any rule fired, by lane."""
        bench, n = self.bench, len(events)
        bench.types[:n] = [self._encoder.type_of(event) for event in events]
        bench.sent[:n] = sent
        bench.clocks[:n] = clocks
        self._encoder.fill(events, bench.ints, bench.numbers)
        self._encoder.marks(events, bench.mark_keys, bench.untils, bench.confidences)
        bench.run(n)
        self.after_batch(n)
        hit: list[int] = bench.hit[:n].tolist()
        return hit

    def _outcome(
        self, event: Event, lane: int, seq: int, received_at: int, hit: int, *, late: bool
    ) -> Outcome:
        verdict: Verdict = "allow"
        reasons: list[Reason] = []
        actions: list[Action] = []
        explanation: Explanation | None = None
        if hit:
            verdict, reasons, actions, explanation = self._explainer.explain(event, self.bench, lane)
        decision = Decision(
            event_id=event.id,
            verdict=verdict,
            reasons=reasons,
            actions=actions,
            rules_version=self.rules_version,
            engine_version=ENGINE_VERSION,
            seq=seq,
            decided_at=utc(received_at),
            late=late,
        )
        return Outcome(decision, explanation)

    def _again(self, event: Event, i: int) -> Outcome | Conflict:
        row = int(self._columns[5][i])
        if self._columns[4][i] == s.OTHER:
            return Conflict(event.id, int(self.memory[row + s.ID_POSITION]))
        return Outcome(self.answers.again(self.memory, row, event.id))
