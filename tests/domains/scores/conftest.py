from __future__ import annotations

from pathlib import Path

import pytest

from tests.domains.scores.marketplace import Marketplace


@pytest.fixture
def marketplace(db: None, tmp_path: Path) -> Marketplace:
    """Fifty days of payments, shipped, and their labels as they arrived."""
    made = Marketplace(tmp_path / "decide")
    made.ship()
    made.label()
    return made
