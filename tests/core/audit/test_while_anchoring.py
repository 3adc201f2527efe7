"""Verifying while the worker makes an anchor."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from tests.core.audit.tampering import run, write
from tests.support.stack import until
from tocsin.core.audit.anchor import make_anchor
from tocsin.core.audit.verify import run_verify


def _waits_for_a_lock() -> bool:
    [[waiting]] = run(
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
        " WHERE datname = current_database() AND NOT granted"
    )
    return bool(waiting)


def _verified() -> list[str]:
    try:
        return [one.code for one in run_verify().findings]
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_an_anchor_made_meanwhile_is_no_break(settings: Any, tmp_path: Path) -> None:
    settings.TOCSIN_HOME = str(tmp_path)
    run("TRUNCATE core_audit_entry, core_audit_anchor")  # another test's anchors are signed by its own home
    write(2, chain=3)
    make_anchor()
    write(1, chain=3)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            # verifying takes its picture of the database, reads the entries, and waits here for the anchors
            run("LOCK TABLE core_audit_anchor IN ACCESS EXCLUSIVE MODE")
            verified = pool.submit(_verified)
            until(lambda: _waits_for_a_lock() or verified.done(), "verifying to reach the anchors")
            assert not verified.done()
            assert make_anchor() is not None
        assert verified.result() == []
    assert run_verify().ok
