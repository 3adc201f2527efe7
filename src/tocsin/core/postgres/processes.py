"""Is this process still a PostgreSQL server? Never by ``kill(pid, 0)``: a zombie answers that too."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tocsin.core.postgres.layout import Layout


def recorded_pid(path: Path) -> int | None:
    """The process id on the first line of a lock file of PostgreSQL's."""
    try:
        return abs(int(path.read_text().split("\n", 1)[0]))
    except (FileNotFoundError, ValueError):
        return None


def is_server(pid: int, uid: int) -> bool:
    """Whether ``pid`` is a living process named postgres of this user."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return not Path("/proc/self/stat").exists() and _is_server_by_ps(pid, uid)
    # "pid (name) state …"; the name may itself hold brackets
    name, _, rest = stat.partition("(")[2].rpartition(")")
    try:
        owner = os.stat(f"/proc/{pid}").st_uid
    except FileNotFoundError:
        return False
    return name == "postgres" and rest.split()[0] not in "ZX" and owner == uid


def _is_server_by_ps(pid: int, uid: int) -> bool:
    done = subprocess.run(
        ["ps", "-o", "uid=,stat=,comm=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    words = done.stdout.split(None, 2)
    return len(words) == 3 and int(words[0]) == uid and "Z" not in words[1] and "postgres" in words[2]


def running_server(layout: Layout) -> int | None:
    """The process id of the living server of this cluster."""
    pid = recorded_pid(layout.pid_file)
    if pid is None:
        return None
    if not is_server(pid, layout.data.stat().st_uid):
        return None
    return pid if _works_in(pid, layout.data) else None


def _works_in(pid: int, data: Path) -> bool:
    """A server's working folder is its cluster. Where we may not look, its name and user must do."""
    try:
        return os.path.samefile(f"/proc/{pid}/cwd", data)
    except OSError:
        return True


def clear_stale_files(layout: Layout, socket_lock: Path) -> None:
    """Remove lock files of a server that is gone.

    PostgreSQL does so itself, unless the recorded process id lives on as a zombie or as somebody else's
    process; then it would refuse to start for ever. It still checks its shared memory, so that surviving
    backends of a killed server are never overlooked.
    """
    if running_server(layout) is None:
        layout.pid_file.unlink(missing_ok=True)
        socket_lock.unlink(missing_ok=True)
