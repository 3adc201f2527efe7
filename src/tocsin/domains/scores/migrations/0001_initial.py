import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ModelComparison",
            fields=[
                ("id", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("champion", models.CharField(max_length=64)),
                ("challenger", models.CharField(max_length=64)),
                ("capacity", models.IntegerField()),
                ("state", models.CharField(choices=[("asked", "Asked"), ("done", "Done")], default="asked", max_length=10)),
                ("champion_version", models.CharField(blank=True, max_length=40)),
                ("challenger_version", models.CharField(blank=True, max_length=40)),
                ("figures", models.JSONField(default=dict)),
                ("refusal", models.TextField(blank=True)),
                ("asked_by", models.CharField(max_length=80)),
                ("asked_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "scores_comparison",
                "indexes": [models.Index(fields=["champion", "challenger", "-asked_at"], name="comparison_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "asked")),
                        fields=("champion", "challenger"),
                        name="comparison_asked_once",
                    ),
                    models.CheckConstraint(condition=models.Q(("capacity__gte", 1)), name="comparison_capacity"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ScoreModel",
            fields=[
                ("id", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=64)),
                ("version", models.CharField(max_length=40)),
                ("text", models.TextField()),
                ("state", models.CharField(choices=[("offered", "Offered"), ("in_force", "In Force"), ("retired", "Retired")], default="offered", max_length=10)),
                ("since", models.DateTimeField()),
                ("offered_at", models.DateTimeField()),
                ("author", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="models_offered", to=settings.AUTH_USER_MODEL)),
                ("promoter", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="models_promoted", to=settings.AUTH_USER_MODEL)),
                ("replaced", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="replaced_by", to="scores.scoremodel")),
            ],
            options={
                "verbose_name": "model",
                "db_table": "scores_model",
                "constraints": [
                    models.UniqueConstraint(fields=("name", "version"), name="score_model_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "in_force")), fields=("name",), name="score_model_in_force_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("promoter__isnull", True), models.Q(("promoter", models.F("author")), _negated=True), _connector="OR"
                        ),
                        name="score_model_promoter_is_not_the_author",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "in_force"), _negated=True), ("promoter__isnull", False), _connector="OR"
                        ),
                        name="score_model_acts_by_a_second_person",
                    ),
                ],
            },
        ),
    ]
