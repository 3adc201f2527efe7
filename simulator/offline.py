"""The same marketplace without Tocsin: a virtual clock, verdicts from a function (`allow`, if none is given).

The same seed, start and options give the same files, byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, Any

from simulator.director import Director, Programme
from simulator.events import ALLOW, Answer, Event, Report
from simulator.obey import Obedience
from simulator.pace import Pace
from simulator.scheduler import Running, Scheduler
from simulator.score import score
from simulator.standing import Standing
from simulator.steps import Say
from simulator.truth import Truth
from simulator.world import World

Write = Callable[[str, dict[str, Any]], None]
Judge = Callable[[Event], Answer]


class VirtualClock:
    """A clock that jumps to the next thing that happens."""

    def __init__(self, start: float) -> None:
        self.now = start

    def __call__(self) -> float:
        return self.now


def allow_all(event: Event) -> Answer:
    """Nobody objects to anything."""
    return ALLOW


class PaperOutlet:
    """Writes down what would have been sent and answers at once."""

    patience: float | None = None

    def __init__(self, scheduler: Scheduler, write: Write, judge: Judge) -> None:
        self._scheduler = scheduler
        self._write = write
        self._judge = judge
        self._obedience = Obedience(scheduler.standing, scheduler.truth, scheduler.pace)
        self._numbers = count(1)

    def say(self, say: Say, running: Running, ticket: int) -> None:
        self._write("events", say.event.body())
        answer = self._judge(say.event)
        self._obedience.verdict(say.event, say.actor, answer, say.event.at)
        if say.wait:
            self._scheduler.resume(running, ticket, answer)

    def tell(self, report: Report, running: Running, ticket: int) -> None:
        self._write("reports", report.body)
        self._scheduler.resume(running, ticket, f"offline-{next(self._numbers)}")

    def follow_up(self, number: str, text: str) -> None:
        self._write("follow_ups", {"number": number, "text": text})

    def verify(self, order_id: str, body: dict[str, Any]) -> None:
        self._write("verifications", {"order": order_id, **body})


@dataclass(frozen=True)
class Offline:
    """What to simulate."""

    seed: int
    programme: Programme
    start: float
    duration_s: float
    speed: float = 1.0
    population: int = 200
    tag: str = "offline"

    def run(self, write: Write, judge: Judge = allow_all) -> Truth:
        """Simulate and hand every line to `write(kind, body)`; the ground truth is returned."""
        clock = VirtualClock(self.start)
        truth, standing = Truth(), Standing()
        world = World(self.seed, self.tag, truth, lambda entity: write("entities", entity.body()))
        scheduler = Scheduler(world, standing, truth, Pace(self.speed), clock)
        scheduler.outlet = PaperOutlet(scheduler, write, judge)
        world.settle_in(clock(), self.population)
        Director(scheduler, self.programme).start()
        end = self.start + self.duration_s
        while (due := scheduler.next_at()) is not None and due <= end:
            clock.now = max(clock.now, due)
            scheduler.run_due()
        return truth


def write_folder(run: Offline, folder: Path, judge: Judge = allow_all) -> Truth:
    """Run into `folder`: events.jsonl, entities.jsonl, reports.jsonl, follow_ups.jsonl,
    verifications.jsonl and truth.json."""
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, IO[str]] = {
        kind: (folder / f"{kind}.jsonl").open("w", encoding="utf-8")
        for kind in ("events", "entities", "reports", "follow_ups", "verifications")
    }
    try:
        truth = run.run(
            lambda kind, body: print(json.dumps(body, ensure_ascii=False), file=files[kind]), judge
        )
    finally:
        for file in files.values():
            file.close()
    text = json.dumps(score(truth), ensure_ascii=False, indent=2)
    (folder / "truth.json").write_text(text + "\n", encoding="utf-8")
    return truth
