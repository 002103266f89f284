"""The mapping says where PowerSchool keeps the e-mail, instead of a setting beside it."""

from django.db import migrations

USER_NAME = 'student_username'


def into_the_mapping(apps, schema_editor):
    Integration = apps.get_model('sync', 'Integration').objects.using(
        schema_editor.connection.alias
    )
    for integration in Integration.filter(source='powerschool').iterator():
        if integration.choices.pop('email_source', None) == USER_NAME:
            integration.mapping = [
                [USER_NAME if source_field == 'email' else source_field, field]
                for source_field, field in integration.mapping
            ]
            integration.mapping_version += 1
        integration.save(update_fields=['choices', 'mapping', 'mapping_version'])


def put_back(apps, schema_editor):
    Integration = apps.get_model('sync', 'Integration').objects.using(
        schema_editor.connection.alias
    )
    for integration in Integration.filter(source='powerschool').iterator():
        pairs = [tuple(pair) for pair in integration.mapping]
        if (USER_NAME, 'email') in pairs:
            integration.choices['email_source'] = USER_NAME
            integration.mapping = [
                ['email' if field == 'email' else source_field, field]
                for source_field, field in pairs
            ]
            integration.mapping_version += 1
            integration.save(update_fields=['choices', 'mapping', 'mapping_version'])


class Migration(migrations.Migration):

    dependencies = [
        ('sync', '0030_updates_of_a_plan'),
    ]

    operations = [migrations.RunPython(into_the_mapping, put_back)]
