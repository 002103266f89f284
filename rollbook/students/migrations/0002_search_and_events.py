"""Searching by part of a word without regard to case and accents, the orders of the list, and what people did to accounts.

The extension comes with PostgreSQL and is trusted: the owner of the database may switch it on. The functions name what they call
when they are made (BEGIN ATOMIC), so a restore works whatever the search path. `unaccent` counts as stable only because its rules
are a file; the column has to be made anew should anyone edit that file.
"""

import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models

from rollbook.students.folding import SearchText

SEARCH = """
CREATE EXTENSION IF NOT EXISTS unaccent;

CREATE FUNCTION students_fold(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
BEGIN ATOMIC
    SELECT lower(unaccent('unaccent'::regdictionary, words));
END;

CREATE FUNCTION students_search_text(
    first_name text, last_name text, middle_name text, preferred_name text, email text, student_number text, sis_id text
) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT students_fold(
        ' ' || first_name || ' ' || last_name || ' ' || coalesce(middle_name, '') || ' ' || coalesce(preferred_name, '') || ' '
        || email || ' ' || coalesce(student_number, '') || ' ' || coalesce(sis_id, '')
    );
END;
"""
NO_SEARCH = """
DROP FUNCTION students_search_text(text, text, text, text, text, text, text);
DROP FUNCTION students_fold(text);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("schools", "0003_audit_is_append_only"),
        ("students", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(SEARCH, NO_SEARCH),
        migrations.AddField(
            model_name="studentaccount",
            name="search_text",
            field=models.GeneratedField(expression=SearchText(), output_field=models.TextField(), db_persist=True),
        ),
        migrations.AddIndex(
            model_name="studentaccount",
            index=models.Index(
                models.F("school"),
                django.db.models.functions.comparison.Coalesce("graduation_year", 0),
                models.F("last_name"),
                models.F("first_name"),
                models.F("id"),
                name="students_by_year",
            ),
        ),
        migrations.CreateModel(
            name="AccountEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("via", models.CharField(default="web", max_length=20)),
                ("action", models.CharField(choices=[("deactivated", "Deactivated"), ("reactivated", "Reactivated")], max_length=20)),
                ("before", models.JSONField(default=dict)),
                ("after", models.JSONField(default=dict)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="events", to="students.studentaccount", db_index=False
                    ),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "school",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="schools.school", db_index=False
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["school", "account", "-at"], name="events_by_account")]},
        ),
    ]
