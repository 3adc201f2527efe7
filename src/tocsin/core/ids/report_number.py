"""Report numbers: ``TS-XXXXX-XXXXX-C``.

Fifty bits from the operating system's random source, written in Crockford base 32, and one check symbol.
Nothing about the report can be read from its number. A number is a reference and not a credential: whoever
looks up a report also proves a contact or the PIN.

Two kinds of draws are thrown away and drawn again:

* the check value is 32 or more, because its symbol (``* ~ $ = U``) cannot be spoken or typed on a phone;
* the keypad form would pass the test for a card number, because masks for card numbers would then eat it.
"""

from __future__ import annotations

import secrets
import unicodedata

from stdnum import luhn

from tocsin.core.errors import InvalidInput
from tocsin.core.ids import crockford, keypad

PREFIX = "TS"
BITS = 50
BODY_LENGTH = 10
_WITHOUT_PREFIX = BODY_LENGTH + 1
_WITH_PREFIX = len(PREFIX) + _WITHOUT_PREFIX


class InvalidReportNumber(InvalidInput):
    """The text is not a report number. ``what`` says which thing is wrong; ``code`` is one of
    ``report_number_length``, ``report_number_symbol``, ``report_number_prefix``, ``report_number_check``."""

    code = "report_number"

    def __init__(self, what: str, *, code: str) -> None:
        super().__init__(
            what,
            "Please compare it with the number we gave you, for example in your text message or e-mail.",
            code=code,
            fields={"number": what},
        )


def new_report_number() -> str:
    """Draw a fresh number in its written form, for example ``TS-7K3M9-QX20D-4``."""
    while True:
        serial = secrets.randbits(BITS)
        if crockford.check_value(serial) < len(crockford.SYMBOLS) and not _looks_like_a_card(serial):
            return written(serial)


def written(serial: int) -> str:
    """The written form of a 50 bit serial. ValueError when its check value has no plain symbol."""
    check = crockford.check_value(serial)
    if check >= len(crockford.SYMBOLS):
        raise ValueError("this serial has no check symbol that can be spoken")
    body = crockford.encode(serial, BODY_LENGTH)
    return f"{PREFIX}-{body[:5]}-{body[5:]}-{crockford.SYMBOLS[check]}"


def parse_report_number(text: str) -> str:
    """Read what a person typed or said and return the written form.

    Case, spaces, hyphens, dots and a missing ``TS`` do not matter; i and l are read as 1, o as 0.

    Raises:
        InvalidReportNumber: with a sentence saying whether the length, a symbol, the beginning or the check
            symbol is wrong.
    """
    return written(_serial(_body_and_check(_symbols_of(text))))


def to_digits(number: str) -> str:
    """The keypad form of a report number: sixteen digits, see :mod:`tocsin.core.ids.keypad`."""
    return keypad.to_digits(crockford.decode(parse_report_number(number).replace("-", "")[2:-1]))


def from_digits(digits: str) -> str:
    """The written form for digits typed on a keypad. Raises InvalidReportNumber when they are no number."""
    try:
        return written(keypad.from_digits(digits))
    except keypad.WrongLengthError as error:
        raise InvalidReportNumber(str(error), code="report_number_length") from error
    except ValueError as error:
        raise InvalidReportNumber(
            "One of the digits is different from the number we gave out.", code="report_number_check"
        ) from error


def _symbols_of(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).upper()
    return "".join(
        symbol
        for symbol in plain
        if not (symbol.isspace() or symbol in "._/" or unicodedata.category(symbol) == "Pd")
    )


def _body_and_check(symbols: str) -> str:
    for symbol in symbols:
        if crockford.value_of(symbol) is None:
            raise InvalidReportNumber(
                f"A report number has no “{symbol}” in it. It is made of digits and of letters other "
                "than I, L, O and U.",
                code="report_number_symbol",
            )
    if len(symbols) == _WITH_PREFIX:
        if not symbols.startswith(PREFIX):
            raise InvalidReportNumber(
                f"A report number begins with {PREFIX}, and this one begins with {symbols[:2]}.",
                code="report_number_prefix",
            )
        return symbols[len(PREFIX) :]
    if len(symbols) != _WITHOUT_PREFIX:
        raise InvalidReportNumber(
            f"A report number has {_WITHOUT_PREFIX} letters and digits after {PREFIX}, and this one has "
            f"{len(symbols) - len(PREFIX) if symbols.startswith(PREFIX) else len(symbols)}.",
            code="report_number_length",
        )
    return symbols


def _serial(body_and_check: str) -> int:
    serial = crockford.decode(body_and_check[:-1])
    if crockford.check_value(serial) != crockford.value_of(body_and_check[-1]):
        raise InvalidReportNumber(
            "One symbol is different from the number we gave out, or two have changed places.",
            code="report_number_check",
        )
    return serial


def _looks_like_a_card(serial: int) -> bool:
    return bool(luhn.is_valid(keypad.to_digits(serial)))
