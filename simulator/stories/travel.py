"""How a shopper's phone reports where it is. Motion is never time-compressed."""

from __future__ import annotations

from enum import Enum

from simulator.geo import Point, along, metres, moved, near
from simulator.model import Shopper
from simulator.stage import Stage
from simulator.steps import Say, Story, Wait

DETOUR = 1.3
"""Streets are longer than straight lines."""
CAR_SPEED_M_S = (7.0, 11.5)
PING_EVERY_S = 20.0
SHORTEST_LEG_S = 4.0
GPS_NOISE_M = 6.0


class Gps(Enum):
    """What the phone says about itself."""

    HONEST = "honest"
    MOCK = "mock"
    TELEPORT = "teleport"


def ping(
    stage: Stage, shopper: Shopper, order: dict[str, str], *, mock: bool = False, bad: bool = False
) -> Story:
    """One location ping from where the shopper is."""
    noise = 0.0 if mock else GPS_NOISE_M
    seen = moved(shopper.place, stage.rng.uniform(-noise, noise), stage.rng.uniform(-noise, noise))
    event = stage.event(
        "location.ping",
        shopper.area,
        {"shopper": shopper.id, "device": shopper.device, **order},
        lat=seen.lat,
        lon=seen.lon,
        accuracy_m=round(stage.rng.uniform(4, 18), 1),
        mock=mock,
    )
    yield Say(event, shopper.ref, wait=False, bad=bad)


def drive(stage: Stage, shopper: Shopper, to: Point, order: dict[str, str], gps: Gps = Gps.HONEST) -> Story:
    """Go somewhere at the speed of a car in a city, with a ping every twenty seconds or so.

    A spoofed phone either carries the mock flag, or jumps kilometres away and back on each leg.
    """
    start = shopper.place
    seconds = max(SHORTEST_LEG_S, metres(start, to) * DETOUR / stage.rng.uniform(*CAR_SPEED_M_S))
    legs = max(2 if gps is Gps.TELEPORT else 1, round(seconds / PING_EVERY_S))
    for leg in range(1, legs + 1):
        yield Wait(seconds / legs)
        shopper.place = along(start, to, leg / legs)
        if gps is Gps.TELEPORT and leg == legs // 2:
            shopper.place = near(stage.rng, shopper.place, 6_000, 15_000)
            yield from ping(stage, shopper, order, bad=True)
        else:
            yield from ping(stage, shopper, order, mock=gps is Gps.MOCK, bad=gps is not Gps.HONEST)
    shopper.place = to
