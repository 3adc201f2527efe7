"""Keys while several processes use them: a killed rotation goes on, a destroyed key is gone everywhere at
once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.support.database import FreshDatabase
from tocsin.core.postgres import Urls

PEOPLE = 1300
BATCH = 500


def process(urls: Urls, home: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {
        "TOCSIN_HOME": str(home), "TOCSIN_DATABASE_URL": urls.app,
        "TOCSIN_OWNER_DATABASE_URL": urls.owner, "TOCSIN_DB_ROLE": "app",
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "tests.core.crypto.key_process", *arguments],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def run(urls: Urls, home: Path, *arguments: str) -> list[str]:
    child = process(urls, home, *arguments)
    out, _ = child.communicate(timeout=120)
    assert child.returncode == 0
    return out.splitlines()


def masters(connection: psycopg.Connection) -> dict[str, int]:
    rows = connection.execute("SELECT master_key_id, count(*) FROM core_data_key GROUP BY 1").fetchall()
    return dict(rows)


@pytest.mark.chaos
def test_a_killed_rotation_goes_on_where_it_stopped(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    urls = fresh_database()
    sealed = run(urls, tmp_path, "seed", str(PEOPLE))
    with (
        psycopg.connect(urls.owner) as blocker,
        psycopg.connect(urls.owner, autocommit=True) as watcher,
    ):
        (old,) = masters(watcher)
        # somebody holds a row of the third batch, so that the rotation stops there for sure
        blocker.execute("SELECT 1 FROM core_data_key WHERE scope = 'party:1100' FOR UPDATE")
        victim = process(urls, tmp_path, "rotate")
        deadline = time.monotonic() + 60
        while masters(watcher)[old] != PEOPLE - 2 * BATCH:
            assert time.monotonic() < deadline, masters(watcher)
            assert victim.poll() is None
            time.sleep(0.02)
        victim.send_signal(signal.SIGKILL)
        victim.communicate()
        blocker.rollback()
        (new,) = set(masters(watcher)) - {old}
        assert run(urls, tmp_path, "rotate") == [f"resumed {PEOPLE - 2 * BATCH}"]
        assert masters(watcher) == {new: PEOPLE}
    reader = process(urls, tmp_path, "read", "party:700", sealed[700])
    assert reader.communicate("now\n")[0] == "party:700\n"


@pytest.mark.chaos
def test_a_destroyed_key_is_gone_in_every_process(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    urls = fresh_database()
    sealed = run(urls, tmp_path, "seed", "2")
    reader = process(urls, tmp_path, "read", "party:1", sealed[1])
    assert reader.stdin is not None
    assert reader.stdout is not None
    try:
        print("now", file=reader.stdin, flush=True)
        assert reader.stdout.readline() == "party:1\n"  # it holds the key in memory from here
        run(urls, tmp_path, "destroy", "party:1")
        print("now", file=reader.stdin, flush=True)
        assert reader.stdout.readline() == "Shredded\n"
    finally:
        reader.kill()
        reader.communicate()
    assert process(urls, tmp_path, "read", "party:0", sealed[0]).communicate("now\n")[0] == "party:0\n"


@pytest.mark.chaos
def test_a_restored_backup_does_not_bring_a_destroyed_key_back(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    urls = fresh_database()
    sealed = run(urls, tmp_path, "seed", "1")
    with psycopg.connect(urls.owner, autocommit=True) as connection:
        backup = connection.execute("SELECT wrapped FROM core_data_key WHERE scope = 'party:0'").fetchone()
        assert backup is not None
        run(urls, tmp_path, "destroy", "party:0")
        connection.execute(
            "UPDATE core_data_key SET wrapped = %s, destroyed_at = NULL, destroyed_reason = ''", backup
        )
    reader = process(urls, tmp_path, "read", "party:0", sealed[0])
    assert reader.communicate("now\n")[0] == "Shredded\n"
