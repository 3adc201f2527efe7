"""Workers killed in the middle: handlers take effect exactly once, deliveries arrive at least once under one
id.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import psycopg
import pytest

from tests.core.outbox.receiver import Received, serving
from tests.support.database import FreshDatabase
from tocsin.core.outbox.courier import LEASE
from tocsin.core.postgres import Urls

pytestmark = pytest.mark.chaos
MESSAGES = 50


@pytest.fixture
def database(fresh_database: FreshDatabase) -> Iterator[tuple[Urls, psycopg.Connection]]:
    urls = fresh_database()
    with psycopg.connect(urls.owner, autocommit=True) as connection:
        connection.execute("CREATE TABLE effect (name text)")
        connection.execute("GRANT ALL ON effect TO tocsin_app")
        yield urls, connection


def worker(urls: Urls, what: str, seconds: float, **more: str) -> subprocess.Popen[str]:
    environment = os.environ | {
        "TOCSIN_DATABASE_URL": urls.app,
        "TOCSIN_OWNER_DATABASE_URL": urls.owner,
        "TOCSIN_DB_ROLE": "app",
        "TOCSIN_OUTBOUND_ALLOW": "127.0.0.1",
        **more,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.core.outbox.delivering_process", what, str(seconds)],
        env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def put(
    connection: psycopg.Connection, kind: str, topic: str, destination: str, data: object, key: str
) -> None:
    connection.execute(
        "INSERT INTO core_outbox_message (id, kind, topic, destination, data, key_scope, idempotency_key,"
        " state, attempts, next_at, last_error, created_at)"
        " VALUES (%s, %s, %s, %s, %s, '', %s, 'pending', 0, now() - interval '1 hour', '', now())",
        [f"msg_{key}", kind, topic, destination, json.dumps(data), key],
    )


def test_handlers_take_effect_once_though_a_worker_is_killed(
    database: tuple[Urls, psycopg.Connection],
) -> None:
    urls, connection = database
    for number in range(MESSAGES):
        name = "trap" if number == 0 else f"m{number}"
        put(connection, "handler", "test.happened", "effect", {"name": name}, f"{number:03}")
    victim = worker(urls, "handle", -1)
    assert victim.stdout is not None
    assert victim.stdout.readline() == "trapped\n"
    victim.kill()
    victim.communicate()
    others = [worker(urls, "handle", 0) for _ in range(2)]
    assert [other.wait(120) for other in others] == [0, 0]
    for other in others:
        other.communicate()
    counted = connection.execute("SELECT count(*), count(DISTINCT name) FROM effect").fetchone()
    states = connection.execute(
        "SELECT state, attempts, count(*) FROM core_outbox_message GROUP BY 1, 2"
    ).fetchall()
    assert counted == (MESSAGES, MESSAGES)
    assert states == [("done", 1, MESSAGES)]


def test_a_delivery_under_way_when_its_worker_is_killed_is_sent_again(
    database: tuple[Urls, psycopg.Connection],
) -> None:
    urls, connection = database
    arrived, killed = threading.Event(), threading.Event()

    def hold(received: Received) -> None:
        arrived.set()
        killed.wait(60)

    with serving() as receiver:
        receiver.on_request = hold
        made = subprocess.run(
            [sys.executable, "-c", _MAKE_ENDPOINT, receiver.url],
            env=os.environ | {"TOCSIN_DATABASE_URL": urls.app, "TOCSIN_DB_ROLE": "app",
                              "TOCSIN_OUTBOUND_ALLOW": "127.0.0.1"},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        endpoint = made.stdout.strip()
        put(connection, "webhook", "case.opened", endpoint, {"id": "evt_1"}, "hook")
        victim = worker(urls, "send", 0)
        assert arrived.wait(60)
        victim.kill()
        victim.communicate()
        killed.set()
        soon, later = (worker(urls, "send", seconds) for seconds in (1, LEASE.total_seconds() + 1))
        assert (soon.communicate(timeout=60)[0], later.communicate(timeout=60)[0]) == ("0\n", "1\n")
        ids = [got.headers["tocsin-delivery-id"] for got in receiver.received]
    assert ids == ["msg_hook", "msg_hook"]
    state = connection.execute("SELECT state, attempts FROM core_outbox_message").fetchone()
    assert state == ("done", 1)


def test_an_event_under_way_when_its_worker_is_killed_is_told_again_and_before_later_ones(
    database: tuple[Urls, psycopg.Connection],
) -> None:
    urls, connection = database
    arrived, killed = threading.Event(), threading.Event()

    def hold(received: Received) -> None:
        arrived.set()
        killed.wait(60)

    with serving() as receiver:
        receiver.on_request = hold
        receiver.answer(200, b"{}")
        decide = f"http://127.0.0.1:{receiver.port}"
        put(connection, "event", "account.removed", "decide", {"type": "account.removed"}, "1")
        victim = worker(urls, "send", 0, TOCSIN_DECIDE_URL=decide)
        assert arrived.wait(60)
        victim.kill()
        victim.communicate()
        killed.set()
        put(connection, "event", "account.reinstated", "decide", {"type": "account.reinstated"}, "2")
        soon, later = (
            worker(urls, "send", seconds, TOCSIN_DECIDE_URL=decide)
            for seconds in (1, LEASE.total_seconds() + 1)
        )
        assert (soon.communicate(timeout=60)[0], later.communicate(timeout=60)[0]) == ("0\n", "2\n")
        told = [json.loads(got.body) for got in receiver.received]
    assert [(one["id"], one["type"]) for one in told] == [
        ("msg_1", "account.removed"),
        ("msg_1", "account.removed"),
        ("msg_2", "account.reinstated"),
    ]


_MAKE_ENDPOINT = """
import sys, django
django.setup()
from tocsin.core.actor import system
from tocsin.core.outbox import webhooks
print(webhooks.create(system("tests"), sys.argv[1], ["*"])[0].pk)
"""
