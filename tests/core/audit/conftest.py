"""An empty audit and a home of its own for every test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.core.audit.tampering import run


@pytest.fixture
def audit(db: None, settings: Any, tmp_path: Path) -> Path:
    """Empty chains for this test; returns the home where keys and the witness are."""
    run("TRUNCATE core_audit_entry, core_audit_anchor")
    settings.TOCSIN_HOME = str(tmp_path)
    return tmp_path
