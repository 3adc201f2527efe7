"""A store and keys of its own for each test, and a short way to take something in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.evidence import files
from tests.support.aws import aws  # noqa: F401  (a fixture)
from tocsin.core.act import act
from tocsin.core.actor import Actor, system
from tocsin.core.crypto import data_keys
from tocsin.core.evidence import store
from tocsin.core.evidence.models import Evidence
from tocsin.core.evidence.service import receive

Take = Callable[..., Evidence]
WEB = system("web")


@pytest.fixture
def shelf(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """The folder of this test's evidence store; it starts empty."""
    settings.TOCSIN_HOME = str(tmp_path)
    settings.TOCSIN_EVIDENCE_URL = f"file://{tmp_path / 'evidence'}"
    data_keys.forget_all()
    store.blobs.cache_clear()
    yield tmp_path / "evidence"
    data_keys.forget_all()
    store.blobs.cache_clear()


@pytest.fixture
def take(shelf: Path) -> Take:
    """Take something in with report 1: ``take(content, filename="…", …)``."""

    def taken(
        content: Any = None, filename: str = "photo.jpg", actor: Actor = WEB, **changed: Any
    ) -> Evidence:
        told = {
            "declared_type": "", "subject_type": "report", "subject_id": "rep_1", "key_scope": "report:rep_1",
            "source": "reporter", "channel": "web",
        } | changed  # fmt: skip
        with act(actor, "report.add_evidence") as work:
            return receive(
                work, content=files.photo() if content is None else content, filename=filename, **told
            )

    return taken
