"""What the web process's own database role cannot do to evidence, custody and keys, whatever code it runs."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from tests.support.database import FreshDatabase

EVIDENCE = """ INSERT INTO core_evidence (id, sha256, blob, size, media_type, declared_type, filename_sealed,
key_scope, kind, source,
    channel, received_at, sensitivity, sensitive_media, flags, scan, subject_type, subject_id)
VALUES ('evd_1', 'aa', 'bb', 1, 'text/plain', '', '', 'report:1', 'text', 'reporter', 'web', now(), 'P3',
true, '{}',
    'not_scanned', 'report', '1')
"""
CUSTODY = """
INSERT INTO core_custody (id, evidence_id, at, actor, act, sha256, moved_from, moved_to, tool)
VALUES ('cus_1', 'evd_1', now(), 'system:web', 'received', 'aa', '', '', 'tocsin')
"""


@pytest.fixture(scope="module")
def app(fresh_database: FreshDatabase) -> Iterator[psycopg.Connection]:
    """A connection as the application, with one item and its first custody line."""
    with psycopg.connect(fresh_database().app, autocommit=True) as connection:
        connection.execute(EVIDENCE)
        connection.execute(CUSTODY)
        yield connection


@pytest.mark.parametrize(
    "forbidden",
    [
        "UPDATE core_custody SET actor = 'nobody'",
        "DELETE FROM core_custody",
        "TRUNCATE core_custody",
        "DELETE FROM core_evidence",
        "TRUNCATE core_evidence CASCADE",
        "UPDATE core_evidence SET sha256 = 'cc'",
        "UPDATE core_evidence SET blob = 'cc'",
        "ALTER TABLE core_evidence DISABLE TRIGGER ALL",
        "DROP TRIGGER core_custody_only_grows ON core_custody",
        "CREATE OR REPLACE FUNCTION tocsin_evidence_fixed() RETURNS trigger LANGUAGE sql AS 'SELECT 1'",
        "SET session_replication_role = replica",
        "SET ROLE tocsin_owner",
    ],
)
def test_the_application_cannot(app: psycopg.Connection, forbidden: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(forbidden)  # type: ignore[arg-type]
    assert app.execute("SELECT sha256, blob FROM core_evidence").fetchall() == [("aa", "bb")]
    assert app.execute("SELECT actor FROM core_custody").fetchall() == [("system:web",)]


def test_what_the_application_may(app: psycopg.Connection) -> None:
    app.execute("UPDATE core_evidence SET scan = 'clean', sensitive_media = false, sensitivity = 'P4'")
    assert app.execute("SELECT scan FROM core_evidence").fetchall() == [("clean",)]
