"""Which keys were destroyed, kept apart from the database.

A backup of the database still holds the wrapped keys of yesterday. The ledger lies in the keys folder, which
has a backup of its own, so a restored database cannot bring a destroyed key back to life: opening refuses
every key the ledger names, and ``shred.reapply`` destroys the restored rows again.

One line a key: destroyed at, scope, created at. The moment of creation tells a key from a later one of the
same name."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from django.conf import settings

from tocsin.core.crypto.files import append_line

Entry = tuple[str, str]


def path() -> Path:
    """The ledger file of this installation."""
    return Path(settings.TOCSIN_HOME) / "keys" / "destroyed.log"


def entry(scope: str, created_at: dt.datetime) -> Entry:
    """What names one key for good."""
    return quote(scope, safe=":"), created_at.astimezone(dt.UTC).isoformat(timespec="microseconds")


class Ledger:
    """The file, read again only when it grew."""

    def __init__(self) -> None:
        self._seen: tuple[str, int, int] = ("", 0, 0)
        self._entries: frozenset[Entry] = frozenset()

    def entries(self) -> frozenset[Entry]:
        """Every key on the ledger."""
        file = path()
        try:
            stat = os.stat(file)
        except FileNotFoundError:
            return frozenset()
        seen = (str(file), stat.st_ino, stat.st_size)
        if seen != self._seen:
            lines = (line.split(" ") for line in file.read_text().splitlines())
            # a last line cut short by a crash names no key; shred.write_down adds it again
            self._entries = frozenset((parts[1], parts[2]) for parts in lines if len(parts) == 3)
            self._seen = seen
        return self._entries

    def add(self, keys: Iterable[tuple[Entry, dt.datetime]]) -> int:
        """Add what is not there yet; on the disk when this returns. Returns how many were new."""
        present = self.entries()
        new = [(key, at) for key, at in keys if key not in present]
        for (scope, created), at in new:
            append_line(
                path(), f"{at.astimezone(dt.UTC).isoformat(timespec='microseconds')} {scope} {created}"
            )
        return len(new)


ledger = Ledger()
