"""Which fields a school wants from one of its SISs, for students whom several have."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sync', '0019_cancelled_runs'),
    ]

    operations = [
        migrations.AddField(
            model_name='integration',
            name='owned_fields',
            field=models.JSONField(default=list),
        ),
    ]
