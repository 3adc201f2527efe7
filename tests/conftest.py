"""The ground every test stands on: a home of its own and a real, embedded PostgreSQL.

The environment is set here, while pytest loads this file, because Django reads its settings right after.
Nothing is started until a test asks for the database. The home and its server go away when the last process
of the session ends, however it ends. Tests of pure libraries run without Django too: ``pytest -p no:django``.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

import hypothesis
import pytest

from tocsin.core import postgres

#: Set by the process that owns the session, for the workers it starts.
_HOME = "TOCSIN_TEST_HOME"


def _prepare() -> tuple[Path, bool]:
    """The session's home, and whether it is ours to remove."""
    given = os.environ.get(_HOME)
    for name in [name for name in os.environ if name.startswith("TOCSIN_")]:
        del os.environ[name]
    home = Path(given) if given else Path(tempfile.mkdtemp(prefix="tocsin-test-"))
    if not given:
        postgres.throw_away(home)
        (home / "static").mkdir()  # nothing is collected for tests without a stack
    os.environ |= {
        _HOME: str(home),
        "TOCSIN_HOME": str(home),
        "TOCSIN_DB_ROLE": "owner",
        "DJANGO_SETTINGS_MODULE": "tocsin.config.settings",
    }
    return home, not given


HOME, OURS = _prepare()


@atexit.register
def _leave() -> None:
    stopped = postgres.release(HOME / "postgres")
    if OURS and stopped:
        shutil.rmtree(HOME, ignore_errors=True)


if "no:django" not in sys.argv:
    import django

    django.setup()

# how long an example takes is not tested: a busy machine is no defect
hypothesis.settings.register_profile(
    "tocsin", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("tocsin")

pytest_plugins = [
    "tests.support.browser",
    "tests.support.capabilities",
    "tests.support.database",
    "tests.support.ratelimit",
    "tests.support.stack",
    "tests.support.telephone",
]


@pytest.fixture(scope="session")
def postgres_urls() -> postgres.Urls:
    """The session's server, started when first asked for."""
    return postgres.ensure(HOME / "postgres")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, template_database: str
) -> None:
    """Django's test database is a copy too, so that migrations run once a session."""
    from django.db import connection

    connection.settings_dict["TEST"]["TEMPLATE"] = template_database
