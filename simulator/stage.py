"""What a story has to hand: the world, its own source of chance, the clock, and its planted truth."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.events import Answer, Event, FieldValue
from simulator.model import Area, Ref
from simulator.pace import MINUTE, Pace
from simulator.standing import LOOK_AGAIN_S, REVIEW, STOPS_ACCOUNT, Gate, Standing
from simulator.steps import Refused, Say, Wait
from simulator.truth import Plant
from simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Generator

    from simulator.steps import Step

STEP_UP_FAILS = 0.03
"""Share of honest people who give up at a challenge."""


class Stage:
    """One story's surroundings. Event ids carry the story's number, so they repeat with the seed."""

    def __init__(
        self,
        world: World,
        standing: Standing,
        pace: Pace,
        clock: Callable[[], float],
        number: int,
        plant: Plant | None,
    ) -> None:
        self.world = world
        self.standing = standing
        self.pace = pace
        self.plant = plant
        self.number = number
        self.rng: random.Random = world.rng(f"story/{number}")
        self._clock = clock
        self._said = 0

    @property
    def now(self) -> float:
        """Epoch seconds."""
        return self._clock()

    def event(self, event_type: str, area: Area, entities: dict[str, str], **fields: FieldValue) -> Event:
        """A new event of this story."""
        self._said += 1
        ident = f"ev-{self.world.tag}-{self.number:06d}-{self._said:04d}"
        return Event(ident, event_type, area.region, area.zone, entities, fields)

    def life(self, seconds: float, *, at_least: float = 0.5, at_most: float | None = None) -> Wait:
        """Wait a natural duration, compressed by the pace of this run."""
        return Wait(self.pace.life(seconds, at_least=at_least, at_most=at_most))

    def stopped(self, account: Ref) -> bool:
        """Whether an account may not act at the moment."""
        return self.standing.has(account, STOPS_ACCOUNT, self.now) is not None

    def payout_stopped(self, account: Ref) -> bool:
        """Whether the marketplace keeps an account's earnings for now."""
        return self.standing.has(account, STOPS_ACCOUNT | {"hold_payout"}, self.now) is not None

    def chance(self, share: float) -> bool:
        """True in `share` of the cases."""
        return self.rng.random() < share

    def ask(self, event: Event, actor: Ref, *, bad: bool = False, honest: bool = True) -> Asked:
        """Tell Tocsin and obey: True when the deed may go on.

        An honest person passes a challenge after a minute or two; a thief cannot. Under review the deed waits
        until somebody releases or stops it, or until the time for that is over.
        """
        answer = yield Say(event, actor, bad=bad, honest=honest)
        if not answer.interrupts:
            return True
        match answer.verdict:
            case "block":
                return False
            case "step_up":
                yield self.life(self.rng.uniform(1, 3) * MINUTE, at_least=2)
                return honest and not self.chance(STEP_UP_FAILS)
            case "review":
                return (yield from self._wait_for_review(event, actor))
            case _:
                return True

    def _wait_for_review(self, event: Event, actor: Ref) -> Asked:
        held = self.standing.rule(event, actor, self.now).gate is Gate.HELD
        while self.standing.has(("event", event.id), {REVIEW}, self.now):
            yield Wait(LOOK_AGAIN_S)
            gate = self.standing.rule(event, actor, self.now).gate
            if gate is Gate.SHUT:
                return False
            if held and gate is Gate.OPEN:
                return True
        return True

    def must(self, event: Event, actor: Ref, *, bad: bool = False, honest: bool = True) -> Asking:
        """Like `ask`, but a deed that may not go on ends the story with `Refused`."""
        allowed = yield from self.ask(event, actor, bad=bad, honest=honest)
        if not allowed:
            raise Refused(f"{event.type} was not let through")


if TYPE_CHECKING:
    Asked = Generator[Step, Answer, bool]
    Asking = Generator[Step, Answer, None]
