"""Keys for logs in tests: any day has one, and it is always the same."""

from __future__ import annotations

import datetime as dt
import hashlib

from tocsin.core.crypto.day_codec import DayCodec

DAY = dt.date(2026, 3, 1)


def key_of(scope: str, _create: bool) -> bytes:
    return hashlib.sha256(scope.encode()).digest()


def codec(day: dt.date = DAY) -> DayCodec:
    """A codec that seals under the key of this day and opens all."""
    made = DayCodec(key_of)
    made.begin(day)
    return made
