from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.domains.detection.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An engine with the packaged rules and a log of its own."""
    return Desk(tmp_path / "decide")


@pytest.fixture(autouse=True)
def no_events_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Django empties the tables it manages after a test that commits; the event table is not one of them."""
    marker = request.node.get_closest_marker("django_db")
    commits = marker is not None and marker.kwargs.get("transaction")
    if commits:
        request.getfixturevalue("transactional_db")
    yield
    if commits:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM detection_event")
