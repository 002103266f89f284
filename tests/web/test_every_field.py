"""Each of STUDENT_FIELDS, all the way: source, plan, account, report, Excel, export, page, undo.

A field that is forgotten in one place fails here, by its name.
"""

import csv
import html
import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from typing import Any, Final, NamedTuple

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from rollbook.cli.documents import of_student
from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.schools.models import School, User
from rollbook.sources.registry import SOURCES
from rollbook.standins import powerschool, veracross
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Change, Integration, Run
from rollbook.sync.setup import integrations
from tests.sync.test_undo import sync, undone
from tests.sync.test_uploads import confirmed, previewed

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


class MadeUp(NamedTuple):
    """A value as it is written in a source, and as the account holds it."""

    written: str
    stored: Any

    @property
    def shown(self) -> str:
        return str(self.stored)


def made_up(field: str, number: int) -> MadeUp:
    """Return a value that no other field has; `number` distinguishes values of one field."""
    place = list(STUDENT_FIELDS).index(field) * 2 + number
    year = 2030 + number
    by_kind: dict[str, MadeUp] = {
        "identifier": MadeUp(f"ID-{place}-{field}", f"ID-{place}-{field}"),
        "name": MadeUp(f"Made up {place} {field}", f"Made up {place} {field}"),
        "text": MadeUp(f"Made up {place} {field}", f"Made up {place} {field}"),
        "email": MadeUp(f"{field}{place}@x.example", f"{field}{place}@x.example"),
        "graduation_year": MadeUp(str(year), year),
        "date": MadeUp(f"2011-05-{number + 3:02}", date(2011, 5, number + 3)),
        "gender": MadeUp(f"Gender {place}", f"Gender {place}"),
    }
    return by_kind[STUDENT_FIELDS[field].kind]


FIRST: Final = {field: made_up(field, 0) for field in STUDENT_FIELDS}
SECOND: Final = {field: made_up(field, 1) for field in STUDENT_FIELDS} | {"sis_id": FIRST["sis_id"]}


