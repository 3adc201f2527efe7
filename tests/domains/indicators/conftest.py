from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.domains import matter
from tocsin.core.actor import Actor


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> None:
    settings.TOCSIN_HOME = str(tmp_path)


@pytest.fixture
def engineer(db: None) -> Actor:
    """Somebody who writes rules."""
    return matter.as_(matter.somebody("rules_engineer", "Anna"), "rule_work")


@pytest.fixture
def investigator(db: None) -> Actor:
    """Somebody who may look people up."""
    return matter.as_(matter.somebody("investigator", "Ines"))
