"""One written form for what people write in many ways, so that equal things are found to be equal. Pure."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from stdnum import luhn

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_CARD_RUN = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")
_SPACES = re.compile(r"[\s.,#]+")


def email(text: str) -> str:
    """The address in lower case. ValueError when it is not one."""
    address = unicodedata.normalize("NFKC", text).strip().lower()
    if len(address) > 254 or not _EMAIL.fullmatch(address):
        raise ValueError("this is not an e-mail address; it should look like name@example.com")
    return address


def phone(text: str, region: str = "") -> str:
    """The number in E.164, as in ``+14155550142``.

    ``region`` is where a number without a country code is read, e.g. ``US-CA``. ValueError when it is no
    number.
    """
    country = region.split("-")[0] or None
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as error:
        raise ValueError(
            "this is not a phone number; write it with its country code, like +1 415 555 0142"
        ) from error
    if not phonenumbers.is_possible_number(number):
        raise ValueError("this phone number has too few or too many digits")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def address(line1: str, unit: str, city: str, postcode: str) -> str:
    """A street address as a key: case, spaces and punctuation do not matter."""
    parts = (unicodedata.normalize("NFKC", part).casefold() for part in (line1, unit, city, postcode))
    return "|".join(_SPACES.sub(" ", part).strip() for part in parts)


def holds_card_number(text: str) -> bool:
    """Whether 13 to 19 digits in a row, spaces and hyphens aside, pass the check of card numbers (Luhn)."""
    return any(luhn.is_valid(re.sub(r"\D", "", run)) for run in _CARD_RUN.findall(text))
