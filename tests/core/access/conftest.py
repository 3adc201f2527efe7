"""What the outbox was given, without anybody having to listen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tocsin.core.outbox import registry
from tocsin.core.outbox.models import OutboxMessage

Emitted = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def emitted() -> Iterator[Emitted]:
    """What was emitted on a topic since the test began, oldest first."""

    def listen(data: Mapping[str, Any]) -> None:
        return None

    registry.on("*", "test.listener")(listen)

    def found(topic: str) -> list[dict[str, Any]]:
        rows = OutboxMessage.objects.filter(topic=topic, destination="test.listener").order_by(
            "created_at", "id"
        )
        return [row.data for row in rows]

    yield found
    del registry._handlers["*"]["test.listener"]
