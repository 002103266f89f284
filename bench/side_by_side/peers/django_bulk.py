"""The script that a Django developer would write: requests, and `bulk_create` that updates.

django_bulk.py [--reset]        --reset makes its table
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import django
import requests
from django.conf import settings
from django.db import connection, models
from django.utils import timezone

BASE: Final = os.environ["SIS_BASE_URL"].rstrip("/")
EXPANSIONS: Final = "demographics,contact_info,school_enrollment,schedule_setup"
AT_A_TIME: Final = 1_000
ADDRESS = urlsplit(os.environ["DATABASE_URL"])

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": ADDRESS.path.lstrip("/"),
            "USER": unquote(ADDRESS.username or ""),
            "PASSWORD": unquote(ADDRESS.password or ""),
            "HOST": ADDRESS.hostname or "",
            "PORT": ADDRESS.port or "",
        }
    },
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()


class Student(models.Model):
    sis_id = models.BigIntegerField(unique=True)
    local_id = models.BigIntegerField(null=True)
    username = models.CharField(max_length=150, null=True)
    first_name = models.CharField(max_length=150, null=True)
    middle_name = models.CharField(max_length=150, null=True)
    last_name = models.CharField(max_length=150, null=True)
    gender = models.CharField(max_length=10, null=True)
    birth_date = models.DateField(null=True)
    grad_year = models.IntegerField(null=True)
    email = models.EmailField(null=True)
    enroll_status = models.CharField(max_length=10, null=True)
    grade_level = models.IntegerField(null=True)
    school_id = models.IntegerField(null=True)
    entry_date = models.DateField(null=True)
    exit_date = models.DateField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        app_label = "bench"
        db_table = "bulk_student"


def records() -> Iterator[dict[str, Any]]:
    """Yield every student: page after page, school after school."""
    session = requests.Session()
    answer = requests.post(
        f"{BASE}/oauth/access_token",
        data={"grant_type": "client_credentials"},
        auth=("id", "secret"),
        timeout=30,
    )
    answer.raise_for_status()
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    for school in pages(session, "/ws/v1/district/school", "schools", "school"):
        path = f"/ws/v1/school/{school['id']}/student"
        yield from pages(session, path, "students", "student")


def pages(session: requests.Session, path: str, outer: str, inner: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of all pages of a list."""
    page = 1
    while True:
        query: dict[str, Any] = {"page": page, "pagesize": 100, "expansions": EXPANSIONS}
        answer = session.get(BASE + path, params=query, timeout=30)
        answer.raise_for_status()
        rows = answer.json()[outer][inner]
        yield from rows
        if len(rows) < 100:
            return
        page += 1


def student_of(record: dict[str, Any]) -> Student:
    name = record["name"]
    person = record.get("demographics", {})
    enrolled = record.get("school_enrollment", {})
    return Student(
        sis_id=record["id"],
        local_id=record.get("local_id"),
        username=record.get("student_username"),
        first_name=name.get("first_name"),
        middle_name=name.get("middle_name"),
        last_name=name.get("last_name"),
        gender=person.get("gender"),
        birth_date=person.get("birth_date"),
        grad_year=person.get("projected_graduation_year"),
        email=record.get("contact_info", {}).get("email"),
        enroll_status=enrolled.get("enroll_status"),
        grade_level=enrolled.get("grade_level"),
        school_id=enrolled.get("school_id"),
        entry_date=enrolled.get("entry_date"),
        exit_date=enrolled.get("exit_date"),
        updated_at=timezone.now(),
    )


def main() -> None:
    if "--reset" in sys.argv:
        with connection.schema_editor() as editor:
            editor.create_model(Student)
        return
    columns = [field.name for field in Student._meta.fields if field.name not in ("id", "sis_id")]
    begun = time.perf_counter()
    students = map(student_of, records())
    while batch := list(islice(students, AT_A_TIME)):
        Student.objects.bulk_create(
            batch, update_conflicts=True, unique_fields=["sis_id"], update_fields=columns
        )
    print(json.dumps({"inside_s": round(time.perf_counter() - begun, 3)}))


main()
