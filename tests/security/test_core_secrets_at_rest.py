"""What people told us cannot be read from the disk: a whole running Tocsin is fed through its API, and then
the raw files of the database, its write-ahead log and the stores are searched for every word of it."""

from __future__ import annotations

import base64
import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.support.stack import Stack, until
from tocsin.core.access.api_keys import digest
from tocsin.core.postgres.layout import Layout
from tocsin.core.postgres.secrets import SUPERUSER, conninfo
from tocsin.engine.log.marks import read_mark

#: Words that occur nowhere else, one for each way in.
SECRETS = {
    "a name": "Zephyrine Quillfeather",
    "a phone number": "+14155554471",
    "an e-mail address": "zephyrine.quillfeather@example.test",
    "a street": "4471 Hollowbrook Crescent",
    "access needs": "hears only with the left ear",
    "what happened": "the man with the falcon tattoo",
    "where": "behind the blue boathouse",
    "injuries": "a sprained wrist and a torn sleeve",
    "contact rules": "never ring while my brother is home",
    "the reporter's name": "Thaddeus Marrowbone",
    "the reporter's phone": "+14155550188",
    "a message later": "he came back with a crowbar",
    "a chat message": "meet me at the old quarry gate",
    "a field nobody thought of": "prefers the yellow gate",
    "a file": "the photograph shows a green lorry",
    "a file's name": "threat by Quillfeather.txt",
}

SCOPES = ["decide", "entities:write", "events:write", "reports:read", "reports:write"]

#: What is not personal is not sealed; finding it proves that the search finds things.
IN_THE_OPEN = "control-peregrine-9173"


@pytest.fixture
def api(own_stack: Stack) -> Iterator[httpx.Client]:
    """The API, with a key that may write everything."""
    key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    with own_stack.connect() as connection:
        connection.execute(
            "INSERT INTO core_api_key"
            " (key_id, name, secret_sha256, scopes, staff_id, rate_per_minute, created_at, created_by)"
            " VALUES (%s, %s, %s, %s, '', 6000, now(), 'system:test')",
            [key_id, IN_THE_OPEN, digest(secret), SCOPES],
        )
    with httpx.Client(
        base_url=own_stack.web, headers={"Authorization": f"Bearer tsk_{key_id}_{secret}"}, timeout=60
    ) as client:
        yield client


def tell(api: httpx.Client) -> None:
    """Say each secret once, through the door it belongs to."""

    def send(method: str, path: str, **body: Any) -> httpx.Response:
        answer = api.request(method, path, headers={"Idempotency-Key": secrets.token_hex(16)}, **body)
        assert answer.is_success, answer.text
        return answer

    address = {"line1": SECRETS["a street"], "city": "Oakland", "postcode": "94607"}
    send("PUT", "/v1/entities/address/adr-1", json={"attributes": address, "links": []})
    customer = {
        "name": SECRETS["a name"], "email": SECRETS["an e-mail address"], "phone": SECRETS["a phone number"],
        "access_needs": SECRETS["access needs"], "region": "US-CA", "status": "active",
        "home_address": "adr-1", "created_at": "2025-01-01T00:00:00Z",
    }  # fmt: skip
    send("PUT", "/v1/entities/customer/cus-1", json={"attributes": customer, "links": []})
    reporter = {
        "kind": "bystander", "name": SECRETS["the reporter's name"], "phone": SECRETS["the reporter's phone"],
    }  # fmt: skip
    report = {
        "narrative": f"At noon {SECRETS['what happened']} followed her.", "reporter": reporter,
        "place": SECRETS["where"], "injuries": SECRETS["injuries"], "contact_rules": SECRETS["contact rules"],
        "subject": {"kind": "customer", "id": "cus-1"}, "region": "US-CA",
    }  # fmt: skip
    number = send("POST", "/v1/reports", json=report).json()["number"]
    send("POST", f"/v1/reports/{number}/messages", json={"text": SECRETS["a message later"]})
    note = (SECRETS["a file's name"], SECRETS["a file"].encode(), "text/plain")
    send("POST", f"/v1/reports/{number}/evidence", files={"file": note})
    event = {
        "id": "evt-1", "type": "message.sent", "ts": "2026-11-21T10:00:00Z",
        "entities": {"customer": "cus-1", "shopper": "shp-1", "order": "ord-1"},
        "fields": {
            "text": SECRETS["a chat message"], "nickname": SECRETS["a field nobody thought of"],
            "campaign": IN_THE_OPEN,
        },
    }  # fmt: skip
    send("POST", "/v1/events", json=event)


