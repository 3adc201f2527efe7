"""Only what is known to be harmless is stored as it is; everything else is sealed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.domains.actors import staff
from tests.domains.detection.desk import Desk
from tocsin.core.access.check import Scope
from tocsin.domains.detection import queries
from tocsin.domains.detection.models import Alert, Event, Verdict
from tocsin.domains.detection.plain import COVERED, covered_reason, is_plain
from tocsin.domains.detection.ship import ship_once
from tocsin.engine.vocabulary import EVENT_TYPES

#: Fields of the vocabulary that say where somebody was, what they wrote, or what is thought of them.
PERSONAL = {"lat", "lon", "text", "contact", "label", "list", "value"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("nickname", "Zephyrine"),  # nobody thought of it
        ("Zephyrine", True),  # a name can say it as well
        ("total", 1200),
        ("reason", "he hit me with a crowbar"),
        ("reason", "+14155554471"),
        ("promo", "4155554471"),
        ("promo", "415-555-4471"),
        ("decline_code", "4242.4242.4242.4242"),
        ("tender", "Zephyrine@example.test"),
        ("amount_minor", "4471 Hollowbrook Crescent"),
        ("mock", "Zephyrine"),
        ("currency", 14155554471),
        ("lat", 37.7),
        ("text", "words"),
        ("contact", "phone"),
        ("amount_minor", {"note": "words"}),
        ("reason", ["wrong_password"]),
    ],
)
def test_what_is_not_known_to_be_harmless_is_not_plain(name: str, value: Any) -> None:
    assert not is_plain(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount_minor", 1200),
        ("drop_distance_m", 12.5),
        ("mock", True),
        ("match", 0.91),
        ("tip_minor", None),
        ("currency", "USD"),
        ("reason", "wrong_password"),
        ("reason_code", "10.4"),
        ("decline_code", "51"),
        ("promo", "SAVE20"),
        ("sender", "shopper"),
    ],
)
def test_amounts_flags_and_codes_are_plain(name: str, value: Any) -> None:
    assert is_plain(name, value)


def test_of_the_vocabulary_only_places_words_and_opinions_are_sealed() -> None:
    known = {name for names in EVENT_TYPES.values() for name in names}
    plain = {name for name in known if any(is_plain(name, value) for value in (1, True, "code"))}
    assert known - plain == PERSONAL


def test_a_reason_covers_personal_values_in_its_text_too() -> None:
    reason = {
        "code": "M1", "rule": "r", "text": "You wrote meet me at noon to c-1, 3 times, USD.",
        "values": {
            "text": "meet me at noon", "customer": "c-1", "messages": 3, "currency": "USD", "word": "noon",
        },
    }  # fmt: skip
    fields = {"text": "meet me at noon", "currency": "USD"}
    covered = covered_reason(reason, fields, ["c-1"])
    assert covered["text"] == f"You wrote {COVERED} to c-1, 3 times, USD."
    assert covered["values"] == {
        "text": COVERED, "customer": "c-1", "messages": 3, "currency": "USD", "word": COVERED,
    }  # fmt: skip


@pytest.mark.django_db
def test_an_unknown_field_is_sealed_and_can_still_be_read_by_who_may(desk: Desk) -> None:
    desk.tell("custom.visit", customer="c-1", nickname="Zanzibarous", door=3, amount_minor=5, currency="USD")
    ship_once(desk.read)
    event = Event.objects.get()
    assert event.fields == {"amount_minor": 5, "currency": "USD"}
    stored = json.dumps([event.fields, event.entities, list(Alert.objects.values("reasons"))])
    assert "Zanzibarous" not in stored + json.dumps(list(Verdict.objects.values("reasons")))
    reader = staff("investigator", regions=("*",))
    opened = queries.personal_fields(reader, event, Scope(data_class="P3", assigned=True))
    assert opened == {"nickname": "Zanzibarous", "door": 3}
