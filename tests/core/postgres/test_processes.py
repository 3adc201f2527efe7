"""Telling a living server from a dead one, and from somebody else's process."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.core.postgres.hands import until
from tocsin.core.postgres.processes import is_server, recorded_pid


@contextmanager
def called(name: str, folder: Path, seconds: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process called ``name`` that sleeps."""
    program = folder / name
    shutil.copy("/bin/sleep", program)
    process = subprocess.Popen([program, seconds])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_living_process_of_that_name_and_user_counts(tmp_path: Path) -> None:
    with called("postgres", tmp_path, "60") as process:
        # between fork and exec it is still called as its parent
        until(lambda: is_server(process.pid, os.geteuid()), "it to be a server")
        assert not is_server(process.pid, os.geteuid() + 1)


def test_a_zombie_does_not_count_although_it_takes_signals(tmp_path: Path) -> None:
    with called("postgres", tmp_path, "0") as process:
        stat = Path(f"/proc/{process.pid}/stat")
        until(lambda: ") Z" in stat.read_text(), "it to be a zombie")
        os.kill(process.pid, 0)
        assert not is_server(process.pid, os.geteuid())


def test_another_program_does_not_count(tmp_path: Path) -> None:
    with called("postgrey", tmp_path, "60") as process:
        until(lambda: "postgrey" in Path(f"/proc/{process.pid}/comm").read_text(), "it to start")
        assert not is_server(process.pid, os.geteuid())


def test_a_process_that_is_gone_does_not_count() -> None:
    assert not is_server(2**22 + 1, os.geteuid())


@pytest.mark.parametrize(("text", "pid"), [("123\n/data\n", 123), ("-123\n", 123), ("", None), ("x\n", None)])
def test_the_recorded_process_id(tmp_path: Path, text: str, pid: int | None) -> None:
    file = tmp_path / "postmaster.pid"
    assert recorded_pid(file) is None
    file.write_text(text)
    assert recorded_pid(file) == pid
