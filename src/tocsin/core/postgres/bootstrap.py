"""The roles and the database inside a new cluster."""

from __future__ import annotations

import os

import psycopg
from psycopg import sql

from tocsin.core.postgres.layout import Layout
from tocsin.core.postgres.secrets import APP, DATABASE, OWNER, SUPERUSER, conninfo, passwords


def bootstrap(layout: Layout) -> None:
    """Make the roles and the database, once. Safe to run again after a killed first start.

    ``tocsin_owner`` owns the database and changes its schema. ``tocsin_app`` may connect; what it may do to
    each table is granted by the migrations.
    """
    if layout.bootstrapped.exists():
        return
    known = passwords(layout)
    with psycopg.connect(conninfo(layout, SUPERUSER, "postgres"), autocommit=True) as connection:
        # CREATEDB, because copies for tests and restores are made by the owner
        _role(connection, OWNER, known[OWNER], "CREATEDB")
        _role(connection, APP, known[APP], "NOCREATEDB")
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
            )
        for statement in (
            "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
            "GRANT CONNECT ON DATABASE {database} TO {app}",
            "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC",
            "GRANT CONNECT ON DATABASE postgres TO {owner}",
        ):
            connection.execute(
                sql.SQL(statement).format(
                    database=sql.Identifier(DATABASE), app=sql.Identifier(APP), owner=sql.Identifier(OWNER)
                )
            )
    layout.bootstrapped.touch(mode=0o600)
    owner = layout.data.stat()
    os.chown(layout.bootstrapped, owner.st_uid, owner.st_gid)


def _role(connection: psycopg.Connection, name: str, password: str, right: str) -> None:
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    verb = "ALTER" if exists else "CREATE"
    connection.execute(
        sql.SQL(
            "{verb} ROLE {name} LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS {right} "
            "PASSWORD {pw}"
        ).format(
            verb=sql.SQL(verb), name=sql.Identifier(name), right=sql.SQL(right), pw=sql.Literal(password)
        )
    )
