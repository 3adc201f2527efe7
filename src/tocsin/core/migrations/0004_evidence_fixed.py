"""Where sealed bytes lie, what is odd about an item, and that neither items nor custody ever change."""

import django.contrib.postgres.fields
from django.db import migrations, models

from tocsin.core.evidence.schema import CREATE, DROP


class Migration(migrations.Migration):
    dependencies = [("core", "0003_clock_once")]
    operations = [
        migrations.AddField("evidence", "blob", models.CharField(max_length=64, default=""), preserve_default=False),
        migrations.AddField(
            "evidence",
            "flags",
            django.contrib.postgres.fields.ArrayField(models.CharField(max_length=20), default=list),
        ),
        migrations.AddIndex("evidence", models.Index(fields=["blob"], name="evidence_blob")),
        migrations.AddConstraint(
            "evidence",
            models.UniqueConstraint(fields=["subject_type", "subject_id", "sha256"], name="evidence_once"),
        ),
        migrations.RunSQL(CREATE, DROP),
    ]
