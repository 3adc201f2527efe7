"""E-mail, text messages and dead letters."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tocsin.core.actor import Actor
from tocsin.core.audit.models import AuditEntry
from tocsin.core.crypto.models import DataKey
from tocsin.core.crypto.seal import seal
from tocsin.core.errors import AccessDenied, Conflict, NotFound
from tocsin.core.outbox import actions, parcels, queries
from tocsin.core.outbox.delivery import send_due
from tocsin.core.outbox.models import OutboxMessage
from tocsin.core.outbox.publish import send

pytestmark = pytest.mark.django_db

SCOPE = "party:pty_1"


def write(key: str = "notice:1", kind: str = "email", **body: str) -> OutboxMessage:
    content = {"to": "rosa@example.com", "subject": "Your report", "text": "We read it.\nThank you."} | body
    send(
        OutboxMessage.Kind(kind), "notice", "contact:cp_1", key=key, key_scope=SCOPE,
        body_sealed=seal(SCOPE, parcels.SEALED_AS, json.dumps(content)),
    )  # fmt: skip
    return OutboxMessage.objects.get(idempotency_key=key)


def read(file: Path) -> email.message.EmailMessage:
    return email.message_from_bytes(file.read_bytes(), policy=email.policy.default)  # type: ignore[return-value]


def test_an_email_becomes_a_file_named_by_its_key(mail: Path) -> None:
    message = write("notice-1")
    assert send_due() == 1
    (file,) = mail.iterdir()
    assert (file.name, file.stat().st_mode & 0o777) == ("notice-1.eml", 0o600)
    letter = read(file)
    assert (letter["To"], letter["Subject"]) == ("rosa@example.com", "Your report")
    assert letter.get_content() == "We read it.\nThank you.\n"
    message.refresh_from_db()
    assert (message.state, message.last_error) == ("done", "")
    assert message.body_sealed is None, "what was written is not kept here once it is delivered"


def test_a_link_can_be_copied_from_the_file(mail: Path) -> None:
    link = "http://127.0.0.1:8000/help/notice/ntc_01m8c09vv7k6v4nb4f0smk5asp?code=KYXPY3PDO4"
    text = f"Su cuenta está limitada. {'Una frase larga. ' * 20}\nApele aquí: {link}\n"
    write("k", text=text)
    send_due()
    assert text in (mail / "k.eml").read_text(encoding="utf-8")
    assert read(mail / "k.eml").get_content() == text


def test_keys_that_are_no_file_names_stay_apart(mail: Path) -> None:
    for key in ("a/b", "a:b", "../a", "x" * 190):
        write(key)
    while send_due():
        pass
    names = sorted(file.name for file in mail.iterdir())
    assert len(names) == 4
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+\.eml", name) for name in names)
    assert len(list(mail.parent.iterdir())) == 1, "nothing was written outside the folder"


def test_sending_twice_under_one_key_writes_one_file(mail: Path) -> None:
    write("once"), write("once")
    assert send_due() == 1
    assert len(list(mail.iterdir())) == 1


def test_a_subject_cannot_smuggle_headers_in(mail: Path) -> None:
    write("k", subject="Hello\r\nBcc: everybody@example.com", to="rosa@example.com")
    send_due()
    letter = read(mail / "k.eml")
    assert letter["Subject"] == "Hello Bcc: everybody@example.com"
    assert letter["Bcc"] is None


def test_a_text_message_becomes_a_file(mail: Path) -> None:
    write("sms-1", kind="sms", to="+14155550100", text="Report TS-1: we have news.")
    send_due()
    assert (mail / "sms-1.sms").read_text() == "To: +14155550100\n\nReport TS-1: we have news.\n"


def test_addresses_are_looked_up_by_those_who_know_them(mail: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcels, "_address_books", {})
    known = {"cp_1": "found@example.com"}
    parcels.address_of("contact")(lambda name: known.get(name, ""))
    write("k", to="")
    send_due()
    assert read(mail / "k.eml")["To"] == "found@example.com"
    known.clear()
    write("k2", to="")
    send_due()
    assert OutboxMessage.objects.get(idempotency_key="k2").last_error == "There is no address to send to."
    assert OutboxMessage.objects.get(idempotency_key="k2").state == "dead"


def test_nothing_is_sent_to_a_person_who_was_erased(mail: Path) -> None:
    message = write()
    DataKey.objects.filter(scope=SCOPE).update(destroyed_at=timezone.now(), wrapped=None)
    send_due()
    message.refresh_from_db()
    assert message.state == "dead"
    assert message.last_error == "The person's data was erased, so there is nothing to send."
    assert not mail.exists()


@contextmanager
def mail_server(*replies: tuple[str, bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """An SMTP server for one connection. ``replies`` overrides what a command is answered with."""
    answers = {
        "EHLO": b"250 mail.test",
        "MAIL": b"250 ok",
        "RCPT": b"250 ok",
        "DATA": b"354 go on",
        "QUIT": b"221 bye",
    }
    answers |= dict(replies)
    listener, got = socket.create_server(("127.0.0.1", 0)), list[bytes]()

    def talk() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 mail.test\r\n")
            for line in lines:
                verb = line[:4].decode().upper().strip()
                connection.sendall(answers.get(verb, b"250 ok") + b"\r\n")
                if verb == "DATA" and answers["DATA"].startswith(b"354"):
                    body = b""
                    while not body.endswith(b"\r\n.\r\n"):
                        body += lines.readline()
                    got.append(body)
                    connection.sendall(b"250 queued\r\n")

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], got
    finally:
        thread.join(20)
        listener.close()


def test_an_email_is_handed_to_the_mail_server(settings: Any, mail: Path) -> None:
    with mail_server() as (port, got):
        settings.TOCSIN_SMTP_URL = f"smtp://127.0.0.1:{port}?from=Safety <safety@market.example>"
        message = write()
        send_due()
    letter = email.message_from_bytes(got[0][:-5], policy=email.policy.default)
    assert (letter["From"], letter["To"]) == ("Safety <safety@market.example>", "rosa@example.com")
    assert re.fullmatch(r"<[0-9a-f]{32}@market\.example>", str(letter["Message-ID"]))
    message.refresh_from_db()
    assert message.state == "done"
    assert not mail.exists()


@pytest.mark.parametrize(
    ("reply", "state", "error"),
    [
        (("RCPT", b"550 no rosa@example.com here"), "dead", "The mail server refused it with code 550."),
        (("RCPT", b"451 rosa@example.com later"), "pending", "The mail server refused it with code 451."),
        (("DATA", b"554 no"), "dead", "The mail server refused it with code 554."),
    ],
)
def test_refused_for_good_or_for_now(
    settings: Any, mail: Path, reply: tuple[str, bytes], state: str, error: str
) -> None:
    with mail_server(reply) as (port, _):
        settings.TOCSIN_SMTP_URL = f"smtp://127.0.0.1:{port}"
        message = write()
        send_due()
    message.refresh_from_db()
    assert (message.state, message.last_error) == (state, error)
    assert "rosa" not in message.last_error


def test_a_mail_server_that_is_down_is_tried_again(settings: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings.TOCSIN_SMTP_URL = f"smtp://127.0.0.1:{taken.getsockname()[1]}"
        message = write()
        send_due()
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("pending", 1)
    assert message.last_error == "The mail server could not be used: ConnectionRefusedError."


def test_a_password_is_never_sent_without_tls(settings: Any) -> None:
    with mail_server() as (port, got):
        settings.TOCSIN_SMTP_URL = f"smtp://user:secret@127.0.0.1:{port}"
        message = write()
        send_due()
    message.refresh_from_db()
    assert got == []
    assert message.last_error == "The mail server could not be used: SMTPNotSupportedError."


def bury(key: str = "k") -> OutboxMessage:
    message = write(key)
    OutboxMessage.objects.filter(pk=message.pk).update(state="dead", attempts=12, last_error="no")
    return message


def test_dead_letters_are_seen_and_sent_again(mail: Path, admin: Actor) -> None:
    first, second = bury("first"), bury("second")
    write("alive")
    assert [one.pk for one in queries.dead_letters(admin)] == [second.pk, first.pk]
    assert [one.pk for one in queries.dead_letters(admin, cursor=second.pk)] == [first.pk]
    assert queries.backlog().dead == {"email": 2}
    actions.resend(admin, first.pk)
    first.refresh_from_db()
    assert (first.state, first.attempts) == ("pending", 0)
    assert AuditEntry.objects.filter(verb="outbox.resend", object_id=first.pk, actor=admin.ref).count() == 1
    while send_due():
        pass
    assert sorted(file.name for file in mail.iterdir()) == ["alive.eml", "first.eml"]
    assert queries.backlog() == queries.Backlog(pending={}, dead={"email": 1}, waiting_since=None)


def test_only_operators_see_and_send_dead_letters(specialist: Actor) -> None:
    message = bury()
    with pytest.raises(AccessDenied):
        queries.dead_letters(specialist)
    with pytest.raises(AccessDenied):
        actions.resend(specialist, message.pk)
    message.refresh_from_db()
    assert message.state == "dead"


def test_only_the_dead_are_sent_again(admin: Actor) -> None:
    alive = write()
    with pytest.raises(Conflict):
        actions.resend(admin, alive.pk)
    with pytest.raises(NotFound):
        actions.resend(admin, "msg_unknown")
    assert not AuditEntry.objects.filter(verb="outbox.resend").exists()


def test_what_was_delivered_long_ago_is_forgotten(mail: Path, admin: Actor) -> None:
    write("delivered")
    send_due()
    bury("dead")
    write("waits")
    now = timezone.now()
    assert actions.forget_delivered(now + actions.KEPT - dt.timedelta(minutes=1)) == 0
    assert actions.forget_delivered(now + actions.KEPT + dt.timedelta(minutes=1)) == 1
    assert actions.forget_delivered(now + actions.KEPT + dt.timedelta(minutes=1)) == 0
    assert sorted(OutboxMessage.objects.values_list("idempotency_key", flat=True)) == ["dead", "waits"]
