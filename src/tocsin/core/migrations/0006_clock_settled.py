"""A missed clock is late until it is settled. Whether those missed before now still are, nobody can tell any
more: they count as settled. No entry of theirs covers the new column yet, so none is needed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0005_seal_typed_text")]

    operations = [
        migrations.AddField("clock", "settled_at", models.DateTimeField(null=True)),
        migrations.RunSQL(
            "UPDATE core_clock SET settled_at = ended_at WHERE state = 'breached'", migrations.RunSQL.noop
        ),
    ]
