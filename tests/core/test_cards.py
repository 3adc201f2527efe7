"""A card number that somebody types is covered before it is stored; other long numbers stay."""

import pytest

from tocsin.core.cards import cover_all, cover_cards, holds_card_number
from tocsin.core.ids import new_report_number, to_digits

#: Published test numbers of the networks.
CARDS = [
    "4111111111111111",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "3782 822463 10005",
    "6011111111111117",
    "3530111333300000",
    "4222222222222",
    "4000002760003184",
    "6304000000000000",
]


@pytest.mark.parametrize("card", CARDS)
def test_a_card_number_is_seen_and_covered_wherever_it_stands(card: str) -> None:
    digits = "".join(sign for sign in card if sign.isdigit())
    for text in (card, f"My card is {card}.", f"card:{card},exp 12/27", f"({card})"):
        assert holds_card_number(text)
        covered = cover_cards(text)
        assert f"•••• {digits[-4:]}" in covered
        assert digits[:8] not in "".join(sign for sign in covered if sign.isdigit())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Order 4111111111111112",
        "Call +1 415 555 0142",
        "1234567890123456",
        "2026-03-01 17:30",
        "TS-7K3M9-QX20D-4",
        "0000000000000000",
        "lot 12345678901",
        "1" * 25,
        "9" * 16,
    ],
)
def test_other_numbers_stay_as_they_are(text: str) -> None:
    assert cover_cards(text) == text


def test_our_own_numbers_are_never_covered() -> None:
    for _ in range(500):
        digits = to_digits(new_report_number())
        assert cover_cards(f"It is {digits}.") == f"It is {digits}."


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("CVV 123", "CVV ••••"),
        ("cvc: 1234 ok", "cvc: •••• ok"),
        ("The security code is 999.", "The security code is ••••."),
        ("código de seguridad 321", "código de seguridad ••••"),
        ("CVV12345", "CVV12345"),
        ("flat 123", "flat 123"),
    ],
)
def test_a_security_code_is_covered_after_its_name(typed: str, kept: str) -> None:
    assert cover_cards(typed) == kept


def test_everything_inside_a_record_is_covered() -> None:
    told = {"narrative": CARDS[0], "facts": {"a": [CARDS[3], 5, None, True]}, "n": 1.5}
    assert cover_all(told) == {
        "narrative": "•••• 1111",
        "facts": {"a": ["•••• 4444", 5, None, True]},
        "n": 1.5,
    }
