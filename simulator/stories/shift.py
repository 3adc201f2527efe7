"""A shopper's working day: prove who you are, go online, wait for orders, go home."""

from __future__ import annotations

from functools import partial

from simulator.events import Event
from simulator.model import Shopper
from simulator.pace import HOUR, MINUTE
from simulator.stage import Stage
from simulator.steps import Begin, Say, Story

SHORTEST_SHIFT_S = 20 * MINUTE
"""Long enough for a few uncompressed trips."""


def selfie(
    stage: Stage, shopper: Shopper, *, device: str | None = None, passes: bool = True, bad: bool = False
) -> Story:
    """Show your face before going online."""
    score = stage.rng.uniform(0.86, 0.99) if passes else stage.rng.uniform(0.12, 0.4)
    event = stage.event(
        "selfie.checked",
        shopper.area,
        {"shopper": shopper.id, "device": device or shopper.device},
        match=passes,
        score=round(score, 3),
    )
    yield from stage.must(event, shopper.ref, bad=bad, honest=not bad)


def start(stage: Stage, shopper: Shopper, *, bad: bool = False) -> Story:
    """Go online where the shopper stands. Others' orders come only after `World.wait_for_work`."""
    shopper.shift = stage.world.new_id("shf")
    yield from stage.must(_event(stage, shopper, "shift.started"), shopper.ref, bad=bad, honest=not bad)


def end(stage: Stage, shopper: Shopper) -> Story:
    """Go offline."""
    event = _event(stage, shopper, "shift.ended")
    shopper.shift = None
    yield Say(event, shopper.ref, wait=False)


def working_day(stage: Stage, shopper: Shopper) -> Story:
    """One whole shift of four to eight hours, taking whatever orders come."""
    yield from selfie(stage, shopper)
    yield from start(stage, shopper)
    stage.world.wait_for_work(shopper)
    yield stage.life(stage.rng.uniform(4, 8) * HOUR, at_least=SHORTEST_SHIFT_S)
    while shopper.shift is not None and not stage.world.stop_waiting(shopper):
        yield stage.life(2 * MINUTE, at_least=5)
    if shopper.shift is not None:
        yield from end(stage, shopper)
        stage.world.rest_shopper(shopper, stage.now)


def call_in(shopper: Shopper) -> Begin:
    """The step that starts a shopper's day beside the present story."""
    return Begin(partial(working_day, shopper=shopper))


def _event(stage: Stage, shopper: Shopper, event_type: str) -> Event:
    return stage.event(
        event_type,
        shopper.area,
        {"shopper": shopper.id, "device": shopper.device, "session": str(shopper.shift)},
        lat=shopper.place.lat,
        lon=shopper.place.lon,
    )
