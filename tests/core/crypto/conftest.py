"""Keys of its own for each test, so that rotating and losing keys hurts nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.aws import aws  # noqa: F401  (a fixture)
from tocsin.core.crypto import data_keys


@pytest.fixture
def key_home(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """A home folder of this test's own; its keys live in ``<home>/keys``."""
    settings.TOCSIN_HOME = str(tmp_path)
    data_keys.forget_all()
    yield tmp_path
    data_keys.forget_all()
