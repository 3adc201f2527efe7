"""Webhooks end to end: an event, a signed delivery, and what becomes of each kind of answer."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import threading
import time
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.core.outbox.receiver import Received, Receiver, serving
from tocsin.core.act import act
from tocsin.core.actor import Actor, system
from tocsin.core.audit.models import AuditEntry
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput, NotFound
from tocsin.core.outbox import webhooks
from tocsin.core.outbox.courier import LEASE
from tocsin.core.outbox.delivery import deliver_due, send_due
from tocsin.core.outbox.models import OutboxMessage, WebhookEndpoint

pytestmark = pytest.mark.django_db

SECOND, HOUR = dt.timedelta(seconds=1), dt.timedelta(hours=1)


def verified(received: Received, secret: str) -> bool:
    """What a receiver does, written from the contract alone."""
    signed = received.headers["tocsin-timestamp"].encode() + b"." + received.body
    expected = "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    fresh = abs(time.time() - int(received.headers["tocsin-timestamp"])) < 300
    return fresh and hmac.compare_digest(expected, received.headers["tocsin-signature"])


@pytest.fixture
def endpoint(receiver: Receiver, admin: Actor) -> tuple[WebhookEndpoint, str]:
    return webhooks.create(admin, receiver.url, ["case.opened"], "the marketplace")


def queue(number: int = 1, topic: str = "case.opened") -> OutboxMessage:
    webhooks.fan_out(topic, {"case": f"case_{number}"}, key=f"k{number}")
    return OutboxMessage.objects.filter(kind="webhook").latest("id")


def test_an_event_reaches_those_who_asked_for_it(
    receiver: Receiver, admin: Actor, endpoint: tuple[WebhookEndpoint, str]
) -> None:
    webhooks.create(admin, receiver.url + "/all", ["*"])
    webhooks.create(admin, receiver.url + "/other", ["notice.issued"])
    with act(system("tests"), "test") as work:
        work.emit("case.opened", {"case": "case_1", "severity": "S1"})
    while deliver_due():
        pass
    assert sorted(got.path for got in receiver.received) == ["/hook", "/hook/all"]
    got = next(one for one in receiver.received if one.path == "/hook")
    assert verified(got, endpoint[1])
    assert not verified(got, endpoint[1] + "x")
    sent = json.loads(got.body)
    assert sent.keys() == {"id", "type", "created_at", "data"}
    assert (sent["type"], sent["data"]) == ("case.opened", {"case": "case_1", "severity": "S1"})
    assert got.headers["content-type"] == "application/json"
    row = OutboxMessage.objects.get(kind="webhook", destination=endpoint[0].pk)
    assert (row.state, row.attempts, row.pk) == ("done", 1, got.headers["tocsin-delivery-id"])


def test_the_same_key_is_queued_once(endpoint: tuple[WebhookEndpoint, str]) -> None:
    assert [webhooks.fan_out("case.opened", {"case": "1"}, "k") for _ in range(3)] == [1, 1, 1]
    assert OutboxMessage.objects.count() == 1


def test_a_failed_delivery_is_repeated_with_the_same_id_and_body(
    receiver: Receiver, endpoint: tuple[WebhookEndpoint, str]
) -> None:
    receiver.answers = [(500, {}, b"out of order"), (204, {}, b"")]
    first, now = queue(), timezone.now()
    assert send_due(now) == 1
    waiting = OutboxMessage.objects.get()
    assert (waiting.state, waiting.attempts) == ("pending", 1)
    assert waiting.last_error == "The receiver answered 500: out of order"
    assert now + 4 * SECOND <= waiting.next_at <= now + 5 * SECOND
    assert send_due(now + 3 * SECOND) == 0
    assert send_due(now + 6 * SECOND) == 1
    once, again = receiver.received
    assert once.body == again.body
    assert once.headers["tocsin-delivery-id"] == again.headers["tocsin-delivery-id"] == first.pk
    assert verified(again, endpoint[1])
    assert OutboxMessage.objects.get().state == "done"


@pytest.mark.parametrize(
    ("asked", "least", "most"), [("120", 120, 120), ("999999", 3600, 3600), ("soon", 4, 5), ("-5", 4, 5)]
)
def test_a_receiver_may_ask_for_patience(
    receiver: Receiver, endpoint: tuple[WebhookEndpoint, str], asked: str, least: int, most: int
) -> None:
    receiver.answer(503, Retry_After=asked)
    _, now = queue(), timezone.now()
    send_due(now)
    wait = OutboxMessage.objects.get().next_at - now
    assert least * SECOND <= wait <= most * SECOND


def test_410_disables_the_endpoint(receiver: Receiver, endpoint: tuple[WebhookEndpoint, str]) -> None:
    receiver.answer(410)
    queue(1), queue(2)
    send_due()
    row = WebhookEndpoint.objects.get()
    assert row.disabled_at is not None
    assert (
        AuditEntry.objects.filter(verb="webhook.disable", object_id=row.pk, actor="system:outbox").count()
        == 1
    )
    assert webhooks.fan_out("case.opened", {}, "later") == 0
    send_due(timezone.now() + HOUR)
    assert len(receiver.received) == 1
    assert sorted(OutboxMessage.objects.values_list("state", "last_error")) == [
        ("dead", "The endpoint is disabled."),
        ("dead", "The receiver answered 410: it wants no more."),
    ]


def test_a_redirect_is_a_failure(receiver: Receiver, endpoint: tuple[WebhookEndpoint, str]) -> None:
    receiver.answer(302, Location="http://127.0.0.1:1/")
    queue()
    send_due()
    assert OutboxMessage.objects.get().last_error == "The receiver answered 302; redirects are not followed."


def test_after_twelve_tries_a_delivery_is_dead(
    receiver: Receiver, endpoint: tuple[WebhookEndpoint, str]
) -> None:
    receiver.answer(500)
    queue()
    for _ in range(12):
        assert send_due(OutboxMessage.objects.get().next_at) == 1
    assert (OutboxMessage.objects.get().state, len(receiver.received)) == ("dead", 12)
    assert send_due(timezone.now() + 99 * HOUR) == 0


def test_an_address_that_became_forbidden_is_not_called(
    receiver: Receiver, endpoint: tuple[WebhookEndpoint, str], settings: Any
) -> None:
    queue()
    settings.TOCSIN_OUTBOUND_ALLOW = ()
    send_due()
    assert receiver.received == []
    assert OutboxMessage.objects.get().last_error.startswith("The address may not be called: Only https")


def test_one_destination_gets_its_messages_in_order(
    receiver: Receiver, endpoint: tuple[WebhookEndpoint, str]
) -> None:
    for number in range(25):
        queue(number)
    while send_due():
        pass
    order = [json.loads(got.body)["data"]["case"] for got in receiver.received]
    assert order == [f"case_{number}" for number in range(25)]


def test_a_destination_in_trouble_is_asked_once_until_it_works(
    receiver: Receiver, endpoint: tuple[WebhookEndpoint, str]
) -> None:
    receiver.answers = [(500, {}, b""), (204, {}, b"")]
    for number in range(30):
        queue(number)
    now = timezone.now()
    assert send_due(now) == 1
    assert send_due(now + SECOND) == 0
    while send_due(now + 10 * SECOND):
        pass
    assert len(receiver.received) == 31
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {"done"}


def test_destinations_do_not_wait_for_each_other(
    receiver: Receiver, admin: Actor, endpoint: tuple[WebhookEndpoint, str]
) -> None:
    """One receiver does not answer until the other one has everything."""
    everything = threading.Event()
    receiver.on_request = lambda got: everything.wait(30) and None
    with serving() as quick:
        webhooks.create(admin, quick.url, ["case.opened"])
        quick.on_request = lambda got: everything.set() if len(quick.received) == 5 else None
        for number in range(5):
            queue(number)
        assert send_due() == 10
    assert everything.is_set()
    assert (len(receiver.received), len(quick.received)) == (5, 5)


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_a_delivery_is_on_its_way(receiver: Receiver, admin: Actor) -> None:
    webhooks.create(admin, receiver.url, ["case.opened"])
    queue()
    seen: list[list[str]] = []

    def look(got: Received) -> None:
        with connection.cursor() as cursor:  # a connection of the receiver's own thread
            cursor.execute(
                "SELECT state FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            seen.append([state for (state,) in cursor.fetchall()])
        connection.close()

    receiver.on_request = look
    assert send_due() == 1
    assert seen == [["idle"]]


def test_a_claim_holds_until_its_lease_ends(
    receiver: Receiver, endpoint: tuple[WebhookEndpoint, str]
) -> None:
    """What a worker had claimed when it died is sent by another one, later, under the same id."""
    from tocsin.core.outbox.courier import Courier

    message, now = queue(), timezone.now()
    died = Courier()
    assert [claimed.pk for claimed in died._claim("webhook", now, 10)] == [message.pk]
    assert send_due(now + LEASE - SECOND) == 0
    assert send_due(now + LEASE) == 1
    assert [got.headers["tocsin-delivery-id"] for got in receiver.received] == [message.pk]


def test_a_late_result_does_not_overwrite_what_came_after(
    receiver: Receiver, endpoint: tuple[WebhookEndpoint, str]
) -> None:
    """A worker that was slow finds its lease gone: its result is dropped."""
    from tocsin.core.outbox import courier
    from tocsin.core.outbox.parcels import Outcome

    _, now = queue(), timezone.now()
    (slow,) = courier.Courier()._claim("webhook", now, 10)
    assert send_due(now + LEASE) == 1
    courier._mark(slow, Outcome("later", "I was slow"), now + LEASE)
    assert OutboxMessage.objects.values_list("state", "attempts", "last_error").get() == ("done", 1, "")


def test_a_late_result_does_not_take_away_somebody_elses_lease(
    receiver: Receiver, endpoint: tuple[WebhookEndpoint, str]
) -> None:
    from tocsin.core.outbox import courier
    from tocsin.core.outbox.parcels import Outcome

    _, now = queue(), timezone.now()
    (slow,) = courier.Courier()._claim("webhook", now, 10)
    (other,) = courier.Courier()._claim("webhook", now + LEASE, 10)
    courier._mark(slow, Outcome("later", "I was slow"), now + LEASE)
    assert OutboxMessage.objects.values_list("state", "attempts", "next_at").get() == (
        "pending", 0, other.next_at,
    )  # fmt: skip


def test_only_the_right_people_manage_endpoints(receiver: Receiver, specialist: Actor, admin: Actor) -> None:
    row, _ = webhooks.create(admin, receiver.url, ["*"])
    for attempt in (
        lambda: webhooks.create(specialist, receiver.url, ["*"]),
        lambda: webhooks.endpoints(specialist),
        lambda: webhooks.endpoint(specialist, row.pk),
        lambda: webhooks.disable(specialist, row.pk),
        lambda: webhooks.send_test(specialist, row.pk),
        lambda: webhooks.deliveries(specialist, row.pk),
        lambda: webhooks.redeliver(specialist, "msg_x"),
    ):
        with pytest.raises(AccessDenied):
            attempt()
    assert list(WebhookEndpoint.objects.values_list("disabled_at", flat=True)) == [None]
    assert OutboxMessage.objects.count() == 0


def test_the_secret_is_shown_once_and_kept_sealed(receiver: Receiver, admin: Actor) -> None:
    row, secret = webhooks.create(admin, receiver.url, ["*"])
    stored = WebhookEndpoint.objects.get(pk=row.pk)
    assert secret.startswith("whsec_")
    assert secret.encode() not in bytes(stored.secret_sealed)
    assert not AuditEntry.objects.filter(payload__contains=secret).exists()


@pytest.mark.parametrize(
    ("url", "topics", "field"),
    [
        ("https://10.0.0.1/hook", ["*"], "url"),
        ("http://example.com/hook", ["*"], "url"),
        ("https://u:p@example.com/hook", ["*"], "url"),
        ("https://example.com/" + "x" * 500, ["*"], "url"),
        ("https://example.com/hook", [], "topics"),
        ("https://example.com/hook", ["case.opened", "alert.raised"], "topics"),
    ],
)
def test_endpoints_that_cannot_be_added(admin: Actor, url: str, topics: list[str], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        webhooks.create(admin, url, topics)
    assert list(refused.value.fields) == [field]
    assert not WebhookEndpoint.objects.exists()


def test_a_disabled_endpoint_is_told_nothing_more(
    receiver: Receiver, admin: Actor, endpoint: tuple[WebhookEndpoint, str]
) -> None:
    queue()
    webhooks.disable(admin, endpoint[0].pk)
    first = WebhookEndpoint.objects.get().disabled_at
    webhooks.disable(admin, endpoint[0].pk)
    assert WebhookEndpoint.objects.get().disabled_at == first
    assert send_due() == 0
    assert receiver.received == []
    assert webhooks.endpoints(admin) == []
    assert [row.pk for row in webhooks.endpoints(admin, disabled=True)] == [endpoint[0].pk]
    with pytest.raises(Conflict):
        webhooks.send_test(admin, endpoint[0].pk)
    with pytest.raises(NotFound):
        webhooks.disable(admin, "whk_unknown")


def test_a_test_delivery_arrives(
    receiver: Receiver, admin: Actor, endpoint: tuple[WebhookEndpoint, str]
) -> None:
    delivery = webhooks.send_test(admin, endpoint[0].pk)
    send_due()
    (got,) = receiver.received
    assert (json.loads(got.body)["type"], got.headers["tocsin-delivery-id"]) == ("webhook.test", delivery)
    assert verified(got, endpoint[1])


def test_redelivering_sends_the_same_event_under_a_new_delivery_id(
    receiver: Receiver, admin: Actor, endpoint: tuple[WebhookEndpoint, str]
) -> None:
    first = queue()
    send_due()
    again = webhooks.redeliver(admin, first.pk)
    send_due()
    once, twice = receiver.received
    assert once.body == twice.body
    assert [got.headers["tocsin-delivery-id"] for got in (once, twice)] == [first.pk, again]
    assert [row.pk for row in webhooks.deliveries(admin, endpoint[0].pk)] == [again, first.pk]
    assert [row.pk for row in webhooks.deliveries(admin, endpoint[0].pk, cursor=again)] == [first.pk]
    with pytest.raises(NotFound):
        webhooks.redeliver(admin, "msg_unknown")
