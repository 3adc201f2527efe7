"""The folder of the log of decisions was emptied under a database that remembers it: every part says so, none
goes on in silence, and an operator can begin a new one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.database import FreshDatabase
from tests.support.stack import Stack, until
from tocsin.engine.log.frames import segments
from tocsin.engine.log.marks import read_mark

SHIPPED = 1234


@pytest.fixture(scope="module")
def place(fresh_database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A home in which nothing runs, and a database that has 1,234 records of its log."""
    stack = Stack(tmp_path_factory.mktemp("lost") / "home", fresh_database())
    assert stack.tocsin("migrate").returncode == 0
    with stack.connect() as connection:
        connection.execute(
            "INSERT INTO detection_ship_position (partition, position, seq, updated_at)"
            " VALUES ('default', %s, %s, now())",
            [str(SHIPPED), SHIPPED],
        )
    return stack


@contextmanager
def process(stack: Stack, name: str, *, ends_with: int = 0) -> Iterator[Path]:
    """One process of Tocsin on its own, asked to end at the end; the file with what it says."""
    said = stack.home.parent / f"{name}.txt"
    environment = {**stack.environment, "TOCSIN_DECIDE_PORT": "0"}
    with said.open("wb") as out:
        running = subprocess.Popen(
            [sys.executable, "-m", "tocsin.config.main", name], env=environment, stdout=out, stderr=out
        )
    try:
        yield said
    finally:
        # one that should refuse ends by itself; one that does not is not left behind
        if not ends_with:
            running.terminate()
        try:
            ended = running.wait(60)
        except subprocess.TimeoutExpired:
            running.kill()
            raise
    assert ended == ends_with


def about_the_log(stack: Stack) -> str:
    return next(line for line in stack.tocsin("doctor").stdout.splitlines() if "the log of decisions" in line)


def test_decide_refuses_and_the_doctor_and_the_worker_say_why(place: Stack) -> None:
    with process(place, "decide", ends_with=3) as said:
        until(lambda: "cannot start" in said.read_text(), "decide to refuse", 60)
        assert f"ends at record 0, but {SHIPPED} records were shipped" in said.read_text()
        assert "tocsin log begin" in said.read_text()
    assert read_mark(place.home / "decide") == 0
    line = about_the_log(place)
    assert line.startswith("WRONG")
    assert f"ends at record 0, and {SHIPPED} were shipped" in line
    with process(place, "worker") as said:
        until(lambda: f"{SHIPPED} records were shipped from the log" in said.read_text(), "the worker's word")


def test_a_new_log_begins_after_what_is_in_the_database(place: Stack) -> None:
    begun = place.tocsin("log", "begin")
    assert begun.returncode == 0, begun.stderr
    assert f"after record {SHIPPED}" in begun.stdout
    folder = place.home / "decide"
    assert (read_mark(folder), segments(folder)[-1][0]) == (SHIPPED, SHIPPED + 1)
    assert about_the_log(place).startswith("ok")
    with place.connect() as connection:
        told = connection.execute("SELECT payload FROM core_audit_entry WHERE verb = 'log.begin'").fetchall()
    assert len(told) == 1
    assert f'"after_record":{SHIPPED}' in told[0][0]
    with process(place, "decide") as said:
        until(lambda: f"ready at record {SHIPPED}" in said.read_text(), "decide to be ready", 120)


def test_nothing_is_begun_over_a_log_that_is_there(place: Stack) -> None:
    again = place.tocsin("log", "begin")
    assert again.returncode == 1
    assert "nothing of it is missing" in again.stderr
    with place.connect() as connection:
        row = connection.execute("SELECT count(*) FROM core_audit_entry WHERE verb = 'log.begin'").fetchone()
    assert row == (1,)
