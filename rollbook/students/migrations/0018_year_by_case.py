"""The index of years without COALESCE, which row-level security would keep from being used."""

from django.db import migrations, models
from django.db.models import Case, Value, When


class Migration(migrations.Migration):
    dependencies = [("students", "0017_student_sessions")]
    operations = [
        migrations.RemoveIndex("studentaccount", "students_by_year"),
        migrations.AddIndex(
            "studentaccount",
            models.Index(
                models.F("school"),
                Case(
                    When(graduation_year__isnull=True, then=Value(0)),
                    default="graduation_year",
                    output_field=models.IntegerField(),
                ),
                name="students_by_year",
            ),
        ),
    ]
