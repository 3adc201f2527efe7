"""What every planted scenario has: a name, the reason codes it should set off, and a story."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from simulator.model import Person
from simulator.stage import Stage
from simulator.steps import Refused, Story
from simulator.stories.order import Ordering, Outcome, Plan, order
from simulator.truth import Plant


@dataclass(frozen=True)
class Scenario:
    """A kind of harm. Its numbers are fields, so a test or a demonstration can turn them."""

    name: ClassVar[str]
    summary: ClassVar[str]
    expects: ClassVar[frozenset[str]]
    """Signals (domain handbook §4.1) whose pattern it really shows; empty where only reports can tell."""

    def play(self, stage: Stage) -> Story:
        """The deeds, in order."""
        raise NotImplementedError

    def story(self, stage: Stage) -> Story:
        """`play`, with the ground truth closed when it has run to its end or was stopped."""
        with contextlib.suppress(Refused):
            yield from self.play(stage)
        planted(stage).finish()


def planted(stage: Stage) -> Plant:
    """The ground truth of the scenario on this stage."""
    if stage.plant is None:
        raise RuntimeError("A scenario was started without a plant to record its truth.")
    return stage.plant


def involve(stage: Stage, person: Person, role: str = "offender") -> None:
    """Mark somebody as part of the scenario, with everything they hold."""
    stage.world.truth.involve(planted(stage), person.ref, role)


def stake(stage: Stage, amounts_minor: Iterable[int]) -> list[str]:
    """Put everything at stake before the first deed, so that what is stopped early counts as kept."""
    plant = planted(stage)
    keys = []
    for amount in amounts_minor:
        keys.append(f"stake {len(plant.stakes) + 1}")
        plant.stake(keys[-1], amount)
    return keys


def lost_if_delivered(stage: Stage, plan: Plan, key: str) -> Ordering:
    """An order whose stake is lost if it is delivered."""
    outcome: Outcome = yield from order(stage, plan)
    planted(stage).settle(key, lost=outcome.delivered)
    return outcome
