"""The pump: takes what waits, decides it, makes it durable, answers. The only place that touches the engine.

One turn decides everything that is waiting (up to a limit) and ends with one fdatasync, whether it held one
event or hundreds. Nobody is answered before that. The loop waits for the disk itself: what could be read
meanwhile waits in the sockets and makes the next turn larger, and handing the wait to a thread and back takes
longer than most waits. If anything goes wrong the engine may be ahead of the log,
so there is only one honest way on: stop the process and rebuild the engine from the log.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable
from functools import partial

import msgspec

from tocsin.engine.decisions import Conflict, Outcome
from tocsin.engine.engine import Engine
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.log import LogWriter
from tocsin.engine.log.frames import EVENT, RULES
from tocsin.engine.log.records import event_payload, rules_payload
from tocsin.surfaces.decide.metrics import Metrics
from tocsin.surfaces.decide.problems import Problem, busy, too_many
from tocsin.surfaces.decide.reading import Item
from tocsin.surfaces.decide.replies import Answer, Answers

#: Gets the answers once they are durable, or why there are none.
Tell = Callable[[Answers | Problem], None]

logger = logging.getLogger("tocsin.decide")

KEY_SHARE = 0.75  # of the queue that a single key may fill

_encode = msgspec.json.Encoder().encode


class _Waiting:
    """A request in the queue. `rules` instead of items: a change of rules."""

    __slots__ = ("answers", "items", "key", "rules", "tell")

    def __init__(self, items: list[Item], key: str, tell: Tell, rules: RuleSet | None = None) -> None:
        self.items = items
        self.key = key
        self.tell = tell
        self.rules = rules
        self.answers: Answers = []


def _tell(one: _Waiting, answers: Answers | Problem) -> None:
    try:
        one.tell(answers)
    except Exception:  # one connection's trouble is not everybody's
        logger.exception("an answer could not be given; asked again, it is the same")


def settle(future: asyncio.Future[Answers], answers: Answers | Problem) -> None:
    """Tell a coroutine, unless it has gone."""
    if future.done():
        return
    if isinstance(answers, Problem):
        future.set_exception(answers)
    else:
        future.set_result(answers)


class Pump:
    """One engine, one log, one task."""

    def __init__(
        self,
        engine: Engine,
        log: LogWriter,
        metrics: Metrics,
        queue_limit: int,
        turn_limit: int,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.engine = engine
        self._log = log
        self._metrics = metrics
        self._queue_limit = queue_limit
        self._turn_limit = turn_limit
        self._clock = clock
        self._queue: deque[_Waiting] = deque()
        self._by_key: Counter[str] = Counter()
        self._events = 0
        self._wake = asyncio.Event()
        self._stopping = False

    @property
    def committed(self) -> int:
        """Position of the last durable record."""
        return self._log.committed

    @property
    def waiting(self) -> int:
        """Events in the queue or in the present turn."""
        return self._events

    def submit(self, items: list[Item], key: str, tell: Tell) -> None:
        """Queue a request; `tell` gets one answer an event, durable, or a Problem when the pump dies before.
        Raises Problem 503 or 429 when there is no room."""
        if self._stopping or self._events + len(items) > self._queue_limit:
            raise busy()
        if self._by_key[key] + len(items) > KEY_SHARE * self._queue_limit:
            raise too_many()
        self._by_key[key] += len(items)
        self._events += len(items)
        self._enqueue(_Waiting(items, key, tell))

    async def switch(self, rules: RuleSet) -> None:
        """Continue with these rules, from the next turn on, with a record in the log that says so."""
        switched: asyncio.Future[Answers] = asyncio.get_running_loop().create_future()
        self._enqueue(_Waiting([], "", partial(settle, switched), rules))
        await switched

    async def run(self) -> None:
        """Until `stop`, and until everything that waited then is answered. Any error is fatal (see above)."""
        waiting: list[_Waiting] = []
        try:
            while self._queue or not self._stopping:
                if not self._queue:
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                waiting = self._take()
                self._turn(waiting)
                await asyncio.sleep(0)  # read what has come in the meantime
        except BaseException:
            self._stopping = True
            for one in (*waiting, *self._queue):
                _tell(one, busy(5))
            raise

    def stop(self) -> None:
        """Take nothing new; `run` ends when the queue is empty."""
        self._stopping = True
        self._wake.set()

    def close(self) -> None:
        """After `run` has ended: commit and let go of the log."""
        self._log.close()

    def _enqueue(self, one: _Waiting) -> None:
        self._queue.append(one)
        self._wake.set()

    def _take(self) -> list[_Waiting]:
        """Whole requests, at least one, together not much more than a turn's limit."""
        taken, events = [], 0
        while self._queue and events < self._turn_limit:
            one = self._queue.popleft()
            taken.append(one)
            events += len(one.items)
        return taken

    def _turn(self, waiting: list[_Waiting]) -> None:
        now, before = self._clock(), self._log.position
        together: list[_Waiting] = []
        for one in waiting:
            if one.rules is not None:
                self._decide(together, now)
                together = []
                self._switch(one.rules, now)
            else:
                together.append(one)
        self._decide(together, now)
        if self._log.position > before:
            started = time.perf_counter()
            self._log.commit()
            self._metrics.commit_seconds.observe(time.perf_counter() - started)
        self._metrics.turn_events.observe(sum(len(one.items) for one in waiting))
        for one in waiting:
            self._leave(one)
            _tell(one, one.answers)

    def _decide(self, waiting: list[_Waiting], now: int) -> None:
        """All events of these requests, in one go of the engine."""
        events = [item.event for one in waiting for item in one.items]
        outcomes = iter(self.engine.decide(events, now))
        for one in waiting:
            one.answers = [self._answer(item, one.key, now, next(outcomes)) for item in one.items]

    def _answer(self, item: Item, key: str, now: int, outcome: Outcome | Conflict) -> Answer:
        if isinstance(outcome, Conflict):
            self._metrics.counts["conflict"] += 1
            return outcome
        encoded = _encode(outcome.decision)
        if outcome.decision.duplicate:
            self._metrics.counts["duplicate"] += 1
            return encoded
        self._log.append(EVENT, event_payload(now, key, item.raw, encoded, outcome.explanation))
        self._count(outcome)
        return encoded

    def _switch(self, rules: RuleSet, now: int) -> None:
        self.engine.switch(rules)
        self._log.append(RULES, rules_payload(now, rules.version, dict(rules.sources)))

    def _leave(self, one: _Waiting) -> None:
        self._events -= len(one.items)
        self._by_key[one.key] -= len(one.items)
        if not self._by_key[one.key]:
            del self._by_key[one.key]

    def _count(self, outcome: Outcome) -> None:
        self._metrics.verdicts[outcome.decision.verdict] += 1
        self._metrics.counts["late"] += outcome.decision.late
        if outcome.explanation is not None:
            self._metrics.rules.update(fired.rule for fired in outcome.explanation.fired)
            self._metrics.watched.update(watched.rule for watched in outcome.explanation.watched)
