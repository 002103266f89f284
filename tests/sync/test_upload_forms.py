"""The same table in every file format, hostile files, and a large file with a real worker."""

import csv
import io
import time
from datetime import date
from typing import Any

import psutil
import pytest

from rollbook.roster.sheets import upload_template
from rollbook.schools.models import School
from rollbook.sources.spreadsheet.errors import TooManyRows, UploadRefused
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.models import Issue, RunState, Upload
from rollbook.sync.runs import decisions
from rollbook.sync.uploads import drafts, previews
from tests.processes import Started
from tests.sources.spreadsheets import bomb, ods, xls, xlsx
from tests.sync.test_uploads import confirmed, planned

pytestmark = pytest.mark.slow
HEADINGS = [column.heading for column in upload_template.template_columns()]
# What two students have in the columns of the template; all other columns are empty.
STUDENTS: list[dict[str, Any]] = [
    {
        "sis_id": "000417",
        "student_number": 20418.0,
        "email": "zoe@x.example",
        "first_name": "Zoë",
        "last_name": "Müller",
        "graduation_year": 2030.0,
        "grade_level": 9.0,
        "birth_date": date(2012, 5, 3),
        "gender": "Female",
        "active": True,
    },
    {
        "sis_id": "000418",
        "student_number": "00077",
        "email": "jose@x.example",
        "first_name": "José",
        "last_name": "O’Neil",
        "middle_name": "“Pepe”, el\nJúnior",
        "preferred_name": "P",
        "graduation_year": 2031,
        "grade_level": "K",
        "home_room": "B12",
        "birth_date": date(2011, 12, 31),
        "gender": "Male",
        "active": False,
    },
]


def in_columns(student: dict[str, Any]) -> list[Any]:
    """Return the row of a student in the columns of the template."""
    return [student.get(column) for column in upload_template.EXAMPLE]


FILLED = [in_columns(student) for student in STUDENTS]
FIELDS = (
    "sis_id",
    "student_number",
    "email",
    "first_name",
    "last_name",
    "middle_name",
    "graduation_year",
    "grade_level",
    "birth_date",
)
TAKEN = {
    (
        "000417",
        "20418",
        "zoe@x.example",
        "Zoë",
        "Müller",
        None,
        2030,
        "9",
        date(2012, 5, 3),
        "Female",
        "active",
    ),
    (
        "000418",
        "00077",
        "jose@x.example",
        "José",
        "O’Neil",
        "“Pepe”, el Júnior",
        2031,
        "K",
        date(2011, 12, 31),
        "Male",
        "deactivated",
    ),
}


def as_csv(rows: list[list[Any]], encoding: str, delimiter: str) -> bytes:
    """As a spreadsheet program saves what it shows."""

    def shown(value: Any) -> str:
        if isinstance(value, bool):
            return str(value).upper()
        if isinstance(value, date):
            return f"{value:%d/%m/%Y}"
        return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)

    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([shown(value) for value in row] for row in rows)
    return text.getvalue().encode(encoding)


TABLE = [HEADINGS, *FILLED]
FORMS = {
    "students.xlsx": lambda: xlsx([["Students of Lincoln"], [], *TABLE, [None], ["  "]]),
    "students.xls": lambda: xls(TABLE),
    "students.ods": lambda: ods(TABLE),
    "utf-8.csv": lambda: as_csv(TABLE, "utf-8-sig", ","),
    "utf-16.csv": lambda: as_csv(TABLE, "utf-16", "\t"),
    "cp1252.csv": lambda: as_csv(TABLE, "cp1252", ";"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", FORMS)
def test_the_filled_template_comes_in_alike_in_every_form(school: School, name: str) -> None:
    upload = drafts.start(school, None, name, FORMS[name]())
    run = planned(upload, None)
    assert not Issue.objects.filter(run=run).exists()
    confirmed(upload, None)
    assert set(StudentAccount.objects.values_list(*FIELDS, "gender", "status")) == TAKEN


@pytest.mark.slow
@pytest.mark.django_db
def test_a_file_that_means_harm_is_refused_at_the_start_and_fails_the_run_of_a_worker(
    school: School,
) -> None:
    far = xlsx(
        [["E-mail", "First name"], ["a@x.example", "A"]],
        lambda _book, sheet: sheet.write("XFD1048576", "x"),
    )
    good = drafts.start(school, None, "good.xlsx", xlsx([HEADINGS, FILLED[0]]))
    for content in (bomb(1_000), bomb(1_000, claimed=1_000), far):
        before = psutil.Process().memory_info().rss
        with pytest.raises(UploadRefused) as refused:
            drafts.start(school, None, "students.xlsx", content)
        assert psutil.Process().memory_info().rss - before < 50_000_000
        run = previews.preview(good, None)
        Upload.objects.filter(pk=good.pk).update(
            content=content
        )  # as if a check had been passed by
        pipeline.run_sync(run.pk)
        run.refresh_from_db()
        assert (run.state, run.error_code) == (RunState.FAILED, refused.value.code)
        assert psutil.Process().memory_info().rss - before < 50_000_000
        Upload.objects.filter(pk=good.pk).update(content=xlsx([HEADINGS, FILLED[0]]))
        good.refresh_from_db()
    assert not StudentAccount.objects.exists()


def many(number: int) -> bytes:
    rows = []
    for n in range(number):
        student = {
            "sis_id": f"S{n:06}",
            "student_number": str(n),
            "email": f"s{n}@x.example",
            "first_name": f"First{n}",
            "last_name": f"Last{n}",
            "graduation_year": 2030,
            "grade_level": 9,
            "birth_date": "2012-05-03",
        }
        rows.append(in_columns(student))
    return as_csv([HEADINGS, *rows], "utf-8", ",")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_fifty_thousand_rows_are_planned_by_a_worker_and_confirmed_once(worker: Started) -> None:
    school = School.objects.create(name="Large")
    with pytest.raises(TooManyRows, match="50,000"):
        drafts.start(school, None, "larger.csv", many(50_001))
    upload = drafts.start(school, None, "large.csv", many(50_000))
    process = psutil.Process(worker.process.pid)
    before = process.memory_info().rss
    run = previews.preview(upload, None)
    seen, most = set(), 0
    while run.awaits_confirming and run.state != RunState.PREVIEW:
        time.sleep(0.1)
        run.refresh_from_db()
        seen.add((run.students_done, run.students_total))
        most = max(most, process.memory_info().rss)
    assert (run.state, run.counts["new"]) == (RunState.PREVIEW, 50_000), run.error_what
    assert len(seen) > 2 and (50_000, 50_000) in seen
    assert most - before < 150_000_000
    assert previews.confirm(upload, None)
    assert not previews.confirm(upload, None)
    assert not decisions.confirm(run, None)
    while run.state not in {RunState.DONE, RunState.FAILED}:
        time.sleep(0.1)
        run.refresh_from_db()
    assert run.state == RunState.DONE
    assert StudentAccount.objects.count() == 50_000
