"""Crockford's base 32: the 32 symbols a person can read aloud and copy without mixing them up.

The alphabet leaves out I, L, O and U. Reading is forgiving: i and l are taken as 1, o as 0, case does not
matter. The check symbol is the number modulo 37, which catches every single wrong symbol and every swap of
two neighbours, because 37 is prime and larger than the alphabet.
"""

from __future__ import annotations

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHECK_MODULUS = 37

_VALUE = {symbol: value for value, symbol in enumerate(SYMBOLS)} | {"I": 1, "L": 1, "O": 0}


def encode(number: int, length: int) -> str:
    """Write a non-negative number with exactly ``length`` symbols. ValueError when it does not fit."""
    if number < 0 or number >> (5 * length):
        raise ValueError(f"{number} does not fit in {length} base 32 symbols")
    return "".join(SYMBOLS[(number >> (5 * place)) & 31] for place in range(length - 1, -1, -1))


def value_of(symbol: str) -> int | None:
    """The value 0..31 of one symbol in either case, or None when it is not one of ours."""
    return _VALUE.get(symbol.upper())


def decode(text: str) -> int:
    """Read a whole string of symbols. ValueError names the first symbol that is not one of ours."""
    number = 0
    for symbol in text:
        value = value_of(symbol)
        if value is None:
            raise ValueError(f"{symbol!r} is not a base 32 symbol")
        number = number << 5 | value
    return number


def check_value(number: int) -> int:
    """The check value 0..36. Values of 32 and more have no letter or digit of their own."""
    return number % CHECK_MODULUS
