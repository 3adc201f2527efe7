"""Writing entries: with the change or not at all; and what the application's role cannot do."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection, transaction
from psycopg import errors

from tests.core.audit.tampering import run, write
from tests.support.database import on_database
from tocsin.core.act import act
from tocsin.core.actor import Actor, system
from tocsin.core.audit.append import NotInTransaction, append, canonical, digest
from tocsin.core.audit.models import AuditEntry
from tocsin.core.crypto.models import DataKey
from tocsin.core.outbox.models import WebhookEndpoint
from tocsin.core.postgres import Urls


def test_an_entry_says_who_did_what_to_what_and_why(audit: object) -> None:
    actor = Actor("staff", "stf_1", "Sam", frozenset({"supervisor"}), purpose="appeal_review")
    with act(actor, "case.reopen") as work:
        work.fact("cases.case", "case_1", reason_code="new_facts")
    entry = AuditEntry.objects.get()
    assert json.loads(entry.payload) == {
        "actor": "staff:stf_1", "purpose": "appeal_review", "verb": "case.reopen",
        "object_type": "cases.case", "object_id": "case_1", "before": None, "after": None,
        "detail": {"reason_code": "new_facts"},
    }  # fmt: skip
    assert (entry.actor, entry.verb, entry.object_type, entry.object_id) == (
        "staff:stf_1", "case.reopen", "cases.case", "case_1",
    )  # fmt: skip


def test_entries_are_linked_as_documented(audit: object) -> None:
    """Computed from the description alone, as an auditor would."""
    write(3, chain=4)
    last = bytes(32)
    for chain, seq, at_us, payload, prev_hash, stored in run(
        "SELECT chain, seq, (extract(epoch FROM at) * 1000000)::bigint, payload, prev_hash, hash"
        " FROM core_audit_entry ORDER BY seq"
    ):
        assert (chain, bytes(prev_hash)) == (4, last)
        last = hashlib.sha256(last + f"{chain}|{seq}|{at_us}|{payload}".encode()).digest()
        assert bytes(stored) == last
    assert AuditEntry.objects.count() == 3


def test_an_entry_goes_with_its_change(audit: object) -> None:
    def fails() -> None:
        with act(system("tests"), "test") as work:
            work.fact("test", "1")
            work.flush()
            assert AuditEntry.objects.count() == 1
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        fails()
    assert AuditEntry.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_outside_of_a_transaction_nothing_is_written() -> None:
    before = AuditEntry.objects.count()
    with pytest.raises(NotInTransaction):
        append([canonical({"verb": "x"})])
    assert AuditEntry.objects.count() == before


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_use_chains_of_their_own() -> None:
    chains: list[set[int]] = []
    meet = threading.Barrier(4, timeout=30)
    ((before,),) = run("SELECT coalesce(max(id), 0) FROM core_audit_entry")

    def writer() -> None:
        with transaction.atomic():
            write(2)
            meet.wait()  # nobody has committed, so each sees its own entries only
            chains.append(
                {chain for (chain,) in run("SELECT chain FROM core_audit_entry WHERE id > %s", before)}
            )
            meet.wait()
        connection.close()

    threads = [threading.Thread(target=writer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(used) for used in chains] == [1, 1, 1, 1], "one transaction keeps to one chain"
    assert len(set.union(*chains)) == 4


def test_after_a_rolled_back_savepoint_the_chain_is_chosen_anew(audit: object) -> None:
    def fails() -> None:
        with transaction.atomic():
            write()
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        fails()
    write()
    assert AuditEntry.objects.count() == 1
    assert AuditEntry.objects.get().seq == 1


@pytest.fixture
def app(db: None, postgres_urls: Urls) -> Iterator[psycopg.Connection]:
    """The application's own role on the test's database."""
    with psycopg.connect(on_database(postgres_urls.app, connection.settings_dict["NAME"])) as made:
        yield made
        made.rollback()


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO core_audit_entry (chain, seq, at, payload, prev_hash, hash)"
        " VALUES (0, 1, now(), '{}', '', '')",
        "UPDATE core_audit_entry SET payload = '{}'",
        "DELETE FROM core_audit_entry",
        "TRUNCATE core_audit_entry",
        "UPDATE core_audit_anchor SET heads = ''",
        "DELETE FROM core_audit_anchor",
        "TRUNCATE core_audit_anchor",
        "ALTER TABLE core_audit_entry DISABLE TRIGGER ALL",
        "DROP TABLE core_audit_entry",
        "DROP FUNCTION tocsin_audit_append(text[])",
        "CREATE OR REPLACE FUNCTION tocsin_audit_append(payloads text[]) RETURNS bigint"
        " LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE public.core_audit_other (x int)",
        "CREATE FUNCTION public.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT $1'",
        "SET session_replication_role = replica",
        "SET ROLE tocsin_owner",
    ],
)
def test_the_application_cannot_touch_the_chains(app: psycopg.Connection, sql: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(sql)


def test_the_application_can_append_and_read(app: psycopg.Connection) -> None:
    before = app.execute("SELECT count(*) FROM core_audit_entry").fetchone()
    entry_id = app.execute('SELECT tocsin_audit_append(ARRAY[\'{"verb": "x"}\'])').fetchone()
    found = app.execute("SELECT verb FROM core_audit_entry WHERE id = %s", entry_id).fetchone()
    assert found == ("x",)
    assert app.execute("SELECT count(*) FROM core_audit_entry").fetchone() == (before[0] + 1,)  # type: ignore[index]


def test_even_the_owner_is_stopped_by_the_trigger(audit: object) -> None:
    write()
    for sql in ("UPDATE core_audit_entry SET payload = '{}'", "DELETE FROM core_audit_entry"):
        with pytest.raises(Exception, match="only ever grows"), transaction.atomic():
            run(sql)
    assert AuditEntry.objects.count() == 1


def test_a_digest_does_not_depend_on_how_values_are_spelled(db: None) -> None:
    import datetime as dt

    moment = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    written = WebhookEndpoint(
        id="whk_1", url="https://x.example", topics=("a", {"n": 2.0}), secret_sealed=bytearray(b"s"),
        created_at=moment, created_by="t",
    )  # fmt: skip
    written.secret_sealed = b"s"
    written.save()
    assert digest(WebhookEndpoint.objects.get()) == digest(written)
    key = DataKey(scope="s", wrapped=b"\x00\x01", master_key_id="m", created_at=moment)
    key.save()
    assert digest(DataKey.objects.get(scope="s")) == digest(key)


def test_a_digest_changes_with_every_column(db: None) -> None:
    base = {"id": "whk_1", "url": "https://x.example", "topics": ["a"], "created_by": "t", "description": ""}
    first = digest(WebhookEndpoint(**base))
    for change in ({"url": "https://y.example"}, {"topics": ["b"]}, {"topics": []}, {"description": "x"}):
        assert digest(WebhookEndpoint(**(base | change))) != first
