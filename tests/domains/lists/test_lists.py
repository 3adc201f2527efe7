"""Kept lists: each entry with its source, reason and end, told to the engine in order."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from tests.domains import matter
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, InvalidInput, NotFound
from tocsin.core.outbox.models import OutboxMessage
from tocsin.core.outbox.parcels import prepare
from tocsin.domains.lists import actions, queries
from tocsin.domains.lists.models import ListEntry

pytestmark = pytest.mark.django_db
WHY = "Reported stolen."


@pytest.fixture
def engineer(db: None) -> Actor:
    return matter.as_(matter.somebody("rules_engineer", "Anna"), "rule_work")


@pytest.fixture
def investigator(db: None) -> Actor:
    return matter.as_(matter.somebody("investigator", "Ines"))


def told() -> list[tuple[str, dict[str, Any]]]:
    """What is on its way to the engine, in order."""
    sent = OutboxMessage.objects.filter(kind="event").order_by("created_at", "id")
    return [(one.topic, dict(prepare(one).data["fields"])) for one in sent]


def test_an_entry_comes_and_goes_and_the_engine_is_told_each_once(engineer: Actor) -> None:
    until = timezone.now() + dt.timedelta(days=1)
    entry = actions.add(engineer, "stolen_cards", " card-77 ", reason=WHY, source="case 12", until=until)
    again = actions.add(engineer, "stolen_cards", "card-77", reason="Once more.", until=until)
    assert (again.pk, ListEntry.objects.count()) == (entry.pk, 1)
    assert queries.held(["stolen_cards"]) == [
        queries.Held("stolen_cards", "card-77", int(until.timestamp() * 1000), 100)
    ]
    actions.remove(engineer, entry.pk, reason="It was found.")
    actions.remove(engineer, entry.pk, reason="It was found again.")
    assert queries.held(["stolen_cards"]) == []
    back = actions.add(engineer, "stolen_cards", "card-77", reason="Lost again.")
    assert back.pk != entry.pk
    value = {"list": "stolen_cards", "value": "card-77"}
    assert told() == [
        ("list.added", {**value, "confidence": 100, "until": int(until.timestamp() * 1000)}),
        ("list.removed", value),
        ("list.added", {**value, "confidence": 100}),
    ]
    newest, oldest = queries.entries(engineer, "stolen_cards")
    assert (newest.row.reason, newest.counts) == ("Lost again.", True)
    assert (oldest.row.reason, oldest.row.removal, oldest.counts) == (WHY, "It was found.", False)


def test_a_value_is_sealed_and_masked_for_who_may_not_see_what_is_personal(
    engineer: Actor, investigator: Actor
) -> None:
    entry = actions.add(engineer, "bad_addresses", "198.51.100.77", reason=WHY)
    assert b"198.51.100.77" not in bytes(entry.value_sealed)
    assert not OutboxMessage.objects.filter(data__icontains="198.51.100.77").exists()
    assert [one.value for one in queries.entries(investigator, "bad_addresses")] == ["198.51.100.77"]
    assert [one.value for one in queries.entries(engineer, "bad_addresses")] == ["•••0.77"]


def test_an_entry_that_has_ended_does_not_count(engineer: Actor) -> None:
    entry = actions.add(engineer, "stolen_cards", "card-77", reason=WHY)
    ListEntry.objects.filter(pk=entry.pk).update(until=timezone.now())
    assert queries.held(["stolen_cards"]) == []
    assert queries.lists(engineer) == [queries.Summary("stolen_cards", 0)]
    assert [one.counts for one in queries.entries(engineer, "stolen_cards")] == [False]


def test_a_value_that_ended_or_is_to_end_at_another_time_is_put_on_anew(engineer: Actor) -> None:
    tomorrow = timezone.now() + dt.timedelta(days=1)
    ended = actions.add(engineer, "stolen_cards", "card-77", reason=WHY)
    ListEntry.objects.filter(pk=ended.pk).update(until=timezone.now())
    short = actions.add(engineer, "stolen_cards", "card-77", reason="Again.", until=tomorrow)
    for_ever = actions.add(engineer, "stolen_cards", "card-77", reason="It stays away.")
    assert len({ended.pk, short.pk, for_ever.pk}) == 3
    assert queries.held(["stolen_cards"]) == [queries.Held("stolen_cards", "card-77", None, 100)]
    value = {"list": "stolen_cards", "value": "card-77"}
    assert told()[1:] == [
        ("list.removed", value),
        ("list.added", {**value, "confidence": 100, "until": int(tomorrow.timestamp() * 1000)}),
        ("list.removed", value),
        ("list.added", {**value, "confidence": 100}),
    ]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"name": "Stolen"}, "list"),
        ({"value": " "}, "value"),
        ({"value": "a\nb"}, "value"),
        ({"value": "4242 4242 4242 4242"}, "value"),
        ({"reason": "x"}, "reason"),
        ({"source": "s" * 201}, "source"),
        ({"until": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, "until"),
    ],
)
def test_what_cannot_be_listed_is_refused(engineer: Actor, more: dict[str, Any], field: str) -> None:
    given = {"name": "stolen_cards", "value": "card-77", "reason": WHY} | more
    with pytest.raises(InvalidInput) as refused:
        actions.add(engineer, given.pop("name"), given.pop("value"), **given)
    assert list(refused.value.fields) == [field]
    assert not ListEntry.objects.exists()
    assert told() == []


def test_who_may_not_edit_changes_nothing(engineer: Actor, investigator: Actor) -> None:
    entry = actions.add(engineer, "stolen_cards", "card-77", reason=WHY)
    with pytest.raises(AccessDenied):
        actions.add(investigator, "stolen_cards", "card-78", reason=WHY)
    with pytest.raises(AccessDenied):
        actions.remove(investigator, entry.pk, reason=WHY)
    with pytest.raises(InvalidInput):
        actions.remove(engineer, entry.pk, reason="")
    with pytest.raises(NotFound):
        actions.remove(engineer, "lse_none", reason=WHY)
    with pytest.raises(AccessDenied):
        queries.lists(matter.as_(matter.somebody("specialist", "Sam")))
    assert ListEntry.objects.get().removed_at is None
    assert len(told()) == 1
