"""The kinds of things the marketplace tells us about, and what may be said about each. Pure.

This page is the whole vocabulary of ``PUT /v1/entities``: a kind or an attribute that is not here is refused.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from tocsin.core.cards import holds_card_number
from tocsin.core.crypto.normal import normal_email

Check = Callable[[Any], Any]

EXTERNAL_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
#: At most 20 signs, as the columns hold.
REGION = re.compile(r"(?=.{1,20}\Z)[A-Z]{2}(-[A-Z0-9]{1,10}){0,3}")
LANGUAGE = re.compile(r"(?=.{1,20}\Z)[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_RELATION = re.compile(r"[a-z][a-z_]{1,39}")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
#: Clocks of two houses never agree exactly.
_SKEW = dt.timedelta(minutes=5)
#: Nothing that a marketplace tells began before this; earlier dates stand for "not known".
_EARLIEST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)


def text(longest: int) -> Check:
    """A check for a string of 1 to ``longest`` characters; surrounding blanks are dropped."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise ValueError("this should be text")
        if len(value.strip()) > longest:
            raise ValueError(f"this is longer than {longest} characters")
        if "\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
            raise ValueError("this holds a character that cannot be stored")
        return value.strip()

    return check


def matching(pattern: re.Pattern[str], said: str) -> Check:
    """A check for text of a fixed form; ``said`` tells the form in words."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError(f"this should be {said}")
        return value

    return check


def number(low: float, high: float) -> Check:
    """A check for a finite number within bounds."""

    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("this should be a number")
        if not low <= value <= high:  # neither is what is not a number at all
            raise ValueError(f"this should lie between {low:g} and {high:g}")
        return float(value)

    return check


def whole(value: Any) -> int:
    """A whole number that fits in 64 bits."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 1 << 63:
        raise ValueError("this should be a whole number; money is in minor units, such as cents")
    return int(value)


def count(value: Any) -> int:
    """How many: a whole number from 0 to 100,000."""
    if not 0 <= whole(value) <= 100_000:
        raise ValueError("this should lie between 0 and 100000")
    return int(value)


