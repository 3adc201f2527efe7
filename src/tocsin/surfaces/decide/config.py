"""What the decide process is told when it starts. The config floor fills this in."""

from __future__ import annotations

import datetime as dt
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tocsin.core.crypto.day_codec import DayCodec
from tocsin.surfaces.decide.keys import KeyStore


def _nobody(_: int) -> None:
    """The default listener: nobody wants to know the port."""


def _nothing_shipped() -> int:
    """Where there is no database, nothing is shipped."""
    return 0


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


@dataclass(frozen=True)
class DecideConfig:
    """Folders, door and limits. Times are in seconds."""

    folder: Path
    """The log and its snapshots ($TOCSIN_HOME/decide). One process at a time."""
    rules_dir: Path
    """The rules that come with Tocsin, or those the operator chose."""
    keys: KeyStore
    """Who may ask."""
    codec: DayCodec
    """Seals the log and its snapshots."""

    published: Path | None = None
    """A link to the folder with the rules in force, once somebody put one into force; `rules_dir` before."""
    rules_every: float = 1.0
    """How often it is looked whether other rules are in force."""

    shipped: Callable[[], int] = _nothing_shipped
    """The last record that the database has from this log: a log that ends before it has lost records."""

    host: str = "127.0.0.1"
    port: int = 8002
    """0: any free one; `on_listening` is told which."""
    listen: socket.socket | None = None
    """An already bound socket instead of host and port."""
    on_listening: Callable[[int], None] = _nobody

    queue_limit: int = 4096
    """Events that may wait. More are refused with 503 and Retry-After."""
    turn_limit: int = 256
    """Events decided in one turn of the event loop, and made durable together."""
    body_limit: int = 2 * 1024 * 1024
    body_timeout: float = 15.0
    batch_limit: int = 1000
    segment_bytes: int = 16 * 1024 * 1024
    segment_seconds: float = 3600.0
    """The log goes on in a new segment at least so often: only whole segments can be removed."""
    snapshot_every: int = 100_000
    """Records between snapshots: what a start after a crash has to replay at most."""
    snapshot_seconds: float = 3600.0
    """At least so often while something is decided: what was shipped can be removed once two snapshots have
    it."""
    keys_every: float = 5.0
    """How often keys are read again: how long a revoked key may still work."""
    keys_stale: float = 900.0
    """With no fresh keys for so long, nobody is let in any more."""
    sealing_every: float = 5.0
    """How often it is looked whether the log needs the key of another day."""
    today: Callable[[], dt.date] = _today
    """The day whose key seals the log (UTC)."""
