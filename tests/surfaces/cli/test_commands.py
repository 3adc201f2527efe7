"""Commands an operator runs beside Tocsin: migrate, audit, keys, manage; with real data, and a forger."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest

from tests.support.database import FreshDatabase
from tests.support.stack import Stack


@pytest.fixture(scope="module")
def place(fresh_database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A home with a migrated database; nothing runs in it."""
    stack = Stack(tmp_path_factory.mktemp("commands") / "home", fresh_database())
    first = stack.tocsin("migrate")
    assert first.returncode == 0, first.stderr
    assert "reference data of Reports" in first.stdout
    assert "static files gathered" in first.stdout
    return stack


def counts(stack: Stack) -> dict[str, int]:
    """How many rows each table has."""
    with stack.connect() as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'django_%'"
        ).fetchall()
        found = {}
        for (table,) in tables:
            row = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()
            found[str(table)] = int(row[0]) if row else 0
    return found


def test_migrating_again_changes_nothing(place: Stack) -> None:
    before = counts(place)
    again = place.tocsin("migrate")
    assert again.returncode == 0, again.stderr
    assert "No migrations to apply" in again.stdout
    assert "static files gathered" not in again.stdout
    assert counts(place) == before


def test_a_row_changed_past_tocsin_is_found(place: Stack) -> None:
    with place.connect() as forger:
        row = forger.execute("SELECT id, violation_code FROM policies_clause ORDER BY id LIMIT 1").fetchone()
        assert row is not None
        clause, code = row
        change = "UPDATE policies_clause SET violation_code = %s WHERE id = %s"
        try:
            forger.execute(change, [f"{code}!", clause])
            all_of_it = place.tocsin("audit", "verify")
            chains = place.tocsin("audit", "verify", "--chains-only")
        finally:
            forger.execute(change, [code, clause])
    assert all_of_it.returncode == 1
    assert f"BROKEN policies.clause {clause}: it was changed without an entry" in all_of_it.stdout
    assert "1 finding (" in all_of_it.stdout
    assert (chains.returncode, "intact" in chains.stdout) == (0, True)


def test_a_forged_entry_is_found(place: Stack, tmp_path: Path) -> None:
    checkpoint, entries = tmp_path / "checkpoint.json", tmp_path / "entries.jsonl"
    assert place.tocsin("audit", "checkpoint", "--out", str(checkpoint)).returncode == 0
    good = place.tocsin("audit", "verify", "--against", str(checkpoint))
    assert good.returncode == 0, good.stdout
    assert "intact" in good.stdout
    assert place.tocsin("audit", "export", "--out", str(entries)).returncode == 0
    exported = [json.loads(line) for line in entries.read_text().splitlines()]
    assert len(exported) == counts(place)["core_audit_entry"] > 0

    with place.connect() as forger:
        forger.execute("ALTER TABLE core_audit_entry DISABLE TRIGGER USER")
        forger.execute(
            "UPDATE core_audit_entry SET payload = replace(payload, 'system:', 'staff:') WHERE id = "
            "(SELECT min(id) FROM core_audit_entry)"
        )
        forger.execute("ALTER TABLE core_audit_entry ENABLE TRIGGER USER")
    bad = place.tocsin("audit", "verify")
    assert bad.returncode == 1
    assert "BROKEN" in bad.stdout
    assert "intact" not in bad.stdout


def test_the_application_itself_cannot_forge(place: Stack) -> None:
    with psycopg.connect(place.database.app, autocommit=True) as app:
        for statement in (
            "UPDATE core_audit_entry SET payload = '{}'",
            "DELETE FROM core_audit_entry",
            "ALTER TABLE core_audit_entry DISABLE TRIGGER USER",
            "DROP TABLE core_audit_anchor",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement)


def test_a_file_that_is_no_checkpoint_is_said(place: Stack, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("dear diary")
    refused = place.tocsin("audit", "verify", "--against", str(tmp_path / "other.txt"))
    assert refused.returncode == 1
    assert "cannot be read" in refused.stderr
    assert "Nothing was verified" in refused.stderr


def test_the_master_key_is_changed(place: Stack) -> None:
    current = place.home / "keys" / "master" / "current"
    before = current.read_text() if current.exists() else ""
    done = place.tocsin("keys", "rotate")
    assert done.returncode == 0, done.stderr
    assert current.read_text() != before
    assert current.read_text().strip() in done.stdout
    assert place.tocsin("keys", "reapply").stdout.startswith("0 keys had come back")


def test_djangos_commands_run_as_the_application(place: Stack) -> None:
    code = "from django.db import connection as c; print('role', c.settings_dict['USER'])"
    shown = place.tocsin("manage", "shell", "-v", "0", "-c", code)
    assert "role tocsin_app" in shown.stdout, shown.stderr
