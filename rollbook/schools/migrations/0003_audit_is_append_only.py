"""The app role may add to the audit log and read it, nothing else."""

from django.db import migrations

from rollbook.config import config


def close(apps, schema_editor):
    schema_editor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON schools_auditentry FROM {schema_editor.quote_name(config.database_app_role)}")


class Migration(migrations.Migration):
    dependencies = [("schools", "0002_initial")]
    operations = [migrations.RunPython(close, migrations.RunPython.noop)]
