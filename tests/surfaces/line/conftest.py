"""Carriers that are set up."""

from __future__ import annotations

import pytest

from tests.support.web import plain_files
from tests.surfaces.line.carrier import SECRETS

__all__ = ["plain_files"]


@pytest.fixture(autouse=True)
def _carriers(settings: pytest.FixtureRequest, db: None, plain_files: None) -> None:
    settings.TOCSIN_LINE_CARRIERS = SECRETS  # type: ignore[attr-defined]
