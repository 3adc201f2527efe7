"""Short ways to run the marketplace without a server, and to look at what it did."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simulator.director import Programme
from simulator.offline import Judge, Offline, allow_all
from simulator.scenarios import SCENARIOS
from simulator.scenarios.base import Scenario
from simulator.truth import Plant, Truth

START = 1_767_600_000.0  # 2026-01-05T08:00:00Z


@dataclass
class Recorded:
    """Everything an offline run wrote."""

    lines: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    truth: Truth = field(default_factory=Truth)

    @property
    def events(self) -> list[dict[str, Any]]:
        return self.lines["events"]

    def of_type(self, event_type: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == event_type]

    @property
    def plant(self) -> Plant:
        (plant,) = self.truth.plants
        return plant


def marketplace(
    *,
    seed: int = 7,
    duration_s: float = 600,
    speed: float = 600,
    population: int = 60,
    judge: Judge = allow_all,
    **programme: Any,
) -> Recorded:
    """An ordinary offline run."""
    recorded = Recorded()
    run = Offline(seed, Programme(**programme), START, duration_s, speed, population, tag="t")
    recorded.truth = run.run(lambda kind, body: recorded.lines[kind].append(body), judge)
    return recorded


def played(
    scenario: str | Scenario,
    *,
    seed: int = 7,
    speed: float = 600,
    duration_s: float = 7_200,
    judge: Judge = allow_all,
) -> Recorded:
    """One scenario, alone in the world, to its end."""
    chosen = SCENARIOS[scenario] if isinstance(scenario, str) else scenario
    recorded = marketplace(
        seed=seed,
        duration_s=duration_s,
        speed=speed,
        population=0,
        judge=judge,
        rate=0.0,
        report_every_s=0.0,
        scenarios=[chosen],
        every_s=1e9,
    )
    assert recorded.plant.finished, "the scenario was still going on when the run ended"
    return recorded


def seconds(event: dict[str, Any]) -> float:
    """The event's time."""
    return datetime.fromisoformat(event["ts"]).timestamp()


async def until(condition: Callable[[], bool], what: str, deadline_s: float = 20.0) -> None:
    """Wait for something to become true."""
    give_up = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < give_up, f"this did not happen in time: {what}"
        await asyncio.sleep(0.01)
