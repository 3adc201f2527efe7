"""Databases for tests: a copy of the migrated one in a fraction of a second."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from tocsin.core.postgres import Urls

FreshDatabase = Callable[[], Urls]


def on_database(url: str, name: str) -> str:
    """The same server and role, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def copy_database(urls: Urls, source: str, target: str) -> None:
    """Copy a database nobody is connected to, as the owner."""
    with psycopg.connect(on_database(urls.owner, "postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(target), sql.Identifier(source))
        )


def drop_database(urls: Urls, name: str) -> None:
    """Drop a database, whoever is still connected."""
    with psycopg.connect(on_database(urls.owner, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def template_database(postgres_urls: Urls, django_db_blocker: Any) -> str:
    """The name of a migrated database that nobody touches, to copy from."""
    from django.core.management import call_command
    from django.db import connection

    name = f"template_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with psycopg.connect(on_database(postgres_urls.owner, "postgres"), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    real = connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        connection.settings_dict["NAME"] = name
        try:
            call_command("migrate", interactive=False, verbosity=0)
        finally:
            connection.close()
            connection.settings_dict["NAME"] = real
    return name


@pytest.fixture(scope="session")
def fresh_database(template_database: str, postgres_urls: Urls) -> Iterator[FreshDatabase]:
    """Makes databases of their own, migrated and empty, for tests that start real processes."""
    made: list[str] = []

    def make() -> Urls:
        name = f"test_fresh_{secrets.token_hex(4)}"
        copy_database(postgres_urls, template_database, name)
        made.append(name)
        return Urls(app=on_database(postgres_urls.app, name), owner=on_database(postgres_urls.owner, name))

    yield make
    for name in made:
        drop_database(postgres_urls, name)
