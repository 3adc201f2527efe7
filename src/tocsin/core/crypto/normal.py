"""One spelling for each value that is looked up by blind index.

Two spellings of one phone number, address or e-mail must meet; two different ones must not. Each function
returns None for what is not such a value at all, and then there is nothing to index."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from stdnum import luhn

_NOT_WORD = re.compile(r"[^\w]+")
_CARD_DIGITS = re.compile(r"\d{12,19}")

#: Words of American street addresses that are written in more than one way (USPS Publication 28, appendices B
#: and C).
_SHORT = {
    "apartment": "apt", "avenue": "ave", "boulevard": "blvd", "building": "bldg", "circle": "cir",
    "court": "ct", "drive": "dr", "east": "e", "floor": "fl", "highway": "hwy", "lane": "ln",
    "north": "n", "northeast": "ne", "northwest": "nw", "parkway": "pkwy", "place": "pl", "road": "rd",
    "room": "rm", "south": "s", "southeast": "se", "southwest": "sw", "square": "sq", "street": "st",
    "suite": "ste", "terrace": "ter", "west": "w",
}  # fmt: skip


class CardNumber(ValueError):
    """A full card number was handed in. These are never taken in, not even to be hashed."""


def normal_phone(text: str, region: str = "US") -> str | None:
    """E.164, as in ``+14155554471``. ``region`` is the ISO country a number without ``+`` is from."""
    try:
        number = phonenumbers.parse(unicodedata.normalize("NFKC", text), region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normal_email(text: str) -> str | None:
    """NFKC, casefolded. Dots and ``+tags`` stay: whether they matter is the mail host's business."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()
    local, at, domain = folded.rpartition("@")
    if not (local and at and domain) or any(sign.isspace() for sign in folded):
        return None
    try:
        host = domain.rstrip(".").encode("idna").decode()
    except UnicodeError:
        return None
    return f"{local}@{host}" if host else None


def normal_address(text: str) -> str | None:
    """Letters and digits only, without accents, with the usual words shortened: ``12 Oak Street, Apt. 4`` and
    ``12 OAK ST #4 apt`` differ still, ``12 oak st. apt 4`` does not."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    words = _NOT_WORD.sub(" ", plain).split()
    return " ".join(_SHORT.get(word, word) for word in words) or None


def normal_card_fingerprint(text: str) -> str | None:
    """The processor's fingerprint as it is: case matters in it.

    Raises:
        CardNumber: it is a card number (passes the Luhn check), which must never come in.
    """
    fingerprint = text.strip()
    digits = re.sub(r"[ -]", "", fingerprint)
    if _CARD_DIGITS.fullmatch(digits) and luhn.is_valid(digits):
        raise CardNumber("This is a card number. Only the payment processor's fingerprint may be sent.")
    return fingerprint or None
