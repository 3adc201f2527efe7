"""Rows that were changed past our actions are named, though every chain is intact."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.utils import timezone

from tests.core.audit.tampering import run
from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.audit.objects import audited_models
from tocsin.core.audit.verify import Report, run_verify
from tocsin.core.clocks.models import Clock
from tocsin.core.outbox.models import OutboxMessage, WebhookEndpoint

NAME = "core.webhookendpoint"


def make(name: str) -> WebhookEndpoint:
    row = WebhookEndpoint(
        id=name, url="https://hooks.example/", topics=["*"], secret_sealed=b"\x01sealed",
        created_at=timezone.now(), created_by="test",
    )  # fmt: skip
    with act(system("tests"), "webhook.create") as work:
        work.save(row)
    return row


def slip_in(name: str) -> None:
    """A row by SQL, like ``whk_0``."""
    run(
        "INSERT INTO core_webhook_endpoint SELECT %s, url, topics, secret_sealed, description, created_at,"
        " created_by, NULL FROM core_webhook_endpoint WHERE id = 'whk_0'",
        name,
    )


@pytest.fixture
def rows(audit: Path) -> list[WebhookEndpoint]:
    return [make(f"whk_{number}") for number in range(3)]


def found() -> list[tuple[str, str]]:
    report: Report = run_verify(objects=True)
    return [(one.code, one.where) for one in report.findings]


def test_rows_changed_by_our_actions_are_fine(rows: list[WebhookEndpoint]) -> None:
    with act(system("tests"), "webhook.disable") as work:
        row = work.lock(WebhookEndpoint, "whk_1")
        row.disabled_at = timezone.now()
        work.save(row)
        row.description = "twice in one act"
        work.save(row)
    with act(system("tests"), "webhook.remove") as work:
        work.delete(work.lock(WebhookEndpoint, "whk_2"))
    report = run_verify(objects=True)
    assert report.findings == []
    assert (report.objects, report.objects_checked) == (3, True)
    assert list(audited_models()) == [WebhookEndpoint]


def test_a_row_changed_with_sql_is_named(rows: list[WebhookEndpoint]) -> None:
    run("UPDATE core_webhook_endpoint SET url = 'https://evil.example/' WHERE id = 'whk_1'")
    assert found() == [("object_changed", f"{NAME} whk_1")]
    assert run_verify().ok, "without being asked, rows are not compared"


def test_a_changed_row_is_named_until_an_action_answers_for_it(rows: list[WebhookEndpoint]) -> None:
    run("UPDATE core_webhook_endpoint SET description = 'x' WHERE id = 'whk_1'")
    with act(system("tests"), "look") as work:
        work.fact(NAME, "whk_1", "webhook.looked_at")
    assert found() == [("object_changed", f"{NAME} whk_1")], "a fact about a row does not vouch for it"
    with act(system("tests"), "repair") as work:
        work.save(work.lock(WebhookEndpoint, "whk_1"))
    assert found() == []


def test_a_row_changed_back_is_not_named(rows: list[WebhookEndpoint]) -> None:
    run("UPDATE core_webhook_endpoint SET description = 'x' WHERE id = 'whk_1'")
    run("UPDATE core_webhook_endpoint SET description = '' WHERE id = 'whk_1'")
    assert found() == []


def test_a_row_removed_with_sql_is_named(rows: list[WebhookEndpoint]) -> None:
    run("DELETE FROM core_webhook_endpoint WHERE id = 'whk_0'")
    assert found() == [("object_gone", f"{NAME} whk_0")]


def test_a_row_slipped_in_is_named(rows: list[WebhookEndpoint]) -> None:
    slip_in("whk_evil")
    assert found() == [("object_unrecorded", f"{NAME} whk_evil")]


def test_a_removed_row_that_comes_back_is_named(rows: list[WebhookEndpoint]) -> None:
    with act(system("tests"), "webhook.remove") as work:
        work.delete(work.lock(WebhookEndpoint, "whk_2"))
    assert found() == []
    slip_in("whk_2")
    assert found() == [("object_back", f"{NAME} whk_2")]


def test_book_keeping_is_left_out(audit: Path) -> None:
    clock = Clock(
        id="clk_1", name="x", kind="internal", subject_type="case", subject_id="1", basis="hours",
        amount=1, authority="test", started_at=timezone.now(), due_at=timezone.now(),
    )  # fmt: skip
    with act(system("tests"), "clock.start") as work:
        work.save(clock)
    Clock.objects.update(attempts=3, last_error="no")
    assert found() == []
    Clock.objects.update(due_at=timezone.now() + dt.timedelta(days=9))
    assert found() == [("object_changed", "core.clock clk_1")]


def test_models_without_entries_are_left_alone(rows: list[WebhookEndpoint]) -> None:
    OutboxMessage.objects.create(
        id="msg_1", kind="handler", topic="t", destination="d", idempotency_key="k",
        next_at=timezone.now(), created_at=timezone.now(),
    )  # fmt: skip
    assert found() == []


def test_a_model_may_say_that_not_every_row_has_an_entry(
    rows: list[WebhookEndpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    slip_in("whk_seed")
    monkeypatch.setattr(WebhookEndpoint, "audit_partial", "seeded", raising=False)
    assert found() == []
    run("UPDATE core_webhook_endpoint SET description = 'x' WHERE id = 'whk_0'")
    assert found() == [("object_changed", f"{NAME} whk_0")]


def test_many_findings_are_counted_not_listed(audit: Path) -> None:
    for number in range(105):
        make(f"whk_{number:03}")
    run("UPDATE core_webhook_endpoint SET description = 'x'")
    report = run_verify(objects=True)
    assert (len(report.findings), report.left_out["object_changed"]) == (100, 5)
    assert report.lines()[-2:-1] == ["BROKEN 5 more of the kind object_changed"]
    assert "105 findings" in report.lines()[-1]
