from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('line', '0001_initial'),
    ]

    operations = [
        migrations.AddField('recording', 'account', models.CharField(blank=True, default='', max_length=64), preserve_default=False),
        migrations.AddField('recording', 'address_sealed', models.BinaryField(null=True)),
        migrations.AddField('recording', 'tries', models.IntegerField(default=0)),
        migrations.AddField('recording', 'try_at', models.DateTimeField(null=True)),
        migrations.AddField('recording', 'deleted_at', models.DateTimeField(null=True)),
        migrations.AddIndex(
            model_name='recording',
            index=models.Index(condition=models.Q(('try_at__isnull', False)), fields=['try_at'], name='recording_due'),
        ),
    ]
