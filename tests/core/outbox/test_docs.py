"""The receiver's code in the documentation accepts what we send, and nothing else."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from tocsin.core.outbox import signing
from tocsin.core.outbox.webhooks import PUBLIC_TOPICS

PAGE = (Path(__file__).parents[3] / "docs" / "integrate" / "webhooks.md").read_text()


@pytest.fixture(scope="module")
def is_ours() -> Any:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    return names["is_ours"]


def test_the_documented_check_accepts_a_delivery_and_refuses_everything_else(is_ours: Any) -> None:
    now, body = int(time.time()), b'{"id":"evt_1"}'
    headers = signing.headers("whsec_x", "msg_1", now, body)
    assert is_ours("whsec_x", headers, body)
    assert not is_ours("whsec_y", headers, body)
    assert not is_ours("whsec_x", headers, body + b" ")
    old = signing.headers("whsec_x", "msg_1", now - 301, body)
    assert not is_ours("whsec_x", old, body)
    assert not is_ours("whsec_x", {**old, "Tocsin-Timestamp": str(now)}, body)


def test_every_public_topic_is_documented() -> None:
    assert {topic for topic in PUBLIC_TOPICS if f"`{topic}`" in PAGE} == set(PUBLIC_TOPICS)
