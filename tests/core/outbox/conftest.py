"""What the outbox's tests share: a receiver we may call, people, and no handlers but a test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.outbox.receiver import Receiver, serving
from tocsin.core.actor import Actor
from tocsin.core.outbox import registry


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.TOCSIN_OUTBOUND_ALLOW = ("127.0.0.1",)
    with serving() as one:
        yield one


@pytest.fixture
def no_handlers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """An empty registry, filled by the test."""
    handlers: dict[str, Any] = {}
    monkeypatch.setattr(registry, "_handlers", handlers)
    return handlers


@pytest.fixture
def mail(settings: Any, tmp_path: Path) -> Path:
    """Where messages are written that have no server to go to."""
    settings.TOCSIN_HOME = str(tmp_path)
    return tmp_path / "mail"


@pytest.fixture
def admin() -> Actor:
    return Actor("staff", "stf_admin", "Ada", frozenset({"administrator"}), frozenset({"*"}))


@pytest.fixture
def specialist() -> Actor:
    return Actor("staff", "stf_spec", "Pat", frozenset({"specialist"}), frozenset({"*"}))
