"""The audit chains, in SQL: what the web process may do with them is decided by the database."""

from django.db import migrations

from tocsin.core.audit.schema import CREATE, DROP


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
