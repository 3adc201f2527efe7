from __future__ import annotations

from pathlib import Path

import pytest

from tests.domains import matter
from tests.domains.detection.desk import Desk
from tocsin.domains.staff.models import Staff


@pytest.fixture
def author(db: None) -> Staff:
    return matter.somebody("rules_engineer", "Anna")


@pytest.fixture
def second(db: None) -> Staff:
    return matter.somebody("rules_engineer", "Ben")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An engine with the packaged rules and a log of its own."""
    return Desk(tmp_path / "decide")
