"""Report numbers are read forgivingly and refuse every slip a person makes with one or two symbols."""

from __future__ import annotations

import random
import re

import pytest
from stdnum import luhn

from tocsin.core.ids import (
    InvalidReportNumber,
    from_digits,
    new_report_number,
    parse_report_number,
    spoken,
    spoken_groups,
    to_digits,
)
from tocsin.core.ids.crockford import SYMBOLS
from tocsin.core.ids.report_number import written

TRIALS = 20_000
WRITTEN = re.compile(r"TS-[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]")


@pytest.fixture(scope="module")
def numbers() -> list[str]:
    return [new_report_number() for _ in range(2_000)]


def refused_because(text: str) -> str:
    with pytest.raises(InvalidReportNumber) as refusal:
        parse_report_number(text)
    return refusal.value.code


def test_the_written_form(numbers: list[str]) -> None:
    assert all(WRITTEN.fullmatch(number) for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_a_known_number() -> None:
    # 0 and 36 are the plain cases of the check: 37 * 27 = 999 leaves nothing, 5 leaves 5.
    assert written(999) == "TS-00000-000Z7-0"
    assert written(5) == "TS-00000-00005-5"
    with pytest.raises(ValueError):
        written(36)


@pytest.mark.parametrize(
    "typed",
    [
        "TS-00000-000Z7-0",
        "ts-00000-000z7-0",
        "ooooo ooOz7 o",
        "TS OOOOO OOOZ7 O",
        "ts00000000z70",
        "TS–00000—000Z7‑0",
        "TS.00000.000Z7/0",
        "ＴＳ－00000－000Ｚ7－0",
        "  TS - 00000 - 000Z7 - 0\n",
    ],
)
def test_reading_is_forgiving(typed: str) -> None:
    assert parse_report_number(typed) == "TS-00000-000Z7-0"


def test_i_and_l_are_read_as_one() -> None:
    number = written(next(32**9 + low for low in range(1, 37) if (32**9 + low) % 37 < 32))
    assert number.startswith("TS-1")
    assert parse_report_number(number.replace("1", "i")) == number
    assert parse_report_number(number.replace("1", "L")) == number


def test_a_number_that_begins_with_ts_by_chance_still_reads_without_the_prefix() -> None:
    value = SYMBOLS.index("T") * 32**9 + SYMBOLS.index("S") * 32**8
    serial = next(value + step for step in range(37) if (value + step) % 37 < 32)
    number = written(serial)
    assert number.startswith("TS-TS")
    assert parse_report_number(number.removeprefix("TS-")) == number


def test_every_refusal_says_which_thing_is_wrong() -> None:
    assert refused_because("") == "report_number_length"
    assert refused_because("TS-00000-000Z7") == "report_number_length"
    assert refused_because("TS-00000-000Z7-00") == "report_number_length"
    assert refused_because("TU-00000-000Z7-0") == "report_number_symbol"
    assert refused_because("TS-00000-000Z7-*") == "report_number_symbol"
    assert refused_because("T5-00000-000Z7-0") == "report_number_prefix"
    assert refused_because("TS-00000-000Z7-1") == "report_number_check"
    with pytest.raises(InvalidReportNumber, match="has 11 letters and digits after TS, and this one has 10"):
        parse_report_number("TS-00000-000Z7")
    with pytest.raises(InvalidReportNumber, match="no “U” in it"):
        parse_report_number("TS-0000U-000Z7-0")


def test_one_wrong_symbol_is_always_caught(numbers: list[str]) -> None:
    dice = random.Random(1)
    for _ in range(TRIALS):
        symbols = list(dice.choice(numbers).replace("-", "")[2:])
        place = dice.randrange(len(symbols))
        symbols[place] = dice.choice([symbol for symbol in SYMBOLS if symbol != symbols[place]])
        assert refused_because("TS" + "".join(symbols)) == "report_number_check"


@pytest.mark.parametrize("distance", [1, 2])
def test_swapped_symbols_are_always_caught(numbers: list[str], distance: int) -> None:
    dice = random.Random(distance)
    tried = 0
    while tried < TRIALS:
        symbols = list(dice.choice(numbers).replace("-", "")[2:])
        place = dice.randrange(len(symbols) - distance)
        if symbols[place] == symbols[place + distance]:
            continue
        symbols[place], symbols[place + distance] = symbols[place + distance], symbols[place]
        assert refused_because("TS" + "".join(symbols)) == "report_number_check"
        tried += 1


def test_the_keypad_form_goes_both_ways(numbers: list[str]) -> None:
    digits = [to_digits(number) for number in numbers]
    assert all(re.fullmatch(r"[0-9]{16}", text) for text in digits)
    assert [from_digits(text) for text in digits] == numbers
    assert to_digits(written(0)) == "0000000000000000"
    assert from_digits("0000-0000 0000-0000") == written(0)
    largest = next(serial for serial in range(2**50 - 1, 0, -1) if serial % 37 < 32)
    assert from_digits(to_digits(written(largest))) == written(largest)


def test_the_keypad_form_never_looks_like_a_card_number(numbers: list[str]) -> None:
    assert not any(luhn.is_valid(to_digits(number)) for number in numbers)


def test_keypad_slips_are_caught(numbers: list[str]) -> None:
    dice = random.Random(7)
    for _ in range(TRIALS):
        digits = list(to_digits(dice.choice(numbers)))
        place = dice.randrange(15)
        if dice.random() < 0.5 or digits[place] == digits[place + 1]:
            digits[place] = dice.choice([digit for digit in "0123456789" if digit != digits[place]])
        else:
            digits[place], digits[place + 1] = digits[place + 1], digits[place]
        with pytest.raises(InvalidReportNumber):
            from_digits("".join(digits))


def test_keypad_refusals_say_what_is_wrong() -> None:
    with pytest.raises(InvalidReportNumber, match="has 16 digits, and this one has 3") as refusal:
        from_digits("123")
    assert refusal.value.code == "report_number_length"
    beyond = "999999999999999"
    with pytest.raises(InvalidReportNumber) as refusal:
        from_digits(beyond + next(d for d in "0123456789" if _damm(beyond + d)))
    assert refusal.value.code == "report_number_check"


def _damm(digits: str) -> bool:
    from stdnum import damm

    return bool(damm.is_valid(digits))


def test_spoken_forms() -> None:
    assert spoken_groups("TS-00000-000Z7-0")[0] == ["T as in Tango", "S as in Sierra"]
    assert spoken("ts 00000 000z7 0").endswith(
        "digit zero, digit zero, digit zero, Z as in Zulu, digit seven. digit zero."
    )
    assert spoken_groups("TS-00000-00005-5", "es-MX")[2:] == [
        ["dígito cero"] * 4 + ["dígito cinco"],
        ["dígito cinco"],
    ]


def test_every_symbol_can_be_said_in_both_languages(numbers: list[str]) -> None:
    seen = set("".join(number.replace("-", "") for number in numbers))
    assert seen == set(SYMBOLS)
    for language in ("en", "es"):
        phrases = {
            (symbol, phrase)
            for number in numbers
            for group, said in zip(number.split("-"), spoken_groups(number, language), strict=True)
            for symbol, phrase in zip(group, said, strict=True)
        }
        assert len(phrases) == len(SYMBOLS)
        assert all(phrase.startswith((symbol, "digit", "dígito")) for symbol, phrase in phrases)
        words = [phrase.split()[-1] for symbol, phrase in phrases if symbol.isalpha()]
        assert len(set(words)) == len(words)