def file_with(values: dict[str, MadeUp]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([STUDENT_FIELDS[field].label for field in values])
    writer.writerow([value.written for value in values.values()])
    return text.getvalue().encode()


def stored(values: dict[str, MadeUp]) -> dict[str, Any]:
    return {field: value.stored for field, value in values.items()}


def held(account: StudentAccount) -> dict[str, Any]:
    account.refresh_from_db()
    return {field: getattr(account, field) for field in STUDENT_FIELDS}


def excel_cells(client: Client, run: Run) -> list[str]:
    answer = client.get(reverse("report", args=[run.school_id, run.pk]))
    book = load_workbook(io.BytesIO(b"".join(iter(answer))))
    return [
        cell.date().isoformat() if hasattr(cell, "date") else str(cell)
        for sheet in book
        for row in sheet.iter_rows(values_only=True)
        for cell in row
        if cell is not None
    ]


@pytest.mark.parametrize("same", [("birth_date",), ("first_name", "last_name")])
def test_a_file_s_value_of_every_field_arrives_everywhere(
    school: School, admin: Client, administrator: User, same: tuple[str, ...]
) -> None:
    """What stays the `same` shows that it is the same student; each field changes in one case."""
    second = SECOND | {field: FIRST[field] for field in same}
    upload, run = previewed(school, administrator, file_with(FIRST))
    assert stored(FIRST).keys() <= Change.objects.get(run=run).after.keys()
    confirmed(upload, administrator)
    account = StudentAccount.objects.get()
    assert held(account) == stored(FIRST)

    upload, run = previewed(school, administrator, file_with(second))
    changing = [field for field in STUDENT_FIELDS if field not in ("sis_id", *same)]
    preview = admin.get(reverse("run", args=[school.pk, run.pk]) + "?tab=updated")
    page = html.unescape(preview.content.decode())
    for field in changing:
        assert FIRST[field].shown in page and second[field].shown in page, field
    run = confirmed(upload, administrator)
    assert held(account) == stored(second)

    cells = excel_cells(admin, run)
    page = html.unescape(
        admin.get(reverse("student", args=[school.pk, account.pk])).content.decode()
    )
    listed = exported_csv(admin, school)
    document = of_student(account)
    for field in changing:
        label = STUDENT_FIELDS[field].label
        assert label in cells and FIRST[field].shown in cells and second[field].shown in cells, (
            field
        )
        assert label in page and second[field].shown in page, field
        assert listed[label] == second[field].shown, field
        assert str(document[field]) == second[field].shown, field

    undone(run, by=administrator)
    assert held(account) == stored(FIRST)


def exported_csv(client: Client, school: School) -> dict[str, str]:
    answer = client.get(reverse("students-csv", args=[school.pk]))
    text = b"".join(answer).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    return row


# What the stand-ins call the value behind a field of a SIS; of the others, the names are the same.
KNOWN_AS: Final = {
    "projected_graduation_year": "graduation_year",
    "email_1": "email",
    "preferred_name": "legal_first_name",
    "birthday": "birth_date",
    "current_grade": "grade_level",
}
# A stand-in gives these for every student; nobody can change them.
FIXED: Final = {"id", "person_pk", "email_2", "current_grade"}
Serve = Callable[[str, str], tuple[Integration, StandIn]]


@pytest.fixture
def serve(school: School, administrator: User) -> Iterator[Serve]:
    """Connect a SIS that has 80 students, with all rows of its mapping."""
    with ExitStack() as running:

        def connect(source: str, variant: str) -> tuple[Integration, StandIn]:
            server = powerschool if source == "powerschool" else veracross
            standin: Any = running.enter_context(server.serve(students=80, seed=7))
            if source == "powerschool":
                secrets = {
                    "client_id": standin.client_id,
                    "client_secret": standin.client_secret,
                    "client_url": standin.url,
                }
            else:
                by_token = variant == "v3"
                secrets = {
                    "user_name": standin.client_id if by_token else standin.user_name,
                    "password": standin.client_secret if by_token else standin.password,
                    "client": standin.address,
                }
            integration = integrations.save_connection(
                school,
                administrator,
                integrations.ConnectionSettings(
                    source=source,
                    variant=variant,
                    choices={},
                    credentials=secrets,
                    grades=[9, 10, 11, 12],
                    active=True,
                    test_run=False,
                    notify_on_errors=False,
                ),
            )
            return integration, standin

        yield connect


@pytest.mark.parametrize(
    ("source", "variant"),
    [(key, variant.key) for key, source in SOURCES.items() for variant in source.variants],
)
def test_a_sis_s_value_of_every_mapped_field_arrives_and_goes_back(
    serve: Serve, source: str, variant: str
) -> None:
    integration, standin = serve(source, variant)
    sync(integration)
    rows = integration.variant_type.mapping
    for row in rows:
        assert any(StudentAccount.objects.values_list(row.field, flat=True)), row.field

    edited = [row for row in rows if row.source_field not in FIXED]
    accounts = list(StudentAccount.objects.order_by("sis_id")[: len(edited)])
    before = [held(account) for account in accounts]
    for row, account in zip(edited, accounts, strict=True):
        value = made_up(row.field, 1)
        name = KNOWN_AS.get(row.source_field, row.source_field)
        new: Any = value.stored if row.field == "graduation_year" else value.written
        standin.edit(int(account.sis_id or 0), **{name: "F" if name == "gender" else new})
    run = sync(integration)
    assert run.counts["updated"] in (len(edited), len(edited) - 1)  # one may have been F already
    for row, account, was in zip(edited, accounts, before, strict=True):
        expected = was | {row.field: made_up(row.field, 1).stored}
        if row.field == "gender":
            expected = was | {"gender": held(account)["gender"]}
        assert held(account) == expected, row.field

    undone(run)
    assert [held(account) for account in accounts] == before


def test_every_column_of_an_account_is_a_field_or_known_to_be_none() -> None:
    own = {"id", "school_id", "source", "email_key", "status", "merged_into_id", "version"}
    own |= {"closed_at"}
    own |= {"source_fingerprint", "search_text", "created_at", "updated_at"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM students_studentaccount LIMIT 0")
        columns = {column.name for column in cursor.description}
    assert columns == own | STUDENT_FIELDS.keys()