def moment(value: Any) -> dt.datetime:
    """A moment as RFC 3339 text with its offset, or as milliseconds since 1970. Not in the future."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("this should be a time like 2026-03-01T17:30:00-08:00")
    try:
        at = (
            _EPOCH + dt.timedelta(milliseconds=value)
            if isinstance(value, int)
            else dt.datetime.fromisoformat(value)
        )
    except (ValueError, OverflowError) as error:
        raise ValueError("this should be a time like 2026-03-01T17:30:00-08:00") from error
    if at.tzinfo is None:
        raise ValueError("this time has no offset; add one, as in 2026-03-01T17:30:00-08:00")
    if at > dt.datetime.now(dt.UTC) + _SKEW:
        raise ValueError("this time lies in the future; check the clock and the offset")
    if at < _EARLIEST:
        raise ValueError("this time lies before 1900; leave it out when it is not known")
    return at.astimezone(dt.UTC)


def email(value: Any) -> str:
    """An e-mail address, in its normal form."""
    address = normal_email(text(254)(value))
    if address is None or "." not in address.rpartition("@")[2]:
        raise ValueError("this should be an e-mail address like name@example.com")
    return address


def zone(value: Any) -> str:
    """An IANA zone."""
    try:
        return ZoneInfo(value).key
    except (KeyError, ValueError, OSError, TypeError) as error:
        raise ValueError("this should be a time zone like America/Los_Angeles") from error


def needs(value: Any) -> list[str]:
    """Access needs: a text or a list of texts."""
    return [text(200)(one) for one in (value if isinstance(value, list) else [value])]


def one_of(*choices: str) -> Check:
    """A check for one of a few words."""

    def check(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"this should be one of {', '.join(choices)}")
        return str(value)

    return check


external_id = matching(EXTERNAL_ID, "an id of 1 to 64 letters, digits and _ . : -")
region = matching(REGION, "a region like US-CA")
language = matching(LANGUAGE, "a language like en or es-MX")
relation = matching(_RELATION, "a word like uses or lives_at")
currency = matching(re.compile(r"[A-Z]{3}"), "a currency like USD")
last4 = matching(re.compile(r"\d{4}"), "the last four digits, and only those")
_place: dict[str, Check] = {"lat": number(-90, 90), "lon": number(-180, 180)}
_person: dict[str, Check] = {
    "access_needs": needs,
    "created_at": moment,
    "email": email,
    "home_address": external_id,
    "language": language,
    "name": text(200),
    "phone": text(40),
    "region": region,
    "status": text(40),
    "zone": zone,
}

ATTRIBUTES: dict[str, dict[str, Check]] = {
    "store": {"name": text(200), "region": region, "zone": zone, **_place},
    "address": {"city": text(120), "line1": text(200), "postcode": text(20), "unit": text(60), **_place},
    "phone": {"number": text(40)},
    "device": {"model": text(120), "platform": text(40)},
    "customer": _person,
    "shopper": _person,
    "payment_instrument": {"brand": text(40), "fingerprint": text(128), "last4": last4, "owner": external_id},
    "payout_account": {"bank": text(120), "fingerprint": text(128), "last4": last4, "owner": external_id},
    "order": {
        "address": external_id,
        "currency": currency,
        "customer": external_id,
        "delivered_at": moment,
        "items_count": count,
        "placed_at": moment,
        "shopper": external_id,
        "status": one_of("placed", "assigned", "picked", "delivered", "cancelled"),
        "store": external_id,
        "total_minor": whole,
    },
}  # fmt: skip

#: In this order things are written, so that two writers never wait for each other in a circle.
KINDS = tuple(ATTRIBUTES)
ACCOUNT_KINDS = ("customer", "shopper")
INSTRUMENT_KINDS = ("device", "payment_instrument", "address", "payout_account", "phone")
#: What events call some kinds of things that are held under longer names.
EVENT_KINDS = {"payment_instrument": "card", "payout_account": "payout"}
_HELD_KINDS = {called: held for held, called in EVENT_KINDS.items()}
#: Kinds in which a card number is never accepted, wherever it stands.
_PAYMENT_KINDS = {"payment_instrument", "payout_account"}
#: The time of the state that is told; an older state never replaces a newer one.
AS_OF = "updated_at"


def held_as(kind: str) -> str:
    """The kind under which a thing is held that events call so."""
    return _HELD_KINDS.get(kind, kind)


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint for a name that is not known: the closest one that is."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def check_identity(kind: str, entity_id: str) -> dict[str, str]:
    """Problems with a kind and an id, by path; empty when there are none."""
    if kind not in ATTRIBUTES:
        hint = nearest(str(kind), KINDS)
        return {"kind": f"there is no kind {kind!r}{hint} Known are {', '.join(sorted(KINDS))}."}
    try:
        external_id(entity_id)
    except ValueError as error:
        return {"id": str(error)}
    if kind in _PAYMENT_KINDS and holds_card_number(entity_id):
        return {"id": "this looks like a full card number, which must never be sent; use your own id for it"}
    return {}


def check_attributes(kind: str, attributes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The attributes in their stored form, and problems by path. ``None`` clears a value and is kept."""
    good: dict[str, Any] = {}
    bad: dict[str, str] = {}
    known = ATTRIBUTES[kind] | {AS_OF: moment}
    for name, value in attributes.items():
        path = f"attributes.{name}"
        if name not in known:
            bad[path] = f"a {kind} has no attribute {name!r}{nearest(name, known)}"
        elif kind in _PAYMENT_KINDS and value is not None and holds_card_number(str(value)):
            bad[path] = (
                "this looks like a full card number, which must never be sent; send its last four digits"
            )
        elif value is None and name != AS_OF:
            good[name] = None
        else:
            try:
                good[name] = known[name](value)
            except ValueError as error:
                bad[path] = str(error)
    return good, bad
