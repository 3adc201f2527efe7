"""Callers who wait for a person, and the seam by which a person takes one: whoever has sound in both
directions, a browser or another telephone, is a ``Leg``, and is bridged to the caller's."""

from __future__ import annotations

import asyncio

from tocsin.surfaces.line.endpoint.leg import HungUp, Leg


class Place:
    """One caller in the room."""

    def __init__(self, leg: Leg) -> None:
        self.leg = leg
        self._other: asyncio.Future[Leg] = asyncio.get_running_loop().create_future()
        self._over = asyncio.Event()

    async def answered(self) -> None:
        """Until a person takes the call."""
        await asyncio.shield(self._other)

    async def over(self) -> None:
        """Until they have spoken to the end."""
        await self._over.wait()

    async def bridge(self, other: Leg) -> None:
        """Let both hear each other until one of them hangs up."""
        self._other.set_result(other)
        self.leg.listen(other.play)
        other.listen(self.leg.play)
        try:
            await asyncio.wait(
                [asyncio.create_task(_gone(one)) for one in (self.leg, other)],
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            self.leg.listen(None)
            other.listen(None)
            self._over.set()


class WaitingRoom:
    """Everybody who waits on this line process, by their call."""

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}

    def enter(self, leg: Leg) -> Place:
        """A caller begins to wait."""
        place = self._places[leg.ref] = Place(leg)
        return place

    def leave(self, place: Place) -> None:
        """A caller waits no longer."""
        self._places.pop(place.leg.ref, None)

    def find(self, ref: str) -> Place | None:
        """The place of a call, while it waits."""
        return self._places.get(ref)

    def __len__(self) -> int:
        return len(self._places)


async def _gone(leg: Leg) -> None:
    """Until this one hangs up. Keys pressed in a conversation are heard by nobody."""
    try:
        while True:
            await leg.key(3600)
    except HungUp:
        return
