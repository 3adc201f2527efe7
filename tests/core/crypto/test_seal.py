"""Sealing and opening: what was sealed comes back, anything else is refused by name."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.crypto import data_keys, seal
from tocsin.core.crypto.models import DataKey
from tocsin.core.crypto.seal import MissingKey, Sealed, Shredded, Tampered, blind_index

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("key_home")]


def test_what_was_sealed_comes_back() -> None:
    sealed = seal.seal("party:1", "phone", "+14155554471")
    assert b"4155554471" not in sealed
    assert seal.open_text("party:1", "phone", sealed) == "+14155554471"
    assert seal.open_bytes("party:1", "phone", memoryview(sealed)) == b"+14155554471"


def test_an_absent_value_is_an_empty_string() -> None:
    assert seal.open_text("party:1", "phone", None) == ""


def test_the_same_value_never_looks_the_same() -> None:
    assert seal.seal("party:1", "name", "Maria") != seal.seal("party:1", "name", "Maria")


@pytest.mark.parametrize(("scope", "field"), [("party:2", "phone"), ("party:1", "email")])
def test_a_value_moved_to_another_person_or_column_does_not_open(scope: str, field: str) -> None:
    sealed = seal.seal("party:1", "phone", "+14155554471")
    seal.seal("party:2", "phone", "x")
    with pytest.raises(Tampered):
        seal.open_text(scope, field, sealed)


def test_every_changed_byte_is_noticed() -> None:
    sealed = seal.seal("party:1", "name", "Maria")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(Tampered):
            seal.open_text("party:1", "name", bytes(changed))


@given(st.binary(max_size=60))
@settings(max_examples=80, deadline=None)
def test_rubbish_is_tampered_never_a_crash(rubbish: bytes) -> None:
    seal.seal("party:1", "name", "Maria")
    if rubbish:
        with pytest.raises(Tampered):
            seal.open_text("party:1", "name", rubbish)


def test_a_missing_key_is_not_called_shredded() -> None:
    sealed = seal.seal("party:1", "name", "Maria")
    DataKey.objects.all().delete()
    with pytest.raises(MissingKey):
        seal.open_text("party:1", "name", sealed)


def test_a_destroyed_key_opens_nothing_and_seals_nothing() -> None:
    sealed = seal.seal("party:1", "name", "Maria")
    DataKey.objects.update(wrapped=None, destroyed_at="2026-01-01T00:00:00Z")
    with pytest.raises(Shredded):
        seal.open_text("party:1", "name", sealed)
    with pytest.raises(Shredded):
        seal.seal("party:1", "name", "Maria")


def test_a_key_put_in_the_place_of_another_is_noticed_although_remembered() -> None:
    sealed = seal.seal("party:1", "name", "Maria")
    DataKey.objects.all().delete()
    seal.seal("party:1", "name", "somebody else")
    with pytest.raises(Tampered):
        seal.open_text("party:1", "name", sealed)


def test_a_wrapped_key_moved_to_another_scope_does_not_unwrap() -> None:
    seal.seal("party:1", "name", "Maria")
    sealed = seal.seal("party:2", "name", "Ana")
    stolen = DataKey.objects.get(scope="party:1")
    DataKey.objects.filter(scope="party:2").update(wrapped=stolen.wrapped)
    with pytest.raises(Tampered):
        seal.open_text("party:2", "name", sealed)


def test_a_page_of_values_costs_one_query() -> None:
    people = [f"party:{number}" for number in range(40)]
    with CaptureQueriesContext(connection) as sealing:
        names = seal.seal_many([(person, "name", f"name of {person}") for person in people])
    assert len(sealing) == 3  # look, create, read back
    with CaptureQueriesContext(connection) as opening:
        opened = seal.open_many(Sealed(p, "name", n) for p, n in zip(people, names, strict=True))
    assert opened == [f"name of {person}" for person in people]
    assert len(opening) == 1


def test_one_erased_person_does_not_take_the_page_down() -> None:
    first, second = seal.seal_many([("party:1", "name", "Maria"), ("party:2", "name", "Ana")])
    DataKey.objects.filter(scope="party:1").update(wrapped=None, destroyed_at="2026-01-01T00:00:00Z")
    assert seal.open_many(
        [("party:1", "name", first), ("party:2", "name", second), ("party:2", "note", None)]
    ) == [None, "Ana", ""]


def test_a_page_does_not_hide_a_changed_value() -> None:
    first, second = seal.seal_many([("party:1", "name", "Maria"), ("party:2", "name", "Ana")])
    with pytest.raises(Tampered):
        seal.open_many([("party:1", "name", first), ("party:2", "name", second[:-1] + b"x")])


def test_a_page_without_values_asks_nothing_of_the_keys() -> None:
    assert seal.open_many([]) == []


def test_blind_indexes_meet_by_value_and_kind() -> None:
    one = blind_index("phone", "+14155554471")
    assert len(one) == 32
    assert one == blind_index("phone", "+14155554471")
    assert one != blind_index("email", "+14155554471")
    assert one != blind_index("phone", "+14155554472")
    assert seal.blind_indexes("phone", ["+14155554471", "x"])[0] == one


def test_blind_indexes_survive_a_restart() -> None:
    before = blind_index("phone", "+14155554471")
    data_keys.forget_all()
    assert blind_index("phone", "+14155554471") == before
