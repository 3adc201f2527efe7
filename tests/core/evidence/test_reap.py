"""What a crash leaves in the store is harmless and goes away; what somebody needs stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from django.db import transaction

from tests.core.evidence import files
from tests.core.evidence.conftest import Take
from tests.support.database import FreshDatabase
from tocsin.core.evidence.reading import read
from tocsin.core.evidence.reap import SAFE_AGE, reap


def age(shelf: Path, blob: str, seconds: float) -> Path:
    file = shelf / blob[:2] / blob[2:4] / blob
    then = time.time() - seconds
    os.utime(file, (then, then))
    return file


@pytest.mark.django_db
def test_orphans_go_when_they_are_old_and_evidence_stays(take: Take, shelf: Path) -> None:
    a_week = SAFE_AGE.total_seconds()
    kept = take()
    age(shelf, kept.blob, 10 * a_week)
    with transaction.atomic():
        young, old = take(files.TEXT, filename="a.txt"), take(files.EML, filename="b.eml")
        transaction.set_rollback(True)
    young_file, old_file = age(shelf, young.blob, a_week - 60), age(shelf, old.blob, a_week + 60)
    assert reap() == 1
    assert (young_file.exists(), old_file.exists()) == (True, False)
    assert read(kept) == files.photo()
    assert reap() == 0


@pytest.mark.django_db
def test_many_orphans_are_no_crash_and_stay(
    take: Take, shelf: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tocsin.core.evidence.reap.BRAKE", 2)
    with transaction.atomic():  # as if the database had been restored to before these came
        items = [take(f"note {number}".encode(), filename="a.txt") for number in range(3)]
        transaction.set_rollback(True)
    stored = [age(shelf, item.blob, 2 * SAFE_AGE.total_seconds()) for item in items]
    assert reap() == 0
    assert [file.exists() for file in stored] == [True, True, True]
    assert "older database restored" in caplog.text
    stored[0].unlink()
    assert reap() == 2


@pytest.mark.chaos
def test_killed_between_storing_and_committing(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    urls = fresh_database()
    environment = os.environ | {
        "TOCSIN_HOME": str(tmp_path), "TOCSIN_DATABASE_URL": urls.app,
        "TOCSIN_OWNER_DATABASE_URL": urls.owner, "TOCSIN_DB_ROLE": "app",
    }  # fmt: skip
    victim = subprocess.Popen(
        [sys.executable, "-m", "tests.core.evidence.receiving_process"],
        env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert victim.stdout is not None
    blob = victim.stdout.readline().strip()
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    file = tmp_path / "evidence" / blob[:2] / blob[2:4] / blob
    assert b"threatened" not in file.read_bytes()
    with psycopg.connect(urls.owner) as connection:
        for table in ("core_evidence", "core_custody", "core_data_key", "core_audit_entry"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
