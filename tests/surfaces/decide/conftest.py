from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.surfaces.decide.server import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One process for a module whose tests do not stop it."""
    running = Server(tmp_path_factory.mktemp("decide")).start()
    yield running
    assert running.stop() == 0, running.output()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A process of the test's own, which it may stop, kill and start again."""
    running = Server(tmp_path).start()
    yield running
    running.kill()
