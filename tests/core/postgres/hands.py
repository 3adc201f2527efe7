"""Processes to start, attach and kill: what the tests of the embedded server need."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg

from tocsin.core.postgres.layout import Layout
from tocsin.core.postgres.locks import is_locked
from tocsin.core.postgres.processes import running_server

ROOT = Path(__file__).parents[3]
PATIENCE_S = 30.0

#: Attaches, says the app's URL, and holds on until its standard input closes.
ATTACH = """
import sys
from pathlib import Path
from tocsin.core.postgres import ensure
print(ensure(Path(sys.argv[1])).app, flush=True)
sys.stdin.read()
"""


def until(true: Callable[[], bool], what: str) -> None:
    """Wait for a condition; fail with words when it does not come."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for: {what}"
        time.sleep(0.02)


def attach(
    folder: Path, *, user: int | None = None, source: Path = ROOT / "src", python: str = sys.executable
) -> subprocess.Popen[str]:
    """A process that is attached, or about to be: read a line to know."""
    as_user: dict[str, object] = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    return subprocess.Popen(
        [python, "-c", ATTACH, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env={"PYTHONPATH": str(source), "PATH": os.environ["PATH"]},
        **as_user,  # type: ignore[call-overload]
    )


def said(process: subprocess.Popen[str]) -> str:
    """The URL an attached process says; fails with its complaint when it says none."""
    assert process.stdout is not None
    assert process.stderr is not None
    line = process.stdout.readline().strip()
    assert line, process.stderr.read()
    return line


def leave(processes: Sequence[subprocess.Popen[str]]) -> None:
    """End attached processes the polite way."""
    for process in processes:
        process.communicate()


def server(folder: Path) -> int | None:
    """The process id of the living server."""
    return running_server(Layout(folder))


def keeper(folder: Path) -> int:
    """The process id of the keeper: the only process that runs its module for this folder."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"tocsin.core.postgres.keeper" in words and os.fsencode(folder) in words:
            return int(entry.parent.name)
    raise AssertionError("there is no keeper")


def kept(folder: Path) -> bool:
    return is_locked(Layout(folder).keeper_lock)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def is_gone(folder: Path) -> bool:
    """Neither a server nor a keeper is left."""
    return not kept(folder) and (not folder.exists() or server(folder) is None)


def answers(url: str) -> bool:
    """Whether the server lets us in."""
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def runs(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
