"""Whatever is killed, acknowledged rows stay and nothing is left behind."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import psycopg
import pytest

from tests.core.postgres import hands
from tocsin.core.postgres import ensure, release
from tocsin.core.postgres.layout import Layout

pytestmark = pytest.mark.chaos


class Writer(threading.Thread):
    """Inserts one number after another and remembers those the server acknowledged."""

    def __init__(self, url: str, base: int) -> None:
        super().__init__()
        self.url = url
        self.base = base
        self.acknowledged: list[int] = []
        self.enough = threading.Event()

    def run(self) -> None:
        number = self.base
        while not self.enough.is_set():
            try:
                with psycopg.connect(self.url, autocommit=True, connect_timeout=2) as connection:
                    while not self.enough.is_set():
                        number += 1
                        connection.execute("INSERT INTO kept VALUES (%s)", [number])
                        self.acknowledged.append(number)
            except psycopg.OperationalError:
                self.enough.wait(0.02)


def _rows(url: str) -> set[int]:
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute("SELECT n FROM kept")}


def _make_table(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (n bigint PRIMARY KEY)")


def test_a_killed_server_comes_back_with_every_acknowledged_row(folder: Path) -> None:
    url = ensure(folder).owner
    _make_table(url)
    writers = [Writer(url, base) for base in (0, 10**9, 2 * 10**9)]
    for writer in writers:
        writer.start()
    try:
        for round_ in range(1, 4):
            wanted = 100 * round_
            hands.until(lambda n=wanted: all(len(w.acknowledged) >= n for w in writers), "writes")  # type: ignore[misc]
            pid = hands.server(folder)
            assert pid is not None
            hands.kill(pid)
            hands.until(lambda old=pid: hands.server(folder) not in (None, old), "a new server")  # type: ignore[misc]
            before = [len(writer.acknowledged) for writer in writers]
            hands.until(
                lambda b=before: all(len(w.acknowledged) > n for w, n in zip(writers, b, strict=True)),  # type: ignore[misc]
                "writers to go on",
            )
    finally:
        for writer in writers:
            writer.enough.set()
        for writer in writers:
            writer.join()
    acknowledged = {number for writer in writers for number in writer.acknowledged}
    assert acknowledged <= _rows(url)
    assert len(_rows(url) - acknowledged) <= 3 * len(writers), "only unanswered writes may be extra"


def test_a_killed_keeper_harms_nobody_and_is_replaced(folder: Path) -> None:
    url = ensure(folder).owner
    _make_table(url)
    pid, old = hands.server(folder), hands.keeper(folder)
    with psycopg.connect(url, autocommit=True) as connection:
        hands.kill(old)
        hands.until(lambda: not hands.kept(folder), "the keeper to be gone")
        connection.execute("INSERT INTO kept VALUES (1)")
        ensure(folder)
        assert hands.keeper(folder) != old
        assert hands.server(folder) == pid, "the server was adopted, not started again"
        connection.execute("INSERT INTO kept VALUES (2)")
    assert _rows(url) == {1, 2}
    # the adopted server is nobody's child: killed, it may stay a zombie, which must not pass for a server
    assert pid is not None
    hands.kill(pid)
    hands.until(lambda: hands.server(folder) not in (None, pid) and hands.answers(url), "a new server")
    assert _rows(url) == {1, 2}


def test_everything_killed_at_once_starts_again(folder: Path) -> None:
    process = hands.attach(folder)
    hands.said(process)
    url = ensure(folder).owner
    _make_table(url)
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO kept VALUES (7)")
    release(folder)
    pid = hands.server(folder)
    assert pid is not None
    for victim in (hands.keeper(folder), pid, process.pid):
        hands.kill(victim)
    hands.leave([process])
    assert Layout(folder).pid_file.exists()

    assert _rows(ensure(folder).owner) == {7}


def test_a_process_id_reused_by_a_stranger_does_not_stop_the_start(folder: Path) -> None:
    ensure(folder)
    release(folder)
    stranger = hands.attach(folder.parent / "elsewhere" / "postgres")
    hands.said(stranger)
    foreign = hands.server(folder.parent / "elsewhere" / "postgres")
    Layout(folder).pid_file.write_text(f"{foreign}\n{Layout(folder).data}\n0\n5432\n")
    assert hands.answers(ensure(folder).app)
    assert hands.server(folder) != foreign
    hands.leave([stranger])


def test_the_server_ends_when_its_last_process_is_killed(folder: Path) -> None:
    process = hands.attach(folder)
    hands.said(process)
    hands.kill(process.pid)
    hands.leave([process])
    hands.until(lambda: hands.is_gone(folder), "the server to end")


def test_a_first_start_killed_half_way_leaves_nothing_in_the_way(folder: Path) -> None:
    process = hands.attach(folder)
    hands.until(lambda: (folder / "data.new" / "base").exists(), "initdb to be at work")
    hands.kill(process.pid)
    hands.leave([process])
    assert hands.answers(ensure(folder).app)


def test_a_home_removed_under_a_running_server_leaves_nothing_behind(folder: Path) -> None:
    process = hands.attach(folder)
    hands.said(process)
    sockets, pid, keeper = Layout(folder).socket_folder(), hands.server(folder), hands.keeper(folder)
    assert sockets.exists()
    shutil.rmtree(folder)
    hands.leave([process])
    hands.until(lambda: not sockets.exists(), "the socket's folder to go")
    assert pid is not None
    for ended in (pid, keeper):
        hands.until(lambda gone=ended: not hands.runs(gone), "server and keeper to end")  # type: ignore[misc]
