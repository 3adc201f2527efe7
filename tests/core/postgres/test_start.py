"""First start, attaching, and who may do what."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from tests.core.postgres import hands
from tocsin.core.postgres import PostgresError, ensure, release, throw_away, urls
from tocsin.core.postgres.layout import Layout


def test_first_start_makes_a_private_database_with_two_roles(folder: Path) -> None:
    said: list[str] = []
    made = ensure(folder, say=said.append)

    assert said == ["making the database (first start only)", "starting the database"]
    assert made == urls(folder)
    layout = Layout(folder)
    for private in (folder, layout.data, layout.socket_folder()):
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert stat.S_IMODE(layout.secrets.stat().st_mode) == 0o600
    with psycopg.connect(made.owner, autocommit=True) as owner:
        shown = {
            name: owner.execute("SELECT current_setting(%s)", [name]).fetchone()
            for name in ("fsync", "data_checksums", "listen_addresses", "TimeZone", "max_connections")
        }
        assert shown == {
            "fsync": ("on",),
            "data_checksums": ("on",),
            "listen_addresses": ("",),
            "TimeZone": ("UTC",),
            "max_connections": ("100",),
        }
        owned = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
        assert owner.execute(owned).fetchone() == ("tocsin_owner",)
        owner.execute("CREATE EXTENSION pg_trgm")
        supers = owner.execute("SELECT rolname FROM pg_roles WHERE rolsuper AND rolcanlogin").fetchall()
        assert supers == [("tocsin_super",)]


def test_the_app_role_may_not_change_the_schema(folder: Path) -> None:
    with (
        psycopg.connect(ensure(folder).app, autocommit=True) as app,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        app.execute("CREATE TABLE made_by_app (id int)")


def test_nobody_comes_in_without_the_password(folder: Path) -> None:
    good = ensure(folder).app
    password = good.split("@")[0].rsplit(":", 1)[1]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(good.replace(password, "wrong"))


def test_a_second_process_attaches_and_the_server_ends_with_the_last_one(folder: Path) -> None:
    first, second = hands.attach(folder), hands.attach(folder)
    assert hands.said(first) == hands.said(second)
    pid = hands.server(folder)
    assert pid is not None

    hands.leave([first])
    assert hands.answers(urls(folder).app)
    assert hands.server(folder) == pid
    hands.leave([second])
    hands.until(lambda: hands.is_gone(folder), "the server to end")
    assert not Layout(folder).socket_folder().exists()


def test_release_waits_for_the_end_unless_others_are_attached(folder: Path) -> None:
    ensure(folder)
    other = hands.attach(folder)
    hands.said(other)
    assert release(folder) is False
    assert hands.server(folder) is not None

    ensure(folder)
    hands.leave([other])
    assert release(folder) is True
    assert hands.server(folder) is None


def test_ten_processes_racing_for_the_first_start_share_one_server(folder: Path) -> None:
    racers = [hands.attach(folder) for _ in range(10)]
    assert len({hands.said(racer) for racer in racers}) == 1
    for racer in racers:
        assert racer.poll() is None
    hands.leave(racers)


def test_a_home_path_too_long_for_a_socket_works(folder: Path) -> None:
    long = folder.parent / ("x" * 60) / ("y" * 60) / "postgres"
    try:
        assert hands.answers(ensure(long).app)
    finally:
        assert release(long) is True


def test_lost_passwords_are_said_and_nothing_is_touched(folder: Path) -> None:
    ensure(folder)
    release(folder)
    Layout(folder).secrets.rename(folder / "aside.json")
    with pytest.raises(PostgresError, match=r"Put secrets\.json back"):
        ensure(folder)
    (folder / "aside.json").rename(Layout(folder).secrets)
    release(folder)
    assert hands.answers(ensure(folder).app)


def test_a_cluster_of_another_version_is_refused(folder: Path) -> None:
    ensure(folder)
    release(folder)
    version = Layout(folder).data / "PG_VERSION"
    kept = version.read_text()
    version.write_text("17\n")
    with pytest.raises(PostgresError, match=r"written by PostgreSQL 17.*dump the database"):
        ensure(folder)
    assert not hands.kept(folder)
    version.write_text(kept)


def test_a_server_that_cannot_start_says_its_own_words(folder: Path) -> None:
    ensure(folder)
    release(folder)
    (Layout(folder).data / "postgresql.auto.conf").write_text("max_connections = 'many'\n")
    with pytest.raises(PostgresError, match=r'(?s)No data was changed.*"max_connections"'):
        ensure(folder)


def test_a_throw_away_home_is_gone_with_its_last_process(folder: Path) -> None:
    home = folder.parent / "home"
    throw_away(home)
    process = hands.attach(home / "postgres")
    hands.said(process)
    hands.kill(process.pid)
    hands.leave([process])
    hands.until(lambda: not home.exists(), "the home to go")


def test_only_an_empty_home_can_be_thrown_away(folder: Path) -> None:
    folder.mkdir()
    (folder / "precious").write_text("data")
    with pytest.raises(PostgresError, match="not empty"):
        throw_away(folder)
    assert os.listdir(folder) == ["precious"]


def test_a_copied_home_works_in_another_place(folder: Path) -> None:
    with psycopg.connect(ensure(folder).owner) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    release(folder)
    copy = folder.parent / "restored" / "postgres"
    copy.parent.mkdir()
    subprocess.run(["cp", "-a", str(folder), str(copy)], check=True)
    try:
        with psycopg.connect(ensure(copy).owner) as connection:
            assert connection.execute("SELECT n FROM kept").fetchall() == [(7,)]
    finally:
        release(copy)
