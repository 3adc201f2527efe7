"""Tries are counted outside the test's transaction, so they are cleared away after each test."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    asked = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    used_database = asked or item.get_closest_marker("django_db")
    # after the fixtures are gone, and the test's own transaction with them: nobody holds a bucket any more
    yield
    if not used_database or nextitem is None:
        return
    from django.db import connection

    parameters = connection.get_connection_params()
    wanted = {
        key: parameters[key] for key in ("dbname", "host", "password", "port", "user") if key in parameters
    }
    with psycopg.connect(**wanted, autocommit=True) as own:
        own.execute("DELETE FROM core_rate_bucket")
