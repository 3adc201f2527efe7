"""What people see on the terminal, and what is kept of it in ``logs/``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_WIDTH = 9
_COLOURS = (36, 33, 35, 32, 34, 31)
_KEEP_BYTES = 20 * 2**20


def _coloured() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


class Printer:
    """Prints lines with the name of who said them, each name in its own colour on a terminal."""

    def __init__(self) -> None:
        self._colour = _coloured()
        self._known: dict[str, int] = {}
        self._broken = False

    def line(self, name: str, text: str) -> None:
        label = f"{name:<{_WIDTH}}|"
        if self._colour:
            number = self._known.setdefault(name, _COLOURS[len(self._known) % len(_COLOURS)])
            label = f"\x1b[{number}m{label}\x1b[0m"
        if not self._broken:
            try:
                print(label, text, flush=True)
            except OSError:
                # whoever read us is gone (a closed terminal, an ended pager); the files in logs/ go on
                self._broken = True


class LogFile:
    """One process's file in ``logs/``: at most ``_KEEP_BYTES``, and as much again in ``NAME.log.1``."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.log"
        self._file = self.path.open("ab")

    def write(self, line: bytes) -> None:
        self._file.write(line + b"\n")
        self._file.flush()
        if self._file.tell() > _KEEP_BYTES:
            self._file.close()
            self.path.replace(self.path.with_suffix(".log.1"))
            self._file = self.path.open("ab")

    def tail(self, lines: int = 8) -> list[str]:
        """The last lines, for a person to read."""
        return self.path.read_text(errors="replace").splitlines()[-lines:]

    def close(self) -> None:
        self._file.close()
