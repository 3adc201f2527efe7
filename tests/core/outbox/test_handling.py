"""Handlers: their effect and their message's state stand and fall together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.audit.models import AuditEntry
from tocsin.core.outbox.handling import handle_due
from tocsin.core.outbox.models import OutboxMessage
from tocsin.core.outbox.publish import publish

pytestmark = pytest.mark.django_db


def leave_effect(data: Mapping[str, Any]) -> None:
    with act(system("tests"), "effect") as work:
        work.fact("test", data["id"])


def effects() -> list[str]:
    return list(AuditEntry.objects.filter(verb="effect").order_by("id").values_list("object_id", flat=True))


def test_each_handler_of_a_topic_runs_once(no_handlers: dict[str, Any]) -> None:
    heard: list[str] = []
    no_handlers["report.received"] = {
        "a": lambda data: heard.append("a"),
        "b": lambda data: heard.append("b"),
    }
    no_handlers["*"] = {"all": lambda data: heard.append("all")}
    publish("report.received", {"id": "1"})
    publish("nobody.listens", {})
    assert handle_due() == 4
    assert handle_due() == 0
    assert sorted(heard) == ["a", "all", "all", "b"]
    assert set(OutboxMessage.objects.values_list("state", "attempts")) == {("done", 1)}


def test_publishing_with_a_key_twice_queues_once(no_handlers: dict[str, Any]) -> None:
    no_handlers["t"] = {"a": leave_effect}
    publish("t", {"id": "1"}, key="once")
    publish("t", {"id": "1"}, key="once")
    publish("t", {"id": "2"}, key="other")
    assert handle_due() == 2
    assert sorted(effects()) == ["1", "2"]


def test_what_is_rolled_back_was_never_published(no_handlers: dict[str, Any]) -> None:
    no_handlers["t"] = {"a": leave_effect}

    def fails() -> None:
        with act(system("tests"), "x") as work:
            work.emit("t", {"id": "1"})
            work.flush()
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        fails()
    assert OutboxMessage.objects.count() == 0
    assert handle_due() == 0


def test_a_failing_handler_leaves_nothing_and_is_tried_again(no_handlers: dict[str, Any]) -> None:
    broken = [True]

    def fails_at_first(data: Mapping[str, Any]) -> None:
        leave_effect(data)
        if broken[0]:
            raise ValueError("not yet")

    no_handlers["t"] = {"a": fails_at_first}
    no_handlers["u"] = {"a": leave_effect}
    publish("t", {"id": "bad"})
    publish("u", {"id": "good"})
    now = timezone.now()
    assert handle_due(now) == 1
    assert effects() == ["good"]
    failed = OutboxMessage.objects.get(topic="t")
    assert (failed.state, failed.attempts, failed.last_error) == ("pending", 1, "ValueError: not yet")
    assert now < failed.next_at <= now + dt.timedelta(seconds=5)
    broken[0] = False
    assert handle_due(failed.next_at) == 1
    assert effects() == ["good", "bad"]


def test_after_twelve_failures_a_message_is_dead(no_handlers: dict[str, Any]) -> None:
    def fails(data: Mapping[str, Any]) -> None:
        raise ValueError("never")

    no_handlers["t"] = {"a": fails}
    publish("t", {"id": "1"})
    for attempt in range(1, 13):
        message = OutboxMessage.objects.get()
        assert (message.state, message.attempts) == ("pending", attempt - 1)
        assert handle_due(message.next_at) == 0
    dead = OutboxMessage.objects.get()
    assert (dead.state, dead.attempts) == ("dead", 12)
    assert handle_due(dead.next_at + dt.timedelta(days=1)) == 0


def test_a_handler_that_no_longer_exists_is_not_passed_over(no_handlers: dict[str, Any]) -> None:
    no_handlers["t"] = {"old": leave_effect}
    publish("t", {"id": "1"})
    no_handlers["t"] = {}
    assert handle_due() == 0
    assert OutboxMessage.objects.get().last_error == "NoHandler: nobody is called 'old' for 't'"
    no_handlers["t"] = {"old": leave_effect}
    assert handle_due(timezone.now() + dt.timedelta(minutes=1)) == 1


def test_a_handler_that_breaks_its_transaction_breaks_no_other(no_handlers: dict[str, Any]) -> None:
    def breaks(data: Mapping[str, Any]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    no_handlers["t"] = {"a": breaks}
    no_handlers["u"] = {"a": leave_effect}
    publish("t", {})
    publish("u", {"id": "1"})
    assert handle_due() == 1
    assert effects() == ["1"]
    assert OutboxMessage.objects.get(topic="t").last_error == "DataError, 22012"
