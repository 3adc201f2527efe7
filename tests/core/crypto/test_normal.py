"""Two spellings of one value meet; two values do not."""

import pytest

from tocsin.core.crypto.normal import (
    CardNumber,
    normal_address,
    normal_card_fingerprint,
    normal_email,
    normal_phone,
)


@pytest.mark.parametrize(
    "text",
    [
        "+1 415 555 4471",
        "(415) 555-4471",
        "415.555.4471",
        "1-415-555-4471",
        "+1 (415) 555‑4471",
        "４１５ ５５５ ４４７１",
    ],
)
def test_spellings_of_one_phone_number(text: str) -> None:
    assert normal_phone(text) == "+14155554471"


def test_the_region_decides_about_a_number_without_plus() -> None:
    assert normal_phone("020 7946 0018", "GB") == "+442079460018"
    assert normal_phone("+44 20 7946 0018", "US") == "+442079460018"


@pytest.mark.parametrize("text", ["", "call me", "12", "+1", "999999999999999999999"])
def test_what_is_no_phone_number(text: str) -> None:
    assert normal_phone(text) is None


@pytest.mark.parametrize(
    "text", ["Maria@Example.com", " maria@EXAMPLE.COM ", "ｍａｒｉａ@example.com", "maria@example.com."]
)
def test_spellings_of_one_email(text: str) -> None:
    assert normal_email(text) == "maria@example.com"


def test_emails_that_differ() -> None:
    assert normal_email("STRASSE@x.de") == normal_email("straße@x.de")
    assert normal_email("maria+shop@example.com") != normal_email("maria@example.com")
    assert normal_email("a@bücher.de") == "a@xn--bcher-kva.de"


@pytest.mark.parametrize(
    "text", ["", "maria", "@example.com", "maria@", "a b@example.com", "a@" + "x" * 70 + ".com"]
)
def test_what_is_no_email(text: str) -> None:
    assert normal_email(text) is None


@pytest.mark.parametrize("text", ["12 Oak Street, Apt. 4", "12 OAK ST apt 4", " 12  Oak St.,Apartment 4 "])
def test_spellings_of_one_address(text: str) -> None:
    assert normal_address(text) == "12 oak st apt 4"


def test_addresses_that_differ() -> None:
    assert normal_address("12 Oak St Apt 4") != normal_address("12 Oak St Apt 5")
    assert normal_address("Peñón 3") == normal_address("PENON 3")
    assert normal_address(" ,. ") is None


def test_fingerprints_keep_their_case_and_card_numbers_are_refused() -> None:
    assert normal_card_fingerprint(" Xt5EWLLDS7FJjR1c ") == "Xt5EWLLDS7FJjR1c"
    assert normal_card_fingerprint("") is None
    assert normal_card_fingerprint("4242424242424241") == "4242424242424241"  # fails the Luhn check
    for number in ("4242424242424242", "4242 4242 4242 4242", "3782-822463-10005"):
        with pytest.raises(CardNumber):
            normal_card_fingerprint(number)
