"""What the tests of cases, detection and enforcement share."""

from __future__ import annotations

import pytest

from tests.domains import matter
from tocsin.domains.staff.models import Staff


@pytest.fixture
def world(db: None) -> None:
    """The small marketplace of :mod:`tests.domains.matter`."""
    matter.marketplace()


@pytest.fixture
def supervisor(world: None) -> Staff:
    return matter.somebody("supervisor", "Sunita")


@pytest.fixture
def investigator(world: None) -> Staff:
    return matter.somebody("investigator", "Ines")
