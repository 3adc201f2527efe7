"""The outbox tells the decide host events as well."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0006_clock_settled")]

    operations = [
        migrations.AlterField(
            "outboxmessage",
            "kind",
            models.CharField(
                max_length=10,
                choices=[
                    ("handler", "Handler"),
                    ("webhook", "Webhook"),
                    ("email", "Email"),
                    ("sms", "Sms"),
                    ("event", "Event"),
                ],
            ),
        ),
    ]
