"""File locks with a deadline. The kernel drops them when their holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from tocsin.core.postgres.errors import PostgresError

SHARED = fcntl.LOCK_SH
EXCLUSIVE = fcntl.LOCK_EX
_PAUSE_S = 0.02


def open_lock(path: Path) -> int:
    """A descriptor to lock. It is closed on exec, so that no child process holds a lock by accident."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def try_lock(fd: int, mode: int) -> bool:
    """Take the lock now, or say that somebody else holds it."""
    try:
        fcntl.flock(fd, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def lock(path: Path, mode: int, *, timeout_s: float, doing: str) -> int:
    """Wait for the lock and return the descriptor that holds it; closing it lets go.

    Raises:
        PostgresError: somebody else held it for longer than ``timeout_s``.
    """
    fd = open_lock(path)
    deadline = time.monotonic() + timeout_s
    while not try_lock(fd, mode):
        if time.monotonic() > deadline:
            os.close(fd)
            raise PostgresError(
                f"Waited {timeout_s:.0f} s for another process while {doing} (lock file {path}). "
                "No data was changed. See which process holds it with `fuser`, end it, and try again."
            )
        time.sleep(_PAUSE_S)
    return fd


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock exclusively."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not try_lock(fd, SHARED)
    finally:
        os.close(fd)
