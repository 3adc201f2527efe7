"""Seal what people typed into the access log, custody and extensions; it lay in clear until now."""

from typing import Any

from django.db import migrations, models

from tocsin.core.audit.rewriting import rewriting
from tocsin.core.crypto.seal import seal
from tocsin.core.crypto.typed_text import access_scope, sealed_as


VERB = "migrate.seal_typed_text"


def seal_rows(model: Any, kind: str, names: tuple[str, ...], scope: Any) -> None:
    """Move these texts of every row from their columns into the sealed ones beside them."""
    with rewriting(model, VERB, added=[f"{name}_sealed" for name in names], removed=names):
        for name in names:
            for row in model.objects.exclude(**{name: ""}).iterator():
                sealed = seal(scope(row), sealed_as(kind, row.pk, name), getattr(row, name))
                model.objects.filter(pk=row.pk).update(**{f"{name}_sealed": sealed})


def seal_all(apps: Any, schema_editor: Any) -> None:
    get = apps.get_model
    seal_rows(get("core", "Reveal"), "reveal", ("reason",), lambda row: access_scope(row.at))
    seal_rows(get("core", "Refusal"), "refusal", ("path",), lambda row: access_scope(row.at))
    glass = ("reason", "review_note")
    seal_rows(get("core", "BreakGlass"), "glass", glass, lambda row: access_scope(row.started_at))
    # custody only grows, for everybody but this one change
    schema_editor.execute("ALTER TABLE core_custody DISABLE TRIGGER core_custody_only_grows")
    seal_rows(get("core", "Custody"), "custody", ("reason",), lambda row: row.evidence.key_scope)
    schema_editor.execute("ALTER TABLE core_custody ENABLE TRIGGER core_custody_only_grows")
    clocks = get("core", "Clock")
    with rewriting(clocks, VERB):
        for clock in clocks.objects.exclude(extensions=[]).iterator():
            clocks.objects.filter(pk=clock.pk).update(extensions=_sealed_extensions(clock))


def _sealed_extensions(clock: Any) -> list[dict[str, Any]]:
    import datetime as dt

    own = clock.subject_type in ("case", "report")
    made = []
    for number, one in enumerate(clock.extensions):
        rest = {key: value for key, value in one.items() if key != "reason"}
        at = dt.datetime.fromisoformat(one["at"])
        scope = f"{clock.subject_type}:{clock.subject_id}" if own else access_scope(at)
        name = sealed_as("clock", clock.pk, f"extension:{number}")
        made.append(rest | {"reason_sealed": seal(scope, name, one["reason"]).hex()})
    return made


class Migration(migrations.Migration):
    dependencies = [("core", "0004_evidence_fixed")]

    operations = [
        migrations.AddField("breakglass", "reason_sealed", models.BinaryField(null=True)),
        migrations.AddField("breakglass", "review_note_sealed", models.BinaryField(null=True)),
        migrations.AddField("custody", "reason_sealed", models.BinaryField(null=True)),
        migrations.AddField("refusal", "path_sealed", models.BinaryField(null=True)),
        migrations.AddField("reveal", "reason_sealed", models.BinaryField(null=True)),
        migrations.RunPython(seal_all),
        migrations.RemoveField("breakglass", "reason"),
        migrations.RemoveField("breakglass", "review_note"),
        migrations.RemoveField("custody", "reason"),
        migrations.RemoveField("refusal", "path"),
        migrations.RemoveField("reveal", "reason"),
    ]
