"""One running clock of a name for each subject; the outbox is claimed by kind."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("core", "0002_audit_chains")]
    operations = [
        migrations.RemoveIndex(model_name="outboxmessage", name="outbox_due"),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                fields=["kind", "next_at", "id"], condition=Q(state="pending"), name="outbox_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="clock",
            constraint=models.UniqueConstraint(
                fields=["subject_type", "subject_id", "name"],
                condition=Q(state__in=["running", "paused"]),
                name="clock_once",
            ),
        ),
    ]
