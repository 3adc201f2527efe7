"""The texts and lists of the help centre that come from data files: places, hours, the privacy notice."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from functools import lru_cache
from importlib.resources import files

import msgspec
from django.utils import timezone
from django.utils.translation import get_language

from tocsin.core.clocks.progress import OfficeHours, next_business_moment
from tocsin.core.packs.loader import packaged
from tocsin.core.packs.today import rules_for

LANGUAGES = ("en", "es")
Localised = dict[str, str]


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A region people can choose, with the zone most of its people live in."""

    region: str
    name: Localised
    zone: str


class PlaceGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Places under one heading."""

    title: Localised
    places: tuple[Place, ...]


class Desk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When people read reports of certain severities.

    Hours are local to the marketplace, on business days.
    """

    id: str
    severities: tuple[str, ...]
    title: Localised
    always: bool = False
    opens: dt.time | None = None
    closes: dt.time | None = None

    @property
    def hours(self) -> OfficeHours | None:
        """The hours, or None when somebody is always there."""
        return None if self.opens is None or self.closes is None else OfficeHours(self.opens, self.closes)


class ChannelText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way to reach us."""

    id: str
    title: Localised
    text: Localised


class Hours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``hours.toml``."""

    desks: tuple[Desk, ...]
    channels: tuple[ChannelText, ...]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One part of the privacy notice: sentences by language."""

    id: str
    title: Localised
    text: dict[str, tuple[str, ...]]


class PrivacyNotice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The privacy notice. ``stamp`` is the version with the beginning of the text's hash."""

    version: str
    effective: dt.date
    sections: tuple[Section, ...]

    @property
    def stamp(self) -> str:
        """What is stored with a report, such as ``2026.1+3f9a0c12``."""
        text = json.dumps(msgspec.to_builtins(self.sections), sort_keys=True, ensure_ascii=False)
        return f"{self.version}+{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def said(texts: Localised) -> str:
    """A text in the reader's language, or in English."""
    return texts.get(tongue()) or texts["en"]


def tongue() -> str:
    """The language of this page: ``en`` or ``es``."""
    language = (get_language() or "en").split("-")[0]
    return language if language in LANGUAGES else "en"


@lru_cache(maxsize=1)
def place_groups() -> tuple[PlaceGroup, ...]:
    """All places, in their groups."""

    class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        groups: tuple[PlaceGroup, ...]

    return msgspec.toml.decode(_read("places.toml"), type=File).groups


@lru_cache(maxsize=1)
def places() -> dict[str, Place]:
    """All places by region."""
    return {place.region: place for group in place_groups() for place in group.places}


@lru_cache(maxsize=1)
def hours() -> Hours:
    """Desks and channels."""
    return msgspec.toml.decode(_read("hours.toml"), type=Hours)


@lru_cache(maxsize=1)
def privacy_notice() -> PrivacyNotice:
    """The privacy notice in force."""
    return msgspec.toml.decode(_read("privacy_notice.toml"), type=PrivacyNotice)


def reads_next(severity: str, region: str, zone: str) -> dt.datetime | None:
    """When somebody is next at the desk for this severity; None when somebody is there now."""
    desk = next((desk for desk in hours().desks if severity in desk.severities), None)
    if desk is None or desk.hours is None:
        return None
    now = timezone.now()
    opening = next_business_moment(now, packaged().calendar_for(region), zone, desk.hours)
    return opening if opening > now else None


def zone_name(zone: str) -> str:
    """A zone as people call it: ``America/New_York`` is New York."""
    return zone.rpartition("/")[2].replace("_", " ")


def emergency_number(region: str) -> str:
    """The number to call when somebody is in danger there."""
    found = rules_for(region).find("emergency_numbers.emergency")
    return str(found.value) if found else ""


def _read(name: str) -> bytes:
    return (files("tocsin") / "data" / "help" / name).read_bytes()
