"""What every planted scenario has: a name, the reason codes it should set off, and a story."""

from __future__ import annotations

import contextlib
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
        """`play`, with the ground truth closed however it ends."""
        plant = planted(stage)
        try:
            with contextlib.suppress(Refused):
                yield from self.play(stage)
        finally:
            plant.finished = True


def planted(stage: Stage) -> Plant:
    """The ground truth of the scenario on this stage."""
    if stage.plant is None:
        raise RuntimeError("A scenario was started without a plant to record its truth.")
    return stage.plant


def involve(stage: Stage, person: Person, role: str = "offender") -> None:
    """Mark somebody as part of the scenario, with everything they hold."""
    stage.world.truth.involve(planted(stage), person.ref, role)


def staked_order(stage: Stage, plan: Plan, amount_minor: int | None = None) -> Ordering:
    """An order whose value (or `amount_minor`) is lost if it is delivered."""
    outcome: Outcome = yield from order(stage, plan)
    plant = planted(stage)
    plant.stake(outcome.order_id, outcome.total_minor if amount_minor is None else amount_minor)
    plant.settle(outcome.order_id, lost=outcome.delivered)
    return outcome
