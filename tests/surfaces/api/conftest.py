from __future__ import annotations

import pytest

from tests.domains import matter
from tests.surfaces.api.client import Caller, integration


@pytest.fixture
def world(db: None) -> None:
    """The small marketplace of :mod:`tests.domains.matter`."""
    matter.marketplace()


@pytest.fixture
def shop(db: None) -> Caller:
    """The marketplace's system, with every scope."""
    return integration()
