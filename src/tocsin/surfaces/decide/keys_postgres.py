"""Keys from PostgreSQL, read as a whole: a few rows, held in memory, refreshed every few seconds."""

from __future__ import annotations

import psycopg

from tocsin.surfaces.decide.keys import KeyRecord

_QUERY = "SELECT key_id, secret_sha256, scopes, revoked_at IS NOT NULL FROM core_api_key"
_CONNECT_SECONDS = 3
_STATEMENT_MS = 3000


class PostgresKeyStore:
    """Table core_api_key(key_id, secret_sha256, scopes text[], revoked_at). The last good reading stays in
    use while the database is away; for how long is the host's decision."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._keys: dict[str, KeyRecord] = {}
        self._connection: psycopg.Connection | None = None

    def lookup(self, key_id: str) -> KeyRecord | None:
        return self._keys.get(key_id)

    def refresh(self) -> None:
        """Raises psycopg.Error when the database cannot be asked; the next call connects anew."""
        try:
            rows = self._connected().execute(_QUERY).fetchall()
        except psycopg.Error:
            self._connection = None
            raise
        self._keys = {
            key: KeyRecord(digest, frozenset(scopes), revoked) for key, digest, scopes, revoked in rows
        }

    def _connected(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=_CONNECT_SECONDS,
                options=f"-c statement_timeout={_STATEMENT_MS}",
                application_name="tocsin-decide",
            )
        return self._connection
