"""Masks show enough to recognise and never the length."""

import pytest

from tocsin.core.crypto.masks import mask, mask_address, mask_card, mask_email, mask_name, mask_phone


@pytest.mark.parametrize(
    ("name", "masked"),
    [("Maria Lopez", "M••• L•••"), ("  Al ", "A•••"), ("李 小龙", "李••• 小•••"), ("", "")],
)
def test_names(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("+14155554471", "+1 ••• ••• 4471"),
        ("+442079460018", "+44 ••• ••• 0018"),
        ("+1911", "+1 ••• •••"),
        ("555-0199", "•••99"),
        ("911", "•••"),
        ("", ""),
    ],
)
def test_phones(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("maria@example.com", "m•••@e•••.com"),
        ("a@b.co.uk", "a•••@b•••.uk"),
        ("root@localhost", "r•••@•••"),
        ("not an address", "•••"),
        ("", ""),
    ],
)
def test_emails(address: str, masked: str) -> None:
    assert mask_email(address) == masked


def test_addresses_keep_the_town() -> None:
    assert mask_address("12 Oak St, Apt 4", "Oakland", "CA") == "•••, Oakland, CA"
    assert mask_address("12 Oak St") == "•••"
    assert mask_address("") == ""


def test_cards_and_the_rest() -> None:
    assert mask_card("4242") == "•••• 4242"
    assert mask_card("") == ""
    assert mask("AB-1234-5678", keep_last=4) == "•••5678"
    assert mask("12345", keep_last=4) == "•••"
    assert mask("anything") == "•••"
    assert mask("  ") == ""
