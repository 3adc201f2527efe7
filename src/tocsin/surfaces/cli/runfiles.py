"""What a running ``tocsin up`` leaves for others to read: ``run/up.lock``, ``run/ports.json``,
``run/processes.json``."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tocsin.core.postgres.locks import EXCLUSIVE, open_lock, try_lock
from tocsin.surfaces.cli.environment import CommandError


class RunFiles:
    """The files of one home. Nobody else writes them while the lock is held."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "run"
        self.lock_file = self.folder / "up.lock"
        self.ports_file = self.folder / "ports.json"
        self.processes_file = self.folder / "processes.json"
        self._lock: int | None = None

    def take(self) -> None:
        """Claim the home for this process until it ends.

        Raises:
            CommandError: another ``tocsin up`` runs here.
        """
        fd = open_lock(self.lock_file)
        if not try_lock(fd, EXCLUSIVE):
            os.close(fd)
            address = self.ports().get("web")
            where = f", at http://127.0.0.1:{address}" if address else ""
            raise CommandError(
                f"Tocsin is already running in {self.folder.parent} (process {self.holder()}{where}). "
                "Nothing was changed. Use that one, end it with Ctrl-C in its window, or set TOCSIN_HOME to "
                "another folder."
            )
        os.ftruncate(fd, 0)
        os.write(fd, str(os.getpid()).encode())
        self._lock = fd
        self.clear()

    def holder(self) -> str:
        """The process id of the running ``tocsin up``, as it wrote it down."""
        return self.lock_file.read_text() if self.lock_file.exists() else ""

    def is_running(self) -> bool:
        """Whether a ``tocsin up`` runs in this home."""
        if not self.lock_file.exists():
            return False
        fd = open_lock(self.lock_file)
        try:
            return not try_lock(fd, EXCLUSIVE)
        finally:
            os.close(fd)

    def ports(self) -> dict[str, int]:
        """The port of each process that has one."""
        return {str(name): int(port) for name, port in _read(self.ports_file).items()}

    def processes(self) -> dict[str, dict[str, Any]]:
        """``{name: {"pid", "restarts", "since", "ready"}}``."""
        return dict(_read(self.processes_file))

    def write_ports(self, ports: Mapping[str, int]) -> None:
        write_whole(self.ports_file, json.dumps(ports))

    def write_processes(self, processes: Mapping[str, Mapping[str, Any]]) -> None:
        write_whole(self.processes_file, json.dumps(processes))

    def clear(self) -> None:
        self.ports_file.unlink(missing_ok=True)
        self.processes_file.unlink(missing_ok=True)

    def leave(self) -> None:
        """Take the files away and let go."""
        self.clear()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def heartbeat_file(home: Path, name: str) -> Path:
    """Where a process writes every second how it does."""
    return home / "run" / f"{name}.json"


def write_whole(path: Path, text: str) -> None:
    """Write a file so that readers see the old or the new text, never half of it."""
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(text)
    draft.replace(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text()))
    except FileNotFoundError:
        return {}
