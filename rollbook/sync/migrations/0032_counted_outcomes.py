"""An index of the few rows that were not applied, so that a page counts these alone."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('schools', '0008_moments_by_the_database'),
        ('sync', '0031_where_the_email_is'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='change',
            index=models.Index(condition=models.Q(('outcome', ''), _negated=True), fields=['school', 'run', 'kind', 'outcome'], name='changes_with_outcome'),
        ),
    ]
