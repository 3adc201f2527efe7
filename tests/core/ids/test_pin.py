"""Follow-up PINs: never guessable at first try, never readable from the table."""

from __future__ import annotations

import re

import pytest

from tocsin.core.ids import hash_pin, new_pin, verify_pin
from tocsin.core.ids.pin import is_trivial

PEPPER = b"a pepper kept elsewhere"
NUMBER = "TS-00000-000Z7-0"


def test_pins_are_six_digits_and_not_trivial() -> None:
    pins = [new_pin() for _ in range(2_000)]
    assert all(re.fullmatch(r"[0-9]{6}", pin) for pin in pins)
    assert not any(is_trivial(pin) for pin in pins)
    assert len(set(pins)) > 1_900


@pytest.mark.parametrize(
    "pin",
    [
        "000000",
        "123456",
        "890123",
        "987654",
        "210987",
        "121212",
        "112211",
        "123123",
        "123321",
        "454545",
        "737373",
    ],
)
def test_trivial_pins(pin: str) -> None:
    assert is_trivial(pin)


@pytest.mark.parametrize("pin", ["174920", "123457", "100200", "998877"])
def test_ordinary_pins(pin: str) -> None:
    assert not is_trivial(pin)


def test_the_right_pin_verifies_and_nothing_else_does() -> None:
    stored = hash_pin("174920", pepper=PEPPER, bound_to=NUMBER)
    assert "174920" not in stored
    assert verify_pin(stored, "174920", pepper=PEPPER, bound_to=NUMBER)
    assert verify_pin(stored, "174-920 ", pepper=PEPPER, bound_to=NUMBER)
    assert not verify_pin(stored, "174921", pepper=PEPPER, bound_to=NUMBER)
    assert not verify_pin(stored, "", pepper=PEPPER, bound_to=NUMBER)
    assert not verify_pin(stored, "174920", pepper=b"another pepper, as long", bound_to=NUMBER)
    assert not verify_pin(stored, "174920", pepper=PEPPER, bound_to="TS-00000-00005-5")


def test_two_hashes_of_one_pin_differ() -> None:
    first, second = (hash_pin("174920", pepper=PEPPER, bound_to=NUMBER) for _ in range(2))
    assert first != second


def test_no_report_and_damaged_hashes_never_verify() -> None:
    assert not verify_pin(None, "174920", pepper=PEPPER, bound_to=NUMBER)
    assert not verify_pin("not a hash", "174920", pepper=PEPPER, bound_to=NUMBER)


def test_a_short_pepper_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        hash_pin("174920", pepper=b"short", bound_to=NUMBER)
