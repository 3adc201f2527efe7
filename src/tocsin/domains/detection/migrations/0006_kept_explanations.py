from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('detection', '0005_rule_hits'),
    ]

    operations = [
        migrations.CreateModel(
            name='KeptExplanation',
            fields=[
                ('seq', models.BigIntegerField(primary_key=True, serialize=False)),
                ('rules_version', models.CharField(max_length=80)),
                ('engine_version', models.CharField(max_length=20)),
                ('explanation', models.JSONField()),
            ],
            options={
                'db_table': 'detection_explanation',
            },
        ),
        migrations.CreateModel(
            name='KeptRules',
            fields=[
                ('version', models.CharField(max_length=80, primary_key=True, serialize=False)),
                ('sources', models.JSONField()),
                ('first_seq', models.BigIntegerField()),
                ('since', models.DateTimeField()),
            ],
            options={
                'db_table': 'detection_rules',
            },
        ),
    ]
