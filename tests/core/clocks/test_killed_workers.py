"""Several workers, one of them killed in the middle of a clock: every clock fires exactly once."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys

import msgspec
import psycopg
import pytest

from tests.support.database import FreshDatabase
from tocsin.core.clocks.spec import Citation, ClockSpec
from tocsin.core.postgres import Urls

CLOCKS = 200
SPEC = ClockSpec(
    name="x", basis="seconds", amount=1, on_breach="escalate",
    authority=Citation(pack="default", path="x", source="test", mark="D"),
)  # fmt: skip


def fill(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE effect (clock text, worker text)")
    connection.execute("GRANT ALL ON effect TO tocsin_app")
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    data = msgspec.json.encode({"spec": msgspec.to_builtins(SPEC)}).decode()
    for number in range(CLOCKS):
        # the trap is due first, so that the victim surely meets it
        name, due = ("trap", start) if number == 0 else (f"c{number}", start + dt.timedelta(seconds=number))
        connection.execute(
            "INSERT INTO core_clock (id, name, kind, subject_type, subject_id, basis, amount, calendar, zone,"
            " authority, pause_rule, pauses, extensions, started_at, due_at, state, on_breach, data,"
            " attempts, last_error)"
            " VALUES (%s, %s, 'internal', 'test', %s, 'seconds', 1, '', 'UTC', 'test', 'never', '[]', '[]',"
            " %s, %s, 'running', 'escalate', %s, 0, '')",
            [f"clk_{number:04}", name, f"s{number}", start, due, data],
        )
    connection.commit()


def worker(role: str, urls: Urls) -> subprocess.Popen[str]:
    environment = os.environ | {
        "TOCSIN_DATABASE_URL": urls.app,
        "TOCSIN_OWNER_DATABASE_URL": urls.owner,
        "TOCSIN_DB_ROLE": "app",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.core.clocks.firing_process", role],
        env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.chaos
def test_every_clock_fires_once_though_a_worker_is_killed(fresh_database: FreshDatabase) -> None:
    urls = fresh_database()
    with psycopg.connect(urls.owner) as connection:
        fill(connection)
        victim = worker("victim", urls)
        assert victim.stdout is not None
        assert victim.stdout.readline() == "trapped\n"
        others = [worker(f"other{number}", urls) for number in range(2)]
        try:
            victim.send_signal(signal.SIGKILL)
            assert [other.wait(120) for other in others] == [0, 0]
        finally:
            for process in (victim, *others):
                process.kill()
                process.communicate()
        fired = connection.execute("SELECT count(*), count(DISTINCT clock) FROM effect").fetchone()
        by_victim = connection.execute("SELECT clock FROM effect WHERE worker = 'victim'").fetchall()
        states = connection.execute("SELECT state, count(*) FROM core_clock GROUP BY state").fetchall()
    assert fired == (CLOCKS, CLOCKS)
    assert by_victim == [], "what the killed worker had begun was taken back"
    assert states == [("breached", CLOCKS)]
