"""The rules in force now, for a home and a place."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from django.utils import timezone

from tocsin.core.clocks.spec import ClockSpec
from tocsin.core.packs.loader import packaged
from tocsin.core.packs.resolve import Resolved, resolve


@lru_cache(maxsize=512)
def _resolved(home: str, place: str, on: date) -> Resolved:
    return resolve(packaged(), home=home, place=place, on=on)


def rules_for(home: str, place: str = "") -> Resolved:
    """The rules of today for an account at home in ``home`` and an event in ``place`` (empty: the same)."""
    return _resolved(home or "default", place, timezone.now().date())


def required(path: str, home: str, place: str = "") -> ClockSpec:
    """A clock that every pack must give.

    Raises:
        LookupError: no pack speaks about the path, which is a fault of the packs.
    """
    spec = rules_for(home, place).clock(path)
    if spec is None:
        raise LookupError(f"no pack gives {path} for {home or 'default'}")
    return spec
