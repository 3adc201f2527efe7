"""Entries name the columns they cover from now on; those of rows written before are given once, by this."""

from typing import Any

from django.db import migrations
from django.db.migrations.loader import MigrationLoader

from tocsin.core.audit.rewriting import name_columns


def name_all(_apps: Any, _schema_editor: Any) -> None:
    # the tables as they were when entries began to name columns, whatever later migrations ran before this
    then = MigrationLoader(None, ignore_no_migrations=True).project_state(Migration.dependencies)
    for model in then.apps.get_models():
        if model._meta.managed and not model._meta.proxy:
            name_columns(model)


class Migration(migrations.Migration):
    # the last of every domain, so that rows of all of them are seen as they are
    dependencies = [
        ("cases", "0003_heard_by"),
        ("core", "0005_seal_typed_text"),
        ("detection", "0004_alter_alert_state"),
        ("enforcement", "0008_seal_typed_text"),
        ("people", "0002_marketplace_state"),
        ("policies", "0001_initial"),
        ("reports", "0002_verified_and_withdrawn"),
        ("staff", "0001_initial"),
    ]
    operations = [migrations.RunPython(name_all, migrations.RunPython.noop)]
