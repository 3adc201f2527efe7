"""Public ids of every other object: ``case_01j8…``.

A short word says what the object is; 26 Crockford symbols follow: 48 bits of milliseconds since 1970, then 80
random bits. Ids sort by the time they were made and cannot be guessed.
"""

from __future__ import annotations

import re
import secrets
import time
from datetime import UTC, datetime, timedelta

from tocsin.core.ids import crockford

BODY_LENGTH = 26
_RANDOM_BITS = 80
_KIND = re.compile(r"[a-z]{2,16}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_id(kind: str) -> str:
    """A fresh id for an object of this kind, as in ``new_id("case")``. ``kind`` is 2 to 16 small letters."""
    if not _KIND.fullmatch(kind):
        raise ValueError(f"{kind!r} is not a kind: use 2 to 16 small letters")
    number = (time.time_ns() // 1_000_000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    return f"{kind}_{crockford.encode(number, BODY_LENGTH).lower()}"


def earliest_id(kind: str, moment: datetime) -> str:
    """The smallest id an object of this kind made at ``moment`` (aware) can have: for asking by age."""
    milliseconds = (moment - _EPOCH) // timedelta(milliseconds=1)
    return f"{kind}_{crockford.encode(milliseconds << _RANDOM_BITS, BODY_LENGTH).lower()}"


def is_id(text: str, kind: str) -> bool:
    """Whether ``text`` has the exact form of an id of this kind. It says nothing about whether the object
    exists."""
    prefix, _, body = text.partition("_")
    if prefix != kind or len(body) != BODY_LENGTH or body != body.lower():
        return False
    return all(symbol.upper() in crockford.SYMBOLS for symbol in body) and body[0] <= "7"


def made_at(public_id: str) -> datetime:
    """When the id was made, UTC, to the millisecond. ValueError when it is not an id."""
    kind, _, _ = public_id.partition("_")
    if not is_id(public_id, kind):
        raise ValueError(f"{public_id!r} is not an id")
    milliseconds = crockford.decode(public_id.partition("_")[2]) >> _RANDOM_BITS
    return _EPOCH + timedelta(milliseconds=milliseconds)
