"""A message finds its person's address when it leaves, and none once the address was given up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tests.domains.actors import integration
from tocsin.core.crypto.seal import seal
from tocsin.core.outbox.delivery import send_due
from tocsin.core.outbox.models import OutboxMessage
from tocsin.core.outbox.publish import send
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.people.models import ContactPoint

pytestmark = pytest.mark.django_db


def write_to(point: ContactPoint, key: str) -> None:
    scope = point.party.key_scope
    send(
        OutboxMessage.Kind.EMAIL, "notice", f"contact:{point.pk}", key=key, key_scope=scope,
        body_sealed=seal(scope, "outbox", json.dumps({"subject": "A decision", "text": "Please read it."})),
    )  # fmt: skip


def test_a_message_finds_its_address_when_it_leaves(settings: Any, tmp_path: Path) -> None:
    settings.TOCSIN_HOME = str(tmp_path)
    marketplace = integration("entities:write")
    upsert_entity(marketplace, "customer", "c-1", {"name": "Ana", "email": "ana@example.com"}, [])
    point = ContactPoint.objects.get(kind="email")
    write_to(point, "first")
    send_due()
    assert "To: ana@example.com\n" in (tmp_path / "mail" / "first.eml").read_text()
    ContactPoint.objects.update(retired_at=timezone.now())
    write_to(point, "second")
    send_due()
    assert OutboxMessage.objects.get(idempotency_key="second").state == "dead"
    assert [file.name for file in (tmp_path / "mail").iterdir()] == ["first.eml"]
