"""Verifying over upgrades: tables gain columns and migrations rewrite rows, and nothing is reported but what
somebody changed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import connection, migrations, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState
from django.utils import timezone
from psycopg import sql

from tests.core.audit.tampering import run
from tests.support.database import drop_database, on_database
from tocsin.core.access.models import BreakGlass, Refusal, Reveal
from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.audit.append import append, columns_of, digest, payload
from tocsin.core.audit.models import AuditEntry
from tocsin.core.audit.rewriting import name_columns, rewriting
from tocsin.core.audit.verify import run_verify
from tocsin.core.clocks.models import Clock
from tocsin.core.outbox.models import WebhookEndpoint
from tocsin.core.postgres import Urls
from tocsin.domains.enforcement.models import Decision

HOOK = "core.webhookendpoint"


def found() -> list[tuple[str, str]]:
    return [(one.code, one.where) for one in run_verify(objects=True).findings]


def endpoint(model: Any, pk: str) -> Any:
    return model(
        id=pk, url="https://hooks.example/", topics=["*"], secret_sealed=b"\x01sealed",
        created_at=timezone.now(), created_by="test",
    )  # fmt: skip


def write_earlier(row: models.Model) -> None:
    """As an earlier version wrote it, whose entries did not name their columns."""
    row.save(force_insert=True)
    name = row._meta.label_lower
    covered = [one for one in columns_of(type(row)) if one not in ("attempts", "retry_at", "last_error")]
    entry = payload(system("tests"), "x", name, str(row.pk), before=None, after=digest(row, covered))
    append([entry])


@pytest.fixture
def before_description(audit: object) -> tuple[ProjectState, ProjectState]:
    """The state of the models before and after a release that adds ``description`` to the endpoints; the
    table is as before."""
    after = ProjectState.from_apps(apps)
    before = after.clone()
    before.remove_field("core", "webhookendpoint", "description")
    run("ALTER TABLE core_webhook_endpoint DROP COLUMN description")
    return before, after


def upgrade(before: ProjectState, after: ProjectState) -> None:
    add = migrations.AddField(
        "webhookendpoint", "description", models.CharField(max_length=200, blank=True, default="")
    )
    with connection.schema_editor() as editor:
        add.database_forwards("core", editor, before, after)


def test_a_column_that_an_upgrade_adds_alters_no_row(before_description: Any) -> None:
    earlier = before_description[0].apps.get_model(HOOK)
    for number in range(2):
        with act(system("tests"), "webhook.create") as work:
            work.save(endpoint(earlier, f"whk_{number}"))
    upgrade(*before_description)
    assert found() == []

    run("UPDATE core_webhook_endpoint SET url = 'https://evil.example/' WHERE id = 'whk_0'")
    assert found() == [("object_changed", f"{HOOK} whk_0")], "what was covered is covered still"


def test_a_new_column_is_covered_from_the_next_act_on(before_description: Any) -> None:
    with act(system("tests"), "webhook.create") as work:
        work.save(endpoint(before_description[0].apps.get_model(HOOK), "whk_0"))
    upgrade(*before_description)
    with act(system("tests"), "webhook.update") as work:
        work.save(work.lock(WebhookEndpoint, "whk_0"))
    assert found() == []
    run("UPDATE core_webhook_endpoint SET description = 'x'")
    assert found() == [("object_changed", f"{HOOK} whk_0")]


def test_an_entry_names_the_columns_its_digest_covers(audit: object) -> None:
    clock = Clock(
        id="clk_1", name="x", kind="internal", subject_type="case", subject_id="1", basis="hours",
        amount=1, authority="test", started_at=timezone.now(), due_at=timezone.now(),
    )  # fmt: skip
    with act(system("tests"), "clock.start") as work:
        work.save(clock)
    columns = json.loads(AuditEntry.objects.get().payload)["columns"]
    assert {"id", "due_at", "state"} <= set(columns)
    assert not {"attempts", "retry_at", "last_error"} & set(columns)


def test_a_covered_column_that_is_gone_is_named(audit: object) -> None:
    row = endpoint(WebhookEndpoint, "whk_0")
    row.save(force_insert=True)
    entry = payload(
        system("tests"), "x", HOOK, "whk_0", before=None, after="0" * 64, columns=["id", "fax", "url"]
    )  # fmt: skip
    append([entry])
    (finding,) = run_verify(objects=True).findings
    assert (finding.code, finding.where) == ("column_gone", f"{HOOK} whk_0")
    assert "fax" in finding.what


def test_a_migration_vouches_for_what_it_rewrites_and_for_nothing_else(audit: object) -> None:
    for number in range(2):
        with act(system("tests"), "webhook.create") as work:
            work.save(endpoint(WebhookEndpoint, f"whk_{number}"))
    run("UPDATE core_webhook_endpoint SET url = 'https://evil.example/' WHERE id = 'whk_1'")
    with rewriting(WebhookEndpoint, "migrate.shorten"):
        run("UPDATE core_webhook_endpoint SET description = 'short'")
    assert found() == [("object_changed", f"{HOOK} whk_1")], "it was changed before the migration"
    told = [json.loads(one.payload) for one in AuditEntry.objects.filter(verb="migrate.shorten")]
    assert [(one["actor"], one["object_id"]) for one in told] == [("system:migrate", "whk_0")]


def test_entries_that_name_no_columns_get_followers_that_do(audit: object) -> None:
    for number in range(3):
        write_earlier(endpoint(WebhookEndpoint, f"whk_{number}"))
    with act(system("tests"), "webhook.update") as work:
        work.save(work.lock(WebhookEndpoint, "whk_2"))
    run("UPDATE core_webhook_endpoint SET url = 'https://evil.example/' WHERE id = 'whk_1'")
    name_columns(WebhookEndpoint)
    named = AuditEntry.objects.filter(verb="migrate.name_columns")
    assert list(named.values_list("object_id", flat=True)) == ["whk_0"]
    assert json.loads(named.get().payload)["columns"] == columns_of(WebhookEndpoint)
    assert found() == [("object_changed", f"{HOOK} whk_1")]


@pytest.fixture
def scratch(postgres_urls: Urls, django_db_blocker: Any) -> Iterator[None]:
    """An empty database of its own, as the default one of this process meanwhile."""
    name = "test_upgrades"
    with psycopg.connect(on_database(postgres_urls.owner, "postgres"), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    real = connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict["NAME"] = name
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = real
    drop_database(postgres_urls, name)


#: The last release that kept what people typed in clear.
IN_CLEAR = [
    ("cases", "0003_heard_by"), ("core", "0004_evidence_fixed"), ("detection", "0004_alter_alert_state"),
    ("enforcement", "0007_remove_action_insert_insert_and_more"), ("people", "0002_marketplace_state"),
    ("policies", "0001_initial"), ("reports", "0002_verified_and_withdrawn"), ("staff", "0001_initial"),
]  # fmt: skip


def migrate(targets: list[tuple[str, str]] | None = None) -> Any:
    """Bring the database there, or to the present; returns the models of that time."""
    executor = MigrationExecutor(connection)
    executor.migrate(targets or executor.loader.graph.leaf_nodes())
    return executor.loader.project_state(targets).apps if targets else None


def fill(get: Any) -> None:
    """A row of each table whose text is sealed by the upgrade, and a decision that has none."""
    now = timezone.now()
    for number in range(2):
        write_earlier(
            get("core.Reveal")(
                id=f"rev_{number}", at=now, actor="staff:1", purpose="case_handling", object_type="party",
                object_id="p", field="phone", reason="I had to call her back",
            )
        )  # fmt: skip
    write_earlier(get("core.Refusal")(id="ref_1", at=now, actor="staff:1", path="/cases/her-name"))
    write_earlier(
        get("core.BreakGlass")(
            id="glass_1", staff_id="1", object_type="case", object_id="c", reason="life in danger",
            started_at=now, ends_at=now,
        )
    )  # fmt: skip
    evidence = get("core.Evidence")(
        id="evi_1", sha256="0" * 64, blob="b", size=1, media_type="image/png", filename_sealed=b"\x01",
        key_scope="case:c", source="s", channel="web", received_at=now, subject_type="case", subject_id="c",
    )  # fmt: skip
    write_earlier(evidence)
    write_earlier(
        get("core.Custody")(
            id="cus_1", evidence=evidence, at=now, actor="staff:1", act="viewed", sha256="0" * 64, tool="t",
            reason="to compare",
        )
    )  # fmt: skip
    write_earlier(
        get("core.Clock")(
            id="clk_1", name="x", kind="internal", subject_type="case", subject_id="c", basis="hours",
            amount=1, authority="test", started_at=now, due_at=now, attempts=1, last_error="not covered",
            extensions=[{"at": now.isoformat(), "by": "staff:1", "reason": "she asked for time"}],
        )
    )  # fmt: skip
    case = get("cases.Case")(**_required(get("cases.Case"), now) | {"id": "case_1"})
    write_earlier(case)
    for pk, reason in (("dec_1", "the ladder is too hard here"), ("dec_2", "")):
        known = {"id": pk, "case": case, "deviation_reason": reason, "decided_at": now}
        write_earlier(get("enforcement.Decision")(**_required(get("enforcement.Decision"), now) | known))


def _required(model: Any, now: dt.datetime) -> dict[str, Any]:
    """Something for every column that wants a value."""
    values: dict[str, Any] = {}
    for field in model._meta.concrete_fields:
        if field.has_default() or field.null or field.is_relation:
            continue
        if isinstance(field, models.DateTimeField):
            values[field.name] = now
        elif isinstance(field, models.BinaryField):
            values[field.name] = b"\x01"
    return values


REWRITTEN = {
    ("core.breakglass", "glass_1"), ("core.clock", "clk_1"), ("core.custody", "cus_1"),
    ("core.refusal", "ref_1"), ("core.reveal", "rev_0"), ("enforcement.decision", "dec_1"),
    ("enforcement.decision", "dec_2"),
}  # fmt: skip


def test_sealing_what_lay_in_clear_leaves_every_row_with_an_entry(scratch: None) -> None:
    earlier = migrate(IN_CLEAR)
    with transaction.atomic():
        fill(earlier.get_model)
    run("UPDATE core_reveal SET reason = 'nothing to see here' WHERE id = 'rev_1'")
    migrate()

    forged = ("object_changed", "core.reveal rev_1")
    assert found() == [forged], "it was changed before the upgrade"
    entries = AuditEntry.objects.filter(verb="migrate.seal_typed_text")
    assert set(entries.values_list("object_type", "object_id")) == REWRITTEN
    assert set(entries.values_list("actor", flat=True)) == {"system:migrate"}
    texts = (
        Reveal.objects.get(pk="rev_0").reason, Refusal.objects.get().path, BreakGlass.objects.get().reason,
        Decision.objects.get(pk="dec_1").deviation_reason, Decision.objects.get(pk="dec_2").deviation_reason,
    )  # fmt: skip
    assert texts == (
        "I had to call her back", "/cases/her-name", "life in danger", "the ladder is too hard here", "",
    )  # fmt: skip

    run("UPDATE core_refusal SET path_sealed = set_byte(path_sealed, 3, get_byte(path_sealed, 3) # 1)")
    assert found() == [forged, ("object_changed", "core.refusal ref_1")]
