"""What the log is opened with: keys from an installation's database, or from a folder when decide runs alone;
and how much of it the database has."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tocsin.core.crypto.errors import MissingKey
from tocsin.core.crypto.files import write_once
from tocsin.core.crypto.keys import FileKeys

#: Seconds that a database may take to come back when it and decide ended together.
PATIENCE_S = 15.0


def wait_for_database() -> None:
    """Come back when the database takes connections; give up after a while, and let the first use of it say
    why. Django must be set up."""
    from django.db import OperationalError, connections

    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            connections["default"].ensure_connection()
        except OperationalError:
            time.sleep(0.1)
        else:
            break
    connections.close_all()


def key_from_database(scope: str, create: bool) -> bytes:
    """As ``stored_key``, leaving no connection open in a thread that may not come back. Django must be set
    up."""
    from django.db import connections

    from tocsin.core.crypto.day_keys import stored_key

    try:
        return stored_key(scope, create)
    finally:
        connections.close_all()


def shipped_in_database() -> int:
    """The last record of the log that is in the database. Leaves no connection open, as above."""
    from django.db import connections

    from tocsin.domains.detection.ship import shipped

    try:
        return shipped()
    finally:
        connections.close_all()


class KeyFolder:
    """Data keys as files, wrapped by a master key in the same folder: for benchmarks, tests and integration
    work. Only an installation with a database can rotate and destroy keys."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._master = FileKeys(folder / "master")

    def __call__(self, scope: str, create: bool) -> bytes:
        """The data key of a scope. Raises MissingKey, Tampered, KeyServiceUnavailable."""
        path = self._folder / f"{scope.replace(':', '-')}.key"
        if create and not path.exists():
            master, wrapped = self._master.wrap(os.urandom(32), scope)
            write_once(path, f"{master} {wrapped.hex()}".encode())
        try:
            master, wrapped_hex = path.read_text().split(" ")
        except FileNotFoundError:
            raise MissingKey(f"there is no key for {scope} in {self._folder}") from None
        return self._master.unwrap(master, bytes.fromhex(wrapped_hex), scope)
