from __future__ import annotations

from pathlib import Path

import pytest

from tests.domains.detection.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An engine with the packaged rules and a log of its own."""
    return Desk(tmp_path / "decide")