def forms(secret: str) -> list[bytes]:
    """The ways a word could lie about: as it is, in hex, in base64 at any offset, as UTF-16."""
    plain = secret.encode()
    encoded = {base64.b64encode(b"x" * skip + plain)[4:-4] for skip in range(3)}
    return [plain, plain.lower(), plain.hex().encode(), secret.encode("utf-16-le"), *encoded]


def files_with(folder: Path, words: dict[str, str]) -> dict[str, list[str]]:
    """Which words are in which files below a folder."""
    found: dict[str, list[str]] = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            content = file.read_bytes()
        except FileNotFoundError:  # the database takes its caches away when it likes
            continue
        for name, word in words.items():
            if any(form in content for form in forms(word)):
                found.setdefault(name, []).append(str(file.relative_to(folder)))
    return found


def number_of_events(stack: Stack) -> int:
    with stack.connect() as connection:
        row = connection.execute("SELECT count(*) FROM detection_event").fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def nothing_shipped(stack: Stack) -> Iterator[None]:
    """While open, what is decided waits in the log of decide."""
    stack.kill("worker", signal.SIGSTOP)
    try:
        yield
    finally:
        stack.kill("worker", signal.SIGCONT)


@pytest.mark.capability("A9.1")
def test_nothing_people_told_us_is_readable_on_the_disk(own_stack: Stack, api: httpx.Client) -> None:
    with nothing_shipped(own_stack):
        tell(api)
        assert number_of_events(own_stack) == 0
        assert read_mark(own_stack.home / "decide") >= 2, "the event does not wait in the log"
        assert files_with(own_stack.home / "decide", SECRETS | {"control": IN_THE_OPEN}) == {}
    until(lambda: number_of_events(own_stack) == 1, "the event to reach the database")
    assert files_with(own_stack.home / "decide", SECRETS) == {}
    layout = Layout(Path(os.environ["TOCSIN_HOME"]) / "postgres")
    with psycopg.connect(conninfo(layout, SUPERUSER, "postgres"), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    database = files_with(layout.data, SECRETS | {"control": IN_THE_OPEN})
    assert database.pop("control"), "the search does not find what is there"
    assert database == {}
    assert files_with(own_stack.home / "evidence", SECRETS) == {}
    assert files_with(own_stack.home / "logs", SECRETS) == {}


def test_without_the_key_service_it_stays_closed(own_stack: Stack, api: httpx.Client) -> None:
    """The database alone, as a thief would have it, next to a key folder that is somebody else's."""
    tell(api)
    with own_stack.connect() as connection:
        wrapped = connection.execute("SELECT scope, master_key_id, wrapped FROM core_data_key").fetchall()
    assert len(wrapped) > 2
    from tocsin.core.crypto.errors import KeyServiceUnavailable
    from tocsin.core.crypto.keys import FileKeys

    elsewhere = FileKeys(own_stack.home.parent / "another folder")
    for scope, master, key in wrapped:
        with pytest.raises(KeyServiceUnavailable):
            elsewhere.unwrap(master, key, scope)
        mine = FileKeys(own_stack.home / "keys" / "master").unwrap(master, key, scope)
        assert len(mine) == 32


def test_the_log_opens_after_the_master_key_was_changed(own_stack: Stack, api: httpx.Client) -> None:
    """What waits in the log is sealed under a key of the day, which is wrapped anew like all others."""
    before = number_of_events(own_stack)
    with nothing_shipped(own_stack):
        event = {
            "id": "evt-rotated", "type": "message.sent", "ts": "2026-11-21T10:00:00Z",
            "entities": {"customer": "cus-1"}, "fields": {"text": SECRETS["a chat message"]},
        }  # fmt: skip
        key = {"Idempotency-Key": secrets.token_hex(16)}
        until(
            lambda: api.post("/v1/events", json=event, headers=key).is_success, "decide to know the new key"
        )
        with own_stack.connect() as connection:
            keys = "SELECT scope, wrapped FROM core_data_key WHERE scope LIKE 'decide:%'"
            old = dict(connection.execute(keys).fetchall())
            rotated = own_stack.tocsin("keys", "rotate")
            assert rotated.returncode == 0, rotated.stderr
            new = dict(connection.execute(keys).fetchall())
        assert old.keys() == new.keys()
        assert not set(old.values()) & set(new.values())
        killed = own_stack.kill("decide")
        own_stack.until_ready("decide", after=killed)
    until(lambda: number_of_events(own_stack) == before + 1, "the event to reach the database")
