"""Runs the stories: wakes each when its time has come and carries out what it yields.

The same scheduler serves the live run (real clock, real HTTP) and the offline run (virtual clock, every
verdict `allow`), so what tests see is what Tocsin gets.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

from simulator.events import UNDECIDED, Answer, Report
from simulator.pace import Pace
from simulator.stage import Stage
from simulator.standing import LOOK_AGAIN_S, Gate, Standing
from simulator.steps import Begin, FollowUp, Refused, Say, Step, Story, Tell, Verify, Wait
from simulator.truth import Plant, Truth
from simulator.world import World

Make = Callable[[Stage], Story]


@dataclass(slots=True)
class Running:
    """A story on its way. `ticket` tells a fresh wake-up from one that came too late."""

    number: int
    story: Story
    stage: Stage
    ticket: int = 0


class Outlet(Protocol):
    """Where events and reports go. Replies come back through `Scheduler.resume`."""

    patience: float | None

    def say(self, say: Say, running: Running, ticket: int) -> None:
        """Send one event; resume with an `Answer` if the story waits for it."""

    def tell(self, report: Report, running: Running, ticket: int) -> None:
        """File a report; resume with its number, or None."""

    def follow_up(self, number: str, text: str) -> None:
        """Ask after a report and add to it; nobody waits for the reply."""

    def verify(self, order_id: str, body: dict[str, Any]) -> None:
        """Say how a verification of an order went; nobody waits for the reply."""


class Scheduler:
    """A heap of wake-ups."""

    def __init__(
        self, world: World, standing: Standing, truth: Truth, pace: Pace, clock: Callable[[], float]
    ) -> None:
        self.world = world
        self.standing = standing
        self.truth = truth
        self.pace = pace
        self.clock = clock
        self.outlet: Outlet
        self.counts: Counter[str] = Counter()
        self.running = 0
        self._heap: list[tuple[float, int, Running, int, Any]] = []
        self._order = count()
        self._numbers = count(1)

    def begin(self, make: Make, *, plant: Plant | None = None, after: float = 0.0) -> None:
        """Start a story `after` so many seconds."""
        number = next(self._numbers)
        stage = Stage(self.world, self.standing, self.pace, self.clock, number, plant)
        running = Running(number, make(stage), stage)
        self.running += 1
        self._wake(running, self.clock() + after, None)

    def resume(self, running: Running, ticket: int, value: Any) -> bool:
        """Bring a story its reply; False when it has already gone on without."""
        if running.ticket != ticket:
            return False
        self._wake(running, self.clock(), value)
        return True

    def next_at(self) -> float | None:
        """When the next story wakes."""
        return self._heap[0][0] if self._heap else None

    def run_due(self, at_most: int = 1_000) -> int:
        """Carry out what is due now, up to `at_most` wake-ups, and say how many there were."""
        done = 0
        while done < at_most and self._heap and self._heap[0][0] <= self.clock():
            _, _, running, ticket, value = heapq.heappop(self._heap)
            if running.ticket == ticket:
                running.ticket += 1
                self._go_on(running, value)
                done += 1
        return done

    def _wake(self, running: Running, at: float, value: Any) -> None:
        heapq.heappush(self._heap, (at, next(self._order), running, running.ticket, value))

    def _go_on(self, running: Running, value: Any) -> None:
        """Run a story until it has to wait for something."""
        step: Step | None = value if isinstance(value, Say) else None
        while True:
            if step is None:
                step = self._advance(running, value)
                if step is None:
                    return
            match step:
                case Wait(seconds):
                    self._wake(running, self.clock() + seconds, None)
                    return
                case Begin(make, same_plant):
                    self.begin(make, plant=running.stage.plant if same_plant else None)
                    value = None
                case Tell(report):
                    if running.stage.plant is not None:
                        running.stage.plant.reports.append(report.external_id)
                    self.counts["reports"] += 1
                    self.outlet.tell(report, running, running.ticket)
                    return
                case FollowUp(number, text):
                    self.outlet.follow_up(number, text)
                    value = None
                case Verify(order_id, body):
                    self.outlet.verify(order_id, body)
                    value = None
                case Say():
                    value = self._say(running, step)
                    if value is _PARKED:
                        return
            step = None

    def _say(self, running: Running, say: Say) -> Any:
        now = self.clock()
        if not say.system:
            ruling = self.standing.rule(say.event, say.actor, now)
            if ruling.gate is Gate.SHUT:
                self.counts["refused"] += 1
                return Refused(ruling.why)
            if ruling.gate is Gate.HELD:
                self._wake(running, now + LOOK_AGAIN_S, say)
                return _PARKED
            if not self._passes_step_up(say, now):
                self.counts["refused"] += 1
                return Refused("could not verify themselves")
        say.event.at = now
        self.counts["events"] += 1
        self.truth.said(say.event, say.actor, running.stage.plant, bad=say.bad)
        self.outlet.say(say, running, running.ticket)
        if not say.wait:
            return None
        if self.outlet.patience is not None:
            self._wake(running, now + self.outlet.patience, UNDECIDED)
        return _PARKED

    def _passes_step_up(self, say: Say, now: float) -> bool:
        if self.standing.has(say.actor, {"step_up"}, now) is None:
            return True
        if say.honest:
            self.standing.clear(say.actor, "step_up")
        return say.honest

    def _advance(self, running: Running, value: Any) -> Step | None:
        try:
            if isinstance(value, Refused):
                return running.story.throw(value)
            if isinstance(value, Answer) and value.undecided:
                self.counts["undecided"] += 1
            return running.story.send(value)
        except StopIteration:
            pass
        except Refused:
            self.counts["stories refused"] += 1
        self.running -= 1
        running.ticket = -1
        return None


_PARKED = object()
