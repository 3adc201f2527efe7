"""The database: reachable, up to date, with the right rights, in time, and nothing left waiting."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from tocsin.core import postgres
from tocsin.surfaces.cli.checks.findings import Finding, note, ok, wrong
from tocsin.surfaces.cli.environment import Environment
from tocsin.surfaces.cli.runfiles import RunFiles

_SKEW = timedelta(seconds=2)
_LATE = timedelta(minutes=1)
#: Tables that only ever grow, and the rights on them that the application must not have.
_ONLY_GROW = {
    "core_audit_entry": ("INSERT", "UPDATE", "DELETE", "TRUNCATE"),
    "core_audit_anchor": ("UPDATE", "DELETE", "TRUNCATE"),
}
_FORBIDDEN = """
SELECT 'is a superuser' FROM pg_roles WHERE rolname = current_user AND rolsuper
UNION ALL SELECT 'may create roles' FROM pg_roles WHERE rolname = current_user AND rolcreaterole
UNION ALL SELECT 'owns the table ' || tablename FROM pg_tables
    WHERE schemaname = 'public' AND tableowner = current_user
UNION ALL SELECT 'may create tables' WHERE has_schema_privilege('public', 'CREATE')
"""
_GIVEN_UP = """
SELECT string_agg(carrier || ' ' || recording.carrier_ref, ', ' ORDER BY received_at)
FROM line_recording recording JOIN line_call call ON call.id = call_id
WHERE address_sealed IS NOT NULL AND try_at IS NULL
"""


class Database:
    """The checks that share one connection, as the application's role. ``reach`` comes first."""

    def __init__(self, env: Environment) -> None:
        self.env = env
        self.url = env.database_url
        self.connection: psycopg.Connection | None = None

    def reach(self) -> Iterator[Finding]:
        if self.env.embedded:
            if not self.env.postgres_folder.is_dir():
                yield note("there is no database in this home yet", "`tocsin up` makes it")
                return
            try:
                self.url = postgres.ensure(self.env.postgres_folder).app
            except postgres.PostgresError as error:
                yield wrong(f"the embedded database does not run: {error}", "do what that message says")
                return
        started = time.monotonic()
        try:
            self.connection = psycopg.connect(self.url, autocommit=True, connect_timeout=5)
        except psycopg.OperationalError as error:
            yield wrong(
                f"the database cannot be reached: {str(error).strip()}",
                "start it, or correct TOCSIN_DATABASE_URL; nothing is lost while it is away",
            )
            return
        kind = "the embedded" if self.env.embedded else "your"
        took = (time.monotonic() - started) * 1000
        version = self.connection.info.parameter_status("server_version")
        yield ok(f"{kind} database answers after {took:.0f} ms (PostgreSQL {version})")

    def migrations(self) -> Iterator[Finding]:
        if self.connection is None:
            return
        from django.db import connection
        from django.db.migrations.executor import MigrationExecutor

        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if missing:
            yield wrong(
                f"{len(missing)} migrations are not applied",
                "run `tocsin migrate` (`tocsin up` does it itself)",
            )
        else:
            yield ok(f"all {len(executor.loader.applied_migrations)} migrations are applied")

    def rights(self) -> Iterator[Finding]:
        """The application can neither change the past nor the schema."""
        if self.connection is None:
            return
        forbidden = [row[0] for row in self.connection.execute(_FORBIDDEN)]
        for table, rights in _ONLY_GROW.items():
            if self._value("SELECT to_regclass(%s) IS NOT NULL", table):
                forbidden += [
                    f"has {right} on {table}"
                    for right in rights
                    if self._value("SELECT has_table_privilege(%s, %s)", table, right)
                ]
        role = self._value("SELECT current_user")
        for what in forbidden:
            yield wrong(
                f"the application's role {role} {what}",
                "let TOCSIN_DATABASE_URL name a role that owns nothing, and run `tocsin migrate` to grant "
                "what it needs",
            )
        if not forbidden:
            yield ok(f"the application's role {role} can change neither the audit chain nor the schema")

    def time(self) -> Iterator[Finding]:
        if self.connection is None:
            return
        before = datetime.now(UTC)
        theirs = self._value("SELECT clock_timestamp()")
        middle = before + (datetime.now(UTC) - before) / 2
        skew = abs(theirs - middle)
        if skew > _SKEW:
            yield wrong(
                f"this machine's clock and the database's differ by {skew.total_seconds():.1f} s",
                "keep both in time (chrony, systemd-timesyncd): deadlines are reckoned by the database's",
            )
        else:
            yield ok("this machine's clock and the database's agree")

    def waiting(self) -> Iterator[Finding]:
        """The oldest thing that is due and not done."""
        if self.connection is None or not self._value("SELECT to_regclass('core_clock') IS NOT NULL"):
            return
        running = RunFiles(self.env.home).is_running()
        for what, table, column in (
            ("deadline", "core_clock WHERE state = 'running'", "GREATEST(due_at, retry_at)"),
            ("delivery", "core_outbox_message WHERE state = 'pending'", "next_at"),
        ):
            oldest = self._value(f"SELECT now() - min({column}) FROM {table} AND {column} <= now()")  # noqa: S608
            if oldest is None or oldest <= _LATE:
                yield ok(f"no {what} waits longer than it should")
            elif running:
                yield wrong(
                    f"the oldest due {what} has waited for {oldest}",
                    f"see {self.env.home / 'logs'}/worker.log; more workers may run: `tocsin worker`",
                )
            else:
                yield note(
                    f"the oldest due {what} has waited for {oldest}", "it is done once Tocsin runs again"
                )
        dead = self._value("SELECT count(*) FROM core_outbox_message WHERE state = 'dead'")
        if dead:
            yield wrong(
                f"{dead} deliveries were given up",
                "see them in the console under Administration, and send them again",
            )

    def log(self) -> Iterator[Finding]:
        """The log of decisions reaches as far as what was shipped from it."""
        if self.connection is None or not self._value(
            "SELECT to_regclass('detection_ship_position') IS NOT NULL"
        ):
            return
        from tocsin.domains.detection.ship import PARTITION
        from tocsin.engine.log.marks import read_mark

        place = self._value("SELECT position FROM detection_ship_position WHERE partition = %s", PARTITION)
        folder, done = self.env.home / "decide", int(place or 0)
        end = read_mark(folder)
        if end < done:
            yield wrong(
                f"the log of decisions ends at record {end}, and {done} were shipped from it: "
                "`decide` does not start, and nothing is shipped",
                f"put {folder} back from a copy; if there is none, `tocsin log begin` starts a new one",
            )
        else:
            yield ok(f"{end - done} records of the log of decisions are not in the database yet")

    def recordings(self) -> Iterator[Finding]:
        """Recordings of calls that carriers may still have, and that they are no longer asked for."""
        if self.connection is None or not self._value("SELECT to_regclass('line_recording') IS NOT NULL"):
            return
        given_up = self._value(_GIVEN_UP)
        if given_up:
            yield note(
                f"recordings that could not be fetched from, or deleted at, their carrier: {given_up}",
                "look for them in the carrier's console; `worker.log` says what the carrier answered",
            )

    def keys(self) -> Iterator[Finding]:
        """Every master key that something is wrapped with can still open it."""
        if self.connection is None or not self._value("SELECT to_regclass('core_data_key') IS NOT NULL"):
            return
        from tocsin.core.crypto.data_keys import adapter
        from tocsin.core.crypto.errors import CannotOpen, KeyServiceUnavailable

        samples = self.connection.execute(
            "SELECT DISTINCT ON (master_key_id) master_key_id, wrapped, scope FROM core_data_key "
            "WHERE wrapped IS NOT NULL ORDER BY master_key_id, id"
        ).fetchall()
        for master_key_id, wrapped, scope in samples:
            try:
                adapter().unwrap(master_key_id, bytes(wrapped), scope)
            except (KeyServiceUnavailable, CannotOpen) as error:
                yield wrong(
                    f"what is sealed under the master key {master_key_id} cannot be opened: {error}",
                    f"put {self.env.home / 'keys'} back from your backup, or restore access to the key "
                    "service",
                )
            else:
                yield ok(f"the master key {master_key_id} opens what is sealed under it")

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()

    def _value(self, query: str, *values: object) -> Any:
        assert self.connection is not None  # noqa: S101  (every check asks first)
        row = self.connection.execute(query, values).fetchone()
        return row[0] if row else None
