"""Databases for tests: a copy of the migrated one in a fraction of a second."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
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
def template_database(django_db_setup: None, postgres_urls: Urls) -> Iterator[str]:
    """The name of a migrated database that no test touches."""
    from django.db import connection

    name = f"{connection.settings_dict['NAME']}_template"
    yield name
    drop_database(postgres_urls, name)


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
