"""Keys as core keeps them: read as the application, seen to change, kept while the database is away."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest

from tests.support.database import FreshDatabase
from tocsin.surfaces.decide.keys import record
from tocsin.surfaces.decide.keys_postgres import PostgresKeyStore

INSERT = """
INSERT INTO core_api_key
    (key_id, name, secret_sha256, scopes, staff_id, rate_per_minute, created_at, created_by)
VALUES (%s, 'test', %s, %s, '', 60, %s, 'test')
"""
CUT_OFF = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tocsin-decide'"


def test_keys_come_from_the_table_and_changes_are_seen(fresh_database: FreshDatabase) -> None:
    urls = fresh_database()
    expected = record("secret", ["decide", "replay"])
    with psycopg.connect(urls.owner, autocommit=True) as owner:
        owner.execute(INSERT, ("k1", expected.secret_sha256, ["decide", "replay"], dt.datetime.now(dt.UTC)))
        store = PostgresKeyStore(urls.app)
        assert store.lookup("k1") is None  # nothing is known before the first reading
        store.refresh()
        assert (store.lookup("k1"), store.lookup("k2")) == (expected, None)
        owner.execute("UPDATE core_api_key SET revoked_at = now()")
        store.refresh()
        assert store.lookup("k1") == expected._replace(revoked=True)


def test_the_last_reading_stays_while_the_database_is_away(fresh_database: FreshDatabase) -> None:
    urls = fresh_database()
    expected = record("secret", ["decide"])
    with psycopg.connect(urls.owner, autocommit=True) as owner:
        owner.execute(INSERT, ("k1", expected.secret_sha256, ["decide"], dt.datetime.now(dt.UTC)))
        store = PostgresKeyStore(urls.app)
        store.refresh()
        with psycopg.connect(urls.app, autocommit=True) as other:
            other.execute(CUT_OFF)
        with pytest.raises(psycopg.Error):
            store.refresh()
        assert store.lookup("k1") == expected
        store.refresh()  # the next reading connects anew
        assert store.lookup("k1") == expected
