"""Attaching to the embedded server of a folder, and starting it when it does not run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import errors

from tocsin.core.postgres.bootstrap import bootstrap
from tocsin.core.postgres.cluster import check_version, create
from tocsin.core.postgres.errors import PostgresError
from tocsin.core.postgres.layout import Layout
from tocsin.core.postgres.locks import EXCLUSIVE, SHARED, is_locked, lock, open_lock, try_lock
from tocsin.core.postgres.secrets import SUPERUSER, Urls, conninfo, passwords, urls

_START_TIMEOUT_S = 120.0
_PAUSE_S = 0.03
#: Keepers that give up before we do.
_PATIENCE = 2

#: Descriptors of the leases this process holds, by folder.
_leases: dict[Path, int] = {}


def _silent(_text: str) -> None:
    return None


def ensure(folder: Path, *, say: Callable[[str], None] = _silent) -> Urls:
    """Make sure that the embedded server of ``folder`` runs, and stay attached until this process ends.

    Safe to call again, from many processes at once, and after anything was killed.

    Args:
        folder: the server's own folder, usually ``$TOCSIN_HOME/postgres``; made when it is not there.
        say: told in words what takes a moment.

    Raises:
        PostgresError: it cannot run; the message says why and what to do.
    """
    layout = Layout(folder.absolute())
    layout.make()
    if layout.folder not in _leases:
        _leases[layout.folder] = lock(
            layout.lease_lock, SHARED, timeout_s=_START_TIMEOUT_S, doing="the database was stopping"
        )
    starting = lock(
        layout.start_lock, EXCLUSIVE, timeout_s=_START_TIMEOUT_S, doing="the database was starting"
    )
    try:
        passwords(layout)
        if not layout.data.exists():
            say("making the database (first start only)")
            create(layout, layout.server_user())
        check_version(layout)
        _start(layout, say)
        bootstrap(layout)
    finally:
        os.close(starting)
    return urls(layout.folder)


def throw_away(home: Path) -> None:
    """Make an empty home a throw-away one, for tests: before anything else, and only once.

    When the last process lets go of its server the home is removed, with all that is in it.

    Raises:
        PostgresError: it is not empty.
    """
    if home.exists() and any(home.iterdir()):
        raise PostgresError(
            f"{home} is not empty, so it cannot become a throw-away home. Nothing was changed."
        )
    layout = Layout(home.absolute() / "postgres")
    layout.make()
    layout.ephemeral.touch()


def release(folder: Path, *, timeout_s: float = 40.0) -> bool:
    """Let go of the server. When nobody else is attached, wait until it has stopped, and return True."""
    layout = Layout(folder.absolute())
    lease = _leases.pop(layout.folder, None)
    if lease is None:
        return not is_locked(layout.keeper_lock)
    os.close(lease)
    if _others_attached(layout):
        return False
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if not is_locked(layout.keeper_lock):
            return True
        time.sleep(_PAUSE_S)
    return False


def _others_attached(layout: Layout) -> bool:
    fd = open_lock(layout.lease_lock)
    try:
        # a keeper that is stopping the server holds the lease exclusively; then there is nobody else
        return not try_lock(fd, EXCLUSIVE) and try_lock(fd, SHARED)
    finally:
        os.close(fd)


def _start(layout: Layout, say: Callable[[str], None]) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    spawned = 0
    while True:
        trouble = _probe(layout)
        kept = is_locked(layout.keeper_lock)
        if trouble is None and kept:
            return
        if time.monotonic() > deadline or (not kept and spawned == _PATIENCE):
            raise PostgresError(
                f"The database in {layout.data} does not start: {trouble}. No data was changed. "
                f"{_last_words(layout)}"
            )
        if not kept:
            if not spawned:
                say("starting the database")
            spawned += 1
            _spawn_keeper(layout)
        time.sleep(_PAUSE_S)


def _probe(layout: Layout) -> str | None:
    """Connect, which is the only answer worth having. Returns what is in the way, None when nothing is.

    Raises:
        PostgresError: the server answers, and will never let us in.
    """
    try:
        psycopg.connect(conninfo(layout, SUPERUSER, "postgres"), connect_timeout=5).close()
    except errors.TooManyConnections:
        return None
    except psycopg.OperationalError as error:
        words = str(error).strip()
        if "password authentication failed" in words:
            raise PostgresError(
                f"The database in {layout.data} runs, and does not know the passwords in {layout.secrets}. "
                "Nothing was changed. Put the data folder and secrets.json back from the same backup."
            ) from error
        return words
    return None


def _spawn_keeper(layout: Layout) -> None:
    package_root = Path(__file__).resolve().parents[3]
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "PYTHONPATH": str(package_root),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tocsin.core.postgres.keeper", str(layout.folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd="/",
        env=environment,
        start_new_session=True,
        check=False,
    )
    if done.returncode != 0:
        raise PostgresError(
            f"The process that keeps the database could not start: "
            f"{done.stderr.decode(errors='replace').strip()}. No data was changed. Check the installation "
            "with `make run` and try again."
        )
    # it goes to the background before it takes its lock
    deadline = time.monotonic() + 5
    while not is_locked(layout.keeper_lock) and time.monotonic() < deadline:
        time.sleep(_PAUSE_S)


def _last_words(layout: Layout) -> str:
    """The end of what the server and its keeper said, for a person to read."""
    words = [_tail(layout.keeper_log), _tail(layout.start_log)]
    words += [_tail(path) for path in sorted((layout.data / "log").glob("*.log"), key=os.path.getmtime)[-1:]]
    return "Their last words:\n" + "\n".join(part for part in words if part)


def _tail(path: Path, lines: int = 5) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
