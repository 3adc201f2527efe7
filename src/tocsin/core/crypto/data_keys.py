"""Finding the data keys of scopes: one query for many, unwrapped once, and the row looked at every time.

The row is looked at every time because another process may have destroyed the key a moment ago; only the
costly part, unwrapping, is remembered, and only for as long as the row still holds the same wrapped key."""

from __future__ import annotations

import datetime as dt
import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import connection
from django.utils import timezone

from tocsin.core.crypto.errors import MissingKey, Shredded
from tocsin.core.crypto.keys import FileKeys, KeyAdapter
from tocsin.core.crypto.ledger import entry, ledger
from tocsin.core.crypto.models import DataKey

_REMEMBERED = 8192

_looked_up: ContextVar[dict[str, Row] | None] = ContextVar("looked_up_keys", default=None)


@dataclass(frozen=True, slots=True)
class Material:
    """One unwrapped key, ready for use."""

    raw: bytes
    aead: AESGCM


@dataclass(frozen=True, slots=True)
class Row:
    """What the database says about a scope's key."""

    scope: str
    master_key_id: str
    wrapped: bytes | None
    created_at: dt.datetime
    destroyed_at: dt.datetime | None

    @property
    def is_destroyed(self) -> bool:
        """Destroyed here, or before the backup this database was restored from was made."""
        return (
            self.destroyed_at is not None
            or self.wrapped is None
            or entry(self.scope, self.created_at) in ledger.entries()
        )


class Keys:
    """The keys of some scopes, at one moment."""

    def __init__(self, ready: dict[str, Material], destroyed: set[str]) -> None:
        self._ready = ready
        self._destroyed = destroyed

    def of(self, scope: str) -> Material:
        """One key.

        Raises:
            Shredded: it was destroyed. MissingKey: there is none.
        """
        if scope in self._destroyed:
            raise Shredded(f"the key of {scope} was destroyed")
        try:
            return self._ready[scope]
        except KeyError:
            raise MissingKey(f"there is no key for {scope}") from None


@lru_cache(maxsize=1)
def adapter() -> KeyAdapter:
    """The configured key adapter (``TOCSIN_KEYS``: ``file`` or ``aws-kms:<key arn>``)."""
    spec: str = settings.TOCSIN_KEYS
    if spec.startswith("aws-kms:"):
        from tocsin.core.crypto.aws import KmsKeys

        return KmsKeys(spec.removeprefix("aws-kms:"))
    return FileKeys(Path(settings.TOCSIN_HOME) / "keys" / "master")


def keys_for(scopes: Iterable[str], *, create: bool = False) -> Keys:
    """The keys of all these scopes in one query. With ``create``, scopes that have none get one."""
    wanted = set(scopes)
    held = _looked_up.get() or {}
    rows = {scope: held[scope] for scope in wanted & held.keys()}
    if unseen := wanted - rows.keys():
        rows |= _rows(unseen)
    missing = wanted - rows.keys()
    if create and missing:
        rows |= _create(missing)
    destroyed = {scope for scope, row in rows.items() if row.is_destroyed}
    _memory.forget(destroyed)
    return Keys(_unwrap([row for scope, row in rows.items() if scope not in destroyed]), destroyed)


@contextmanager
def looked_up(scopes: Iterable[str]) -> Iterator[None]:
    """While open, the keys of these scopes are as they are now, and not asked for again.

    For drawing one page that opens many values of a few scopes. A key destroyed meanwhile counts from the
    next page on.
    """
    token = _looked_up.set(_rows(set(scopes)))
    try:
        yield
    finally:
        _looked_up.reset(token)


def forget_all() -> None:
    """Drop every remembered key and the adapter. For tests that change the settings."""
    _memory.forget_all()
    adapter.cache_clear()


#: Plain SQL, because this runs for every sealed value that is opened on its own.
_SELECT = """
SELECT scope, master_key_id, wrapped, created_at, destroyed_at FROM core_data_key WHERE scope = ANY(%s)
"""


def _rows(scopes: set[str]) -> dict[str, Row]:
    if not scopes:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_SELECT, [list(scopes)])
        return {
            scope: Row(scope, master, bytes(wrapped) if wrapped else None, created, destroyed)
            for scope, master, wrapped, created, destroyed in cursor.fetchall()
        }


def _create(scopes: set[str]) -> dict[str, Row]:
    now = timezone.now()
    new = []
    for scope in sorted(scopes):  # in one order, so that two writers never wait for each other
        master_key_id, wrapped = adapter().wrap(os.urandom(32), scope)
        new.append(DataKey(scope=scope, wrapped=wrapped, master_key_id=master_key_id, created_at=now))
    DataKey.objects.bulk_create(new, ignore_conflicts=True)
    # read back: where another writer was first, theirs counts
    return _rows(scopes)


def _unwrap(rows: list[Row]) -> dict[str, Material]:
    ready = {row.scope: known for row in rows if (known := _memory.get(row)) is not None}
    unknown = [row for row in rows if row.scope not in ready]
    if len(unknown) > 1 and adapter().parallel > 1:
        with ThreadPoolExecutor(adapter().parallel) as pool:
            fresh = list(pool.map(_unwrap_one, unknown))
    else:
        fresh = [_unwrap_one(row) for row in unknown]
    for row, material in zip(unknown, fresh, strict=True):
        _memory.keep(row, material)
        ready[row.scope] = material
    return ready


def _unwrap_one(row: Row) -> Material:
    raw = adapter().unwrap(row.master_key_id, row.wrapped or b"", row.scope)
    return Material(raw, AESGCM(raw))


class _Memory:
    """The keys unwrapped last, least used first out. A key is found only by the wrapped bytes it came
    from."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[str, tuple[bytes | None, Material]] = OrderedDict()

    def get(self, row: Row) -> Material | None:
        with self._lock:
            kept = self._kept.get(row.scope)
            if kept is None or kept[0] != row.wrapped:
                return None
            self._kept.move_to_end(row.scope)
            return kept[1]

    def keep(self, row: Row, material: Material) -> None:
        with self._lock:
            self._kept[row.scope] = (row.wrapped, material)
            self._kept.move_to_end(row.scope)
            while len(self._kept) > _REMEMBERED:
                self._kept.popitem(last=False)

    def forget(self, scopes: Iterable[str]) -> None:
        with self._lock:
            for scope in scopes:
                self._kept.pop(scope, None)

    def forget_all(self) -> None:
        with self._lock:
            self._kept.clear()


_memory = _Memory()
