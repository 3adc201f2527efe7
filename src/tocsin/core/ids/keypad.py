"""The report number as digits, for a telephone keypad.

Only serials whose check value is below 32 are ever issued. Numbering just those from 0 (``rank``) keeps the
value below 10**15, so fifteen digits are enough, and the map goes both ways without loss. A sixteenth digit
after Damm's method catches every single wrong digit and every swap of two neighbours.
"""

from __future__ import annotations

from stdnum import damm

from tocsin.core.ids.crockford import CHECK_MODULUS, SYMBOLS

DIGITS = 16
_SPEAKABLE = len(SYMBOLS)
_LARGEST_SERIAL = (1 << 50) - 1


class WrongLengthError(ValueError):
    """The keypad form does not have exactly sixteen digits."""


def to_digits(serial: int) -> str:
    """Sixteen digits for a 50 bit serial that has a speakable check symbol."""
    turns, check = divmod(serial, CHECK_MODULUS)
    if check >= _SPEAKABLE or not 0 <= serial <= _LARGEST_SERIAL:
        raise ValueError("this serial is never issued")
    rank = f"{turns * _SPEAKABLE + check:0{DIGITS - 1}d}"
    return rank + str(damm.calc_check_digit(rank))


def from_digits(text: str) -> int:
    """The serial for digits as typed; spaces and hyphens are ignored.

    Raises:
        WrongLengthError: not sixteen digits.
        ValueError: the check digit does not fit, or the value lies beyond the largest number.
    """
    digits = "".join(symbol for symbol in text if symbol in "0123456789")
    if len(digits) != DIGITS:
        raise WrongLengthError(
            f"The number for the keypad has {DIGITS} digits, and this one has {len(digits)}."
        )
    if not damm.is_valid(digits):
        raise ValueError("the check digit does not fit")
    turns, check = divmod(int(digits[:-1]), _SPEAKABLE)
    serial = turns * CHECK_MODULUS + check
    if serial > _LARGEST_SERIAL:
        raise ValueError("beyond the largest number")
    return serial
