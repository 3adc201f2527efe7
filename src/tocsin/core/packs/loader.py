"""Read packs from TOML, refuse what does not hold together, and find the packs of a place."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

import msgspec

from tocsin.core.clocks.calendars import CalendarSpec, days_off
from tocsin.core.packs.compile import compile_clocks
from tocsin.core.packs.schema import Pack

DEFAULT = "default"
_PROBE_YEAR = 2026


class PackError(ValueError):
    """A pack cannot be used. The message names the file and the path of the value."""


class PackSet:
    """All packs of one deployment, by id."""

    def __init__(self, packs: Mapping[str, Pack]) -> None:
        if DEFAULT not in packs:
            raise PackError("there is no pack called default")
        self.packs: Mapping[str, Pack] = MappingProxyType(dict(packs))
        self._calendars = {calendar.id: calendar for pack in packs.values() for calendar in pack.calendars}
        if len(self._calendars) != sum(len(pack.calendars) for pack in packs.values()):
            raise PackError("two packs describe a calendar with the same id")

    def chain(self, region: str) -> list[Pack]:
        """The packs that hold in a region, nearest first and ``default`` last.

        A region is an ISO 3166 code with further parts: ``US-NY-NYC``, ``DE-BY``. Unknown ones get the
        packs of the next larger place that is known.
        """
        found = [self.packs[place] for place in _places(region) if place in self.packs and place != DEFAULT]
        country = region.split("-")[0]
        unions = (p for p in self.packs.values() if any(member.id == country for member in p.members))
        return [*found, *unions, self.packs[DEFAULT]]

    def calendar(self, calendar_id: str) -> CalendarSpec:
        """The calendar with this id. KeyError when no pack describes it."""
        return self._calendars[calendar_id]

    def calendar_for(self, region: str) -> CalendarSpec:
        """The calendar of the smallest place around a region that has one."""
        for place in _places(region):
            if place in self._calendars:
                return self._calendars[place]
        return self.chain(region)[0].calendars[0]


def load_packs(folder: Traversable) -> PackSet:
    """Read every ``*.toml`` of a folder.

    Raises:
        PackError: wrong form, a value without source, an id that is not the file's name, or a calendar that
            cannot be worked out.
    """
    packs: dict[str, Pack] = {}
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.name.endswith(".toml"):
            pack = read_pack(entry.read_bytes(), entry.name)
            packs[pack.id] = pack
    return PackSet(packs)


def read_pack(content: bytes, name: str) -> Pack:
    """One pack from the bytes of its file."""
    try:
        pack = msgspec.toml.decode(content, type=Pack, strict=True)
        for calendar in pack.calendars:
            days_off(calendar, _PROBE_YEAR)
        compile_clocks(pack)
    except (msgspec.MsgspecError, ValueError, KeyError, NotImplementedError) as error:
        raise PackError(f"{name}: {error}") from error
    if name != f"{pack.id}.toml":
        raise PackError(f"{name}: the file of pack {pack.id} must be called {pack.id}.toml")
    return pack


@lru_cache(maxsize=1)
def packaged() -> PackSet:
    """The packs that come with Tocsin."""
    return load_packs(files("tocsin") / "data" / "packs")


def _places(region: str) -> list[str]:
    parts = region.split("-")
    return ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]
