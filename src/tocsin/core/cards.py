"""Card numbers never come in: they are refused where a machine sends them, and covered where a person types
them (handbook §10, class PX; PCI DSS 4.0.1 requirement 3.3.1 for security codes).
"""

from __future__ import annotations

import re
from typing import Any

from stdnum import luhn

#: 13 to 19 digits in a row, spaces and hyphens aside.
_RUN = re.compile(r"(?<![\d])(?:\d[ -]?){12,18}\d(?!\d)")
#: The first digits of the card networks: 2 (2221 to 2720), 3, 4, 5 and 6. A long order number rarely has both
#: one of these and a right check digit.
_NETWORK = re.compile(r"[3-6]|22[2-9]|2[3-6]|27[01]|2720")
#: A security code is three or four digits right after its name.
_CODE = re.compile(
    r"(?i)\b(cvv2?|cvc2?|cid|security code|c[óo]digo de seguridad)(\W{0,3}(?:is|es|=|:)?\W{0,3})(\d{3,4})\b"
)
COVER = "••••"


def holds_card_number(text: str) -> bool:
    """Whether something in the text passes the check of card numbers (Luhn), whatever its first digits."""
    return any(luhn.is_valid(_digits(run)) for run in _RUN.findall(text))


def cover_cards(text: str) -> str:
    """The text with card numbers shown by their last four digits only, and security codes covered."""
    covered = _RUN.sub(_covered, text)
    return _CODE.sub(lambda found: f"{found[1]}{found[2]}{COVER}", covered)


def cover_all(value: Any) -> Any:
    """The same for every text in a JSON-like value."""
    if isinstance(value, str):
        return cover_cards(value)
    if isinstance(value, dict):
        return {key: cover_all(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [cover_all(one) for one in value]
    return value


def _covered(found: re.Match[str]) -> str:
    digits = _digits(found[0])
    if _NETWORK.match(digits) and luhn.is_valid(digits):
        return f"{COVER} {digits[-4:]}"
    return found[0]


def _digits(run: str) -> str:
    return re.sub(r"\D", "", run)
