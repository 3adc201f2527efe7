"""Events of our own reach the decide host once each, in the order in which they were written, with a key of
the house."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from tests.core.outbox.receiver import Receiver, serving
from tocsin.core.access.api_keys import authenticate, revoke
from tocsin.core.access.house_key import house_token
from tocsin.core.access.models import ApiKey
from tocsin.core.actor import Actor, system
from tocsin.core.errors import Conflict, NotAuthenticated
from tocsin.core.outbox import actions
from tocsin.core.outbox.actions import KEPT
from tocsin.core.outbox.courier import LEASE
from tocsin.core.outbox.delivery import send_due
from tocsin.core.outbox.models import OutboxMessage
from tocsin.core.outbox.publish import send

pytestmark = pytest.mark.django_db
REMOVED = {"type": "account.removed", "ts": "2026-11-26T10:00:00.000+00:00", "entities": {"customer": "c-1"}}


@pytest.fixture
def decide(settings: Any) -> Iterator[Receiver]:
    with serving() as receiver:
        settings.TOCSIN_DECIDE_URL = f"http://127.0.0.1:{receiver.port}"
        receiver.answer(200, b"{}")
        yield receiver


def tell(key: str) -> OutboxMessage:
    send(OutboxMessage.Kind.EVENT, "account.removed", "decide", key=key, data=REMOVED)
    return OutboxMessage.objects.get(idempotency_key=key)


def told(decide: Receiver) -> list[str]:
    return [json.loads(one.body)["id"] for one in decide.received]


def test_an_event_is_told_with_a_key_that_may_tell_events_and_nothing_else(decide: Receiver) -> None:
    message = tell("one")
    assert send_due() == 1
    [got] = decide.received
    assert got.path == "/v1/events"
    assert json.loads(got.body) == {"id": message.pk, **REMOVED}
    speaker = authenticate(got.headers["authorization"].removeprefix("Bearer "))
    assert (speaker.kind, speaker.scopes) == ("api_key", {"events:write"})


def test_telling_the_same_twice_tells_it_once(decide: Receiver) -> None:
    message = tell("one")
    tell("one")
    send_due()
    send_due()
    assert told(decide) == [message.pk]


def test_while_the_host_is_away_nothing_overtakes_what_was_written_before(decide: Receiver) -> None:
    first = tell("one")
    decide.answer(503)
    send_due()
    second = tell("two")
    decide.answer(200, b"{}")
    assert send_due() == 0
    assert send_due(timezone.now() + dt.timedelta(minutes=1)) == 2
    assert told(decide) == [first.pk, first.pk, second.pk]


def test_what_a_killed_worker_was_sending_is_told_again_under_the_same_id_and_before_what_came_later(
    decide: Receiver,
) -> None:
    first = tell("one")
    OutboxMessage.objects.filter(pk=first.pk).update(next_at=timezone.now() + LEASE)
    second = tell("two")
    assert send_due() == 0
    assert send_due(timezone.now() + LEASE + dt.timedelta(seconds=1)) == 2
    assert told(decide) == [first.pk, second.pk]


def test_an_event_that_the_host_refuses_for_good_holds_up_nobody(decide: Receiver) -> None:
    refused = tell("one")
    second = tell("two")
    decide.answers = [(409, {}, b"another content"), (200, {}, b"{}")]
    assert send_due() == 2
    refused.refresh_from_db()
    second.refresh_from_db()
    assert (refused.state, refused.last_error) == ("dead", "The decide host answered 409: another content")
    assert second.state == "done"


def test_a_night_of_trouble_loses_no_event_and_no_order(decide: Receiver) -> None:
    first, second = tell("one"), tell("two")
    later = timezone.now()
    for status in (503, 401) * 10:
        decide.answer(status)
        assert send_due(later) == 1
        later += dt.timedelta(hours=1, seconds=1)
    first.refresh_from_db()
    assert (first.state, first.attempts) == ("pending", 20)
    assert told(decide) == [first.pk] * 20
    decide.received.clear()
    decide.answer(200, b"{}")
    assert send_due(later) == 2
    assert told(decide) == [first.pk, second.pk]


def test_what_cannot_be_prepared_is_not_overtaken(decide: Receiver) -> None:
    first, second = tell("one"), tell("two")
    OutboxMessage.objects.filter(pk=first.pk).update(key_scope="list:stolen", body_sealed=b"\x00")
    send_due()
    assert told(decide) == []
    OutboxMessage.objects.filter(pk=first.pk).update(key_scope="", body_sealed=None)
    assert send_due(timezone.now() + dt.timedelta(minutes=1)) == 2
    assert told(decide) == [first.pk, second.pk]


@pytest.mark.parametrize("newer", ["sent", "forgotten"])
def test_a_refused_event_is_not_sent_again_over_a_newer_one(
    decide: Receiver, admin: Actor, newer: str
) -> None:
    refused = tell("one")
    decide.answers = [(422, {}, b"no such field"), (200, {}, b"{}")]
    if newer == "sent":
        second = tell("two")
        assert send_due() == 2
    else:
        assert send_due() == 1
        OutboxMessage.objects.update(created_at=timezone.now() - KEPT)
    with pytest.raises(Conflict, match="would undo them"):
        actions.resend(admin, refused.pk)
    refused.refresh_from_db()
    assert (refused.state, refused.attempts) == ("dead", 1)
    if newer == "sent":
        OutboxMessage.objects.filter(pk=second.pk).update(data=REMOVED | {"entities": {"customer": "c-2"}})
        assert actions.resend(admin, refused.pk).state == "pending"


def test_after_the_key_of_the_house_was_revoked_there_is_another_one(decide: Receiver) -> None:
    first = house_token()
    assert house_token() == first
    key = ApiKey.objects.get()
    revoke(system("tests"), key.pk)
    assert house_token() != first
    with pytest.raises(NotAuthenticated):
        authenticate(first)
    assert authenticate(house_token()).scopes == {"events:write"}
