"""A folder for one server of its own, gone when the test is."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.postgres.hands import is_gone, until
from tocsin.core.postgres import release


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path, private, as a home folder is."""
    home = Path(tempfile.mkdtemp(prefix="tocsin-pg-"))
    yield home / "postgres"
    release(home / "postgres")
    until(lambda: is_gone(home / "postgres"), "the server to end with its last process")
    shutil.rmtree(home)
