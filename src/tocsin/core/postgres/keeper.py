"""The keeper: a small process that owns the server.

It starts the server, restarts it when it was killed, and stops it when the last lease is gone, so that no
server outlives the processes it served, however they ended. It is started by ``attach.ensure`` and belongs to
nobody: the death of the process that started it changes nothing. When the keeper itself is killed the server
goes on, and the next process that attaches (or ``tocsin up``, which looks every few seconds) starts a keeper
that adopts it.

    python -m tocsin.core.postgres.keeper FOLDER
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from tocsin.core.postgres.cluster import start
from tocsin.core.postgres.errors import PostgresError
from tocsin.core.postgres.layout import Layout
from tocsin.core.postgres.locks import EXCLUSIVE, open_lock, try_lock
from tocsin.core.postgres.processes import running_server

_LOOK_EVERY_S = 0.25
#: Patience with each way to stop: smart enough to finish, then without a checkpoint, then by force.
_STOP_WAYS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
#: Between attempts to start a server that does not stay: at first at once, then slower.
_BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)


class Keeper:
    """Keeps one server. ``run`` returns when it has stopped it."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        # asked now: it follows from the folder, which somebody may remove while the server runs
        self.socket_folder = layout.socket_folder()
        self.child: subprocess.Popen[bytes] | None = None
        self.told_to_stop = False
        self.failures = 0

    def run(self) -> None:
        # the order matters: descriptors close in this order when we are killed, and whoever waits for the
        # lease must find our own lock free
        mine = open_lock(self.layout.keeper_lock)
        if not _take(mine):
            return
        lease = open_lock(self.layout.lease_lock)
        try:
            while not self.told_to_stop and not try_lock(lease, EXCLUSIVE):
                self._look()
                time.sleep(_LOOK_EVERY_S)
        finally:
            self._stop()
            self._tidy()
        os.close(mine)
        os.close(lease)

    def _tidy(self) -> None:
        with suppress(OSError):  # not empty: a server that could not be stopped
            self.socket_folder.rmdir()
        if self.layout.ephemeral.exists():
            shutil.rmtree(self.layout.folder.parent, ignore_errors=True)

    def _look(self) -> None:
        """Start the server when none runs."""
        if self.child is not None:
            code = self.child.poll()
            if code is None:
                return
            _say(f"the server ended with code {code}; starting it again")
            self.child = None
            # killed by somebody is no failure to start: come back at once
            self.failures = self.failures + 1 if code > 0 else 0
            if self.failures > len(_BACK_OFF_S):
                raise PostgresError(f"The server failed to start {self.failures} times; giving up.")
            time.sleep(_BACK_OFF_S[max(self.failures, 1) - 1])
        elif running_server(self.layout) is not None:
            return
        self.child = start(self.layout)

    def _stop(self) -> None:
        for way, patience_s in _STOP_WAYS:
            pid = self._pid()
            if pid is None:
                return
            try:
                os.kill(pid, way)
            except ProcessLookupError:
                return
            deadline = time.monotonic() + patience_s
            while self._pid() is not None and time.monotonic() < deadline:
                time.sleep(0.02)

    def _pid(self) -> int | None:
        if self.child is not None and self.child.poll() is None:
            return self.child.pid
        return running_server(self.layout)


def _take(fd: int) -> bool:
    """Take the keeper's lock; False when there is another keeper.

    Those who look whether there is one hold it for a blink, so one refusal proves nothing.
    """
    deadline = time.monotonic() + 1.0
    while not try_lock(fd, EXCLUSIVE):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _say(text: str) -> None:
    print(f"{datetime.now(UTC).isoformat(timespec='seconds')} keeper {os.getpid()}: {text}", flush=True)


def _into_background(layout: Layout) -> None:
    """Leave the session and the parent of whoever started us; speak to the log."""
    if os.fork():
        os._exit(0)
    os.setsid()
    log = os.open(layout.keeper_log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(nothing)
    os.close(log)
    os.chdir("/")


def main(folder: str) -> int:
    layout = Layout(Path(folder))
    _into_background(layout)
    keeper = Keeper(layout)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        keeper.told_to_stop = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        keeper.run()
    except (PostgresError, OSError) as error:
        _say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
