"""Decides what begins when: ordinary life at the asked rate, look-alikes, reports, and planted scenarios."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from simulator.places import areas
from simulator.scenarios.base import Scenario
from simulator.scheduler import Make, Scheduler
from simulator.stage import Stage
from simulator.steps import Begin, Story, Wait
from simulator.stories import accounts, daily, lookalikes, telling

FIRST_GUESS_EVENTS = 20.0
"""Events in one ordinary story, until enough of them have been seen."""
MIND_CHANGE = 0.05
FIRST_PLANT_S = 3.0
BUSY_BY_HOUR = (2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 13, 14, 14, 13, 12, 13, 15, 17, 18, 16, 12, 9, 6, 4)
"""How busy each local hour is; only shape, scaled to a mean of one."""


@dataclass(frozen=True)
class Programme:
    """What a run should contain."""

    rate: float = 20.0
    """Events a second that ordinary life should settle at."""
    scenarios: list[Scenario] = field(default_factory=list)
    every_s: float = 60.0
    """Seconds between the starts of two planted scenarios."""
    report_every_s: float = 20.0
    lookalike_share: float = 0.03
    chore_share: float = 0.12
    day_rhythm: bool = False


class Director:
    """Starts stories. Its own decisions are stories too, so they follow the same clock and seed."""

    def __init__(self, scheduler: Scheduler, programme: Programme) -> None:
        self._scheduler = scheduler
        self._programme = programme
        self._events_per_story = FIRST_GUESS_EVENTS
        self._begun = 0
        self._open = True

    def start(self) -> None:
        """Set everything going."""
        programme = self._programme
        if programme.rate > 0:
            self._scheduler.begin(self._ordinary_life)
        if programme.report_every_s > 0:
            self._scheduler.begin(self._reports)
        if programme.scenarios:
            self._scheduler.begin(self._harm)

    def stop(self) -> None:
        """Begin nothing new."""
        self._open = False

    def pause(self, paused: bool) -> None:
        """Hold back new stories while Tocsin cannot take what we already have."""
        self._open = not paused

    def _ordinary_life(self, stage: Stage) -> Story:
        while True:
            yield Wait(stage.rng.expovariate(self._stories_per_second(stage.now)))
            if self._open:
                self._begun += 1
                yield Begin(self._draw(stage.rng))

    def _draw(self, rng: random.Random) -> Make:
        share = rng.random()
        if share < self._programme.lookalike_share:
            return rng.choice(lookalikes.LOOKALIKES)
        if share < self._programme.lookalike_share + self._programme.chore_share:
            return accounts.chore
        return daily.grocery_run

    def _stories_per_second(self, now: float) -> float:
        """The asked rate over the events one story really makes, learnt as the run goes."""
        finished = self._begun - self._scheduler.running
        if finished > 200:
            seen = self._scheduler.counts["events"] / self._begun
            self._events_per_story += (seen - self._events_per_story) * MIND_CHANGE
        busy = rhythm(now) if self._programme.day_rhythm else 1.0
        return max(self._programme.rate * busy / self._events_per_story, 1e-3)

    def _reports(self, stage: Stage) -> Story:
        while True:
            yield Wait(stage.rng.expovariate(1 / self._programme.report_every_s))
            if self._open:
                yield Begin(telling.somebody_reports)

    def _harm(self, stage: Stage) -> Story:
        """Plant every scenario in turn, then again in another order."""
        yield Wait(FIRST_PLANT_S)
        queue = list(self._programme.scenarios)
        while True:
            for scenario in queue:
                if self._open:
                    truth = self._scheduler.truth
                    plant = truth.plant(scenario.name, scenario.expects, stage.now)
                    self._scheduler.begin(scenario.story, plant=plant)
                yield Wait(self._programme.every_s)
            stage.rng.shuffle(queue)


def rhythm(now: float) -> float:
    """How busy the marketplace is at this moment, averaged over its zones; 1 on average over a day."""
    moment = datetime.fromtimestamp(now, UTC)
    zones = [area.zone for area in areas()]
    mean = sum(BUSY_BY_HOUR) / len(BUSY_BY_HOUR)
    return sum(BUSY_BY_HOUR[moment.astimezone(ZoneInfo(z)).hour] for z in zones) / len(zones) / mean
