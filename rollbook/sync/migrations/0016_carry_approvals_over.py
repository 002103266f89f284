"""Approvals were noted in a run's settings, and emptied its alarms; now they have columns of their own."""

from django.db import migrations


def carry_over(apps, schema_editor):
    database = schema_editor.connection.alias
    Run = apps.get_model('sync', 'Run').objects.using(database)
    AuditEntry = apps.get_model('schools', 'AuditEntry').objects.using(database)
    for run in Run.filter(settings__has_key='approved').iterator():
        approved = AuditEntry.filter(
            school_id=run.school_id, action='run.approved', subject=str(run.pk)
        )
        entry = approved.order_by('-at').first()
        run.approved_at = entry.at if entry else run.finished_at or run.started_at or run.requested_at
        run.approved_by_id = entry.actor_id if entry else None
        run.approved_additions_only = run.settings.pop('approved') == 'additions'
        run.alarms = run.settings.pop('held_for', run.alarms)
        run.save(
            update_fields=['approved_at', 'approved_by', 'approved_additions_only', 'alarms', 'settings']
        )


def put_back(apps, schema_editor):
    Run = apps.get_model('sync', 'Run').objects.using(schema_editor.connection.alias)
    for run in Run.filter(approved_at__isnull=False).iterator():
        run.settings['approved'] = 'additions' if run.approved_additions_only else 'all'
        run.settings['held_for'] = run.alarms
        run.alarms = []
        run.save(update_fields=['alarms', 'settings'])


class Migration(migrations.Migration):

    dependencies = [
        ('schools', '0005_student_columns'),
        ('sync', '0015_approval_of_runs'),
    ]

    operations = [migrations.RunPython(carry_over, put_back)]
