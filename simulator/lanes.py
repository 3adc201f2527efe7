"""Sends events in order, many at once, and never more than the buffer allows to wait.

Every story has its lane, so its events arrive in the order they happened. A lane sends what has gathered
while the last call was out: one event alone, or a batch. When Tocsin is down events wait here, counted.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.client import Door, Reply
from simulator.events import UNDECIDED, Answer
from simulator.ledger import Ledger
from simulator.scheduler import Running
from simulator.steps import Say

LARGEST_BATCH = 200
NEARLY_FULL = 0.8
PROBLEMS_KEPT = 20

Decided = Callable[[Say, Answer], None]
Resume = Callable[[Running, int, Any], object]


@dataclass(slots=True)
class Outgoing:
    """An event on its way, and who waits for its answer."""

    say: Say
    running: Running
    ticket: int


class Lanes:
    """`decided` hears every verdict; `resume` wakes the story that waits for it."""

    def __init__(
        self,
        door: Door,
        ledger: Ledger,
        decided: Decided,
        resume: Resume,
        *,
        lanes: int = 8,
        room: int = 20_000,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self._door = door
        self._ledger = ledger
        self._decided = decided
        self._resume = resume
        self._room = room
        self._waiting: list[deque[Outgoing]] = [deque() for _ in range(lanes)]
        self._wake = [asyncio.Event() for _ in range(lanes)]
        self._out = 0

    @property
    def buffered(self) -> int:
        """Events that Tocsin has not acknowledged yet."""
        return sum(map(len, self._waiting)) + self._out

    @property
    def nearly_full(self) -> bool:
        """Time to begin nothing new."""
        return self.buffered > self._room * NEARLY_FULL

    def put(self, outgoing: Outgoing) -> None:
        """Queue an event. With no room left it is dropped and counted, and its story goes on undecided."""
        if self.buffered >= self._room:
            self.counts["dropped"] += 1
            self._tell(outgoing, UNDECIDED)
            return
        lane = outgoing.running.number % len(self._waiting)
        self._waiting[lane].append(outgoing)
        self._wake[lane].set()

    async def run(self) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for lane in range(len(self._waiting)):
                tasks.create_task(self._drive(lane))

    async def _drive(self, lane: int) -> None:
        queue = self._waiting[lane]
        while True:
            await self._wake[lane].wait()
            self._wake[lane].clear()
            while queue:
                batch = [queue.popleft() for _ in range(min(len(queue), LARGEST_BATCH))]
                self._out += len(batch)
                try:
                    await self._send(batch)
                finally:
                    self._out -= len(batch)

    async def _send(self, batch: list[Outgoing]) -> None:
        bodies = [outgoing.say.event.body() for outgoing in batch]
        key = f"{bodies[0]['id']}/{len(bodies)}"
        body = bodies[0] if len(bodies) == 1 else {"events": bodies}
        reply = await self._door.call("POST", "/v1/decide", body, key=key)
        if reply.status == 413 and len(batch) > 1:
            half = len(batch) // 2
            await self._send(batch[:half])
            await self._send(batch[half:])
            return
        self.counts["calls"] += 1
        answers = _answers(reply, len(batch))
        entries = [
            _entry(outgoing, answer, event_body)
            for outgoing, answer, event_body in zip(batch, answers, bodies, strict=True)
            if _is_decision(answer)
        ]
        self._ledger.add(entries)
        for outgoing, answer in zip(batch, answers, strict=True):
            self._take(outgoing, answer)

    def _take(self, outgoing: Outgoing, answer: dict[str, Any]) -> None:
        if not _is_decision(answer):
            self.counts["refused"] += 1
            if len(self.problems) < PROBLEMS_KEPT:
                self.problems.append(f"{outgoing.say.event.type}: {Reply(0, answer).problem}")
            self._tell(outgoing, UNDECIDED)
            return
        self.counts["acknowledged"] += 1
        for mark in ("late", "duplicate"):
            if answer.get(mark):
                self.counts[mark] += 1
        decided = Answer.from_body(answer)
        self._decided(outgoing.say, decided)
        self._tell(outgoing, decided)

    def _tell(self, outgoing: Outgoing, answer: Answer) -> None:
        if outgoing.say.wait:
            self._resume(outgoing.running, outgoing.ticket, answer)


def _answers(reply: Reply, wanted: int) -> list[dict[str, Any]]:
    """One answer for each event, in order; a reply that makes no sense counts as a refusal of each."""
    body = reply.body if isinstance(reply.body, dict) else {}
    if reply.ok and wanted == 1 and "verdict" in body:
        return [body]
    decisions = body.get("decisions")
    if reply.ok and isinstance(decisions, list) and len(decisions) == wanted:
        return [d.get("error") or d if isinstance(d, dict) else {} for d in decisions]
    return [body or {"title": f"reply {reply.status}"}] * wanted


def _is_decision(answer: dict[str, Any]) -> bool:
    return "verdict" in answer


def _entry(outgoing: Outgoing, answer: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "event",
        "event_id": outgoing.say.event.id,
        "verdict": answer["verdict"],
        "seq": answer.get("seq"),
        "duplicate": bool(answer.get("duplicate")),
        "event": body,
    }
