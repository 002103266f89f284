"""One file with every kind of fault: each is named with row and column; good rows go in."""

from typing import Any

import pytest

from rollbook.roster.sheets.columns import column_letter
from rollbook.roster.sheets.upload_template import EXAMPLE
from rollbook.schools.models import School
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Issue
from rollbook.sync.report import problem_rows
from rollbook.sync.uploads import drafts
from tests.sources.spreadsheets import xlsx
from tests.sync.test_uploads import confirmed, planned

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

COLUMNS = {
    "sis_id": "SIS ID",
    "student_number": "Student number",
    "email": "E-mail *",
    "first_name": "First name *",
    "last_name": "Last name *",
    "middle_name": "Middle name",
    "personal_email": "Personal e-mail",
    "graduation_year": "Graduation year *",
    "grade_level": "Current grade",
    "birth_date": "Date of birth",
    "gender": "Gender",
    "active": "Active",
    "": "Remarks",
}
LETTER = {field: column_letter(index) for index, field in enumerate(COLUMNS)}

# What is wrong in a row → the code and the field of its issue. Rows of one pair follow each other.
FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"email": None}, "required_empty", "email"),
    ({"first_name": "  "}, "required_empty", "first_name"),
    ({"last_name": None}, "required_empty", "last_name"),
    ({"graduation_year": None}, "required_empty", "graduation_year"),
    ({"graduation_year": "0"}, "required_empty", "graduation_year"),
    ({"email": "ada.example.org"}, "email_invalid", "email"),
    ({"email": "ada lovelace@x.example"}, "email_invalid", "email"),
    ({"email": "ada..l@x..example"}, "email_invalid", "email"),
    ({"email": "ada\u200b@x.example"}, "email_invalid", "email"),
    ({"email": "a@x.example; b@x.example"}, "email_invalid", "email"),
    ({"graduation_year": "30"}, "graduation_year_invalid", "graduation_year"),
    ({"graduation_year": "soon"}, "graduation_year_invalid", "graduation_year"),
    ({"graduation_year": 2500}, "graduation_year_invalid", "graduation_year"),
    ({"birth_date": "30/02/2012"}, "date_invalid", "birth_date"),
    ({"birth_date": "03/05/10"}, "date_invalid", "birth_date"),
    ({"birth_date": "unknown"}, "date_invalid", "birth_date"),
    ({"birth_date": "01/01/1812"}, "date_invalid", "birth_date"),
    ({"active": "maybe"}, "active_invalid", "active"),
    ({"first_name": "Ada\x07"}, "control_characters", "first_name"),
    ({"first_name": "A" * 301}, "text_too_long", "first_name"),
    ({"last_name": "L" * 301}, "text_too_long", "last_name"),
    ({"sis_id": "9" * 201}, "text_too_long", "sis_id"),
    ({"gender": "g" * 101}, "text_too_long", "gender"),
    ({"email": "#N/A"}, "error_in_cell", "email"),
    ({"middle_name": "#REF!"}, "error_in_cell", "middle_name"),
    ({"student_number": 12345678901234567}, "digits_lost", "student_number"),
    ({"personal_email": "nobody"}, "personal_email_invalid", "personal_email"),
    ({"gender": "weibl."}, "gender_unknown", "gender"),
    ({"grade_level": "Upper school"}, "grade_unclear", "grade_level"),
    ({"sis_id": "R1"}, "row_repeated", "sis_id"),
    ({"sis_id": "R1"}, "row_repeated", "sis_id"),
    ({"sis_id": None, "student_number": "N9"}, "row_repeated", "student_number"),
    ({"sis_id": None, "student_number": "N9"}, "row_repeated", "student_number"),
    ({"email": "shared@x.example"}, "email_shared", "email"),
    ({"email": "SHARED@x.example"}, "email_shared", "email"),
    (
        {"sis_id": "H1", "email": "held2@x.example", "first_name": "Held", "last_name": "One"},
        "email_taken",
        "email",
    ),
    ({"sis_id": "H3", "student_number": "N4"}, "ids_disagree", "student_number"),
    ({"sis_id": "H99", "student_number": "N4"}, "ids_disagree", "sis_id"),
    ({"sis_id": None, "student_number": "TWO"}, "ids_ambiguous", "student_number"),
    (
        {"sis_id": None, "email": "held5@x.example", "first_name": "Sister"},
        "email_names_differ",
        "email",
    ),
    ({**dict.fromkeys(COLUMNS), "": "total"}, "row_empty", ""),
    ({**dict.fromkeys(COLUMNS), **EXAMPLE}, "example_row", ""),
]
TAKEN_ANYWAY = {"personal_email_invalid", "gender_unknown", "grade_unclear"}
HELD = [
    ("H1", "N1"),
    ("H2", "N2"),
    ("H3", "N3"),
    ("H4", "N4"),
    ("H5", None),
    ("H6", "TWO"),
    ("H7", "TWO"),
]


def a_row(number: int, **other: Any) -> list[Any]:
    good = {
        "sis_id": f"S{number}",
        "email": f"s{number}@x.example",
        "first_name": "Ann",
        "last_name": f"Lee {number}",
        "graduation_year": 2030,
    }
    good |= {"birth_date": "31/12/2011", "gender": "F", "grade_level": 9, "active": "yes"}
    return [(good | other).get(field) for field in COLUMNS]


def a_file() -> bytes:
    rows: list[list[Any]] = [["Students of Lincoln High School"], [], list(COLUMNS.values())]
    rows += [a_row(number, **other) for number, (other, _code, _field) in enumerate(FAULTS)]
    rows += [a_row(900), a_row(901), a_row(901), ["H4", None, "held4@x.example", "Held", "Changed"]]
    return xlsx(rows)


def test_every_fault_is_named_with_row_and_column_and_good_rows_go_in(school: School) -> None:
    for number, (sis_id, student_number) in enumerate(HELD, 1):
        address = f"held{number}@x.example"
        StudentAccount.objects.create(
            school=school,
            sis_id=None if sis_id == "H5" else sis_id,
            student_number=student_number,
            email=address,
            email_key=address,
            first_name="Held",
            last_name="One",
            graduation_year=2030,
        )
    upload = drafts.start(school, None, "faults.xlsx", a_file())
    drafts.save_settings(upload, None, drafts.Settings(date_order="day-month-year"))
    run = planned(upload, None)
    found = {(issue.row_number, issue.code, issue.field) for issue in Issue.objects.filter(run=run)}
    expected = {(number, code, field) for number, (_other, code, field) in enumerate(FAULTS, 4)}
    twice = 4 + len(FAULTS) + 2
    assert found == expected | {(twice, "row_twice", "")}
    places = {row.row_number: row.place for row in problem_rows.problem_rows(run)}
    for number, (_other, _code, field) in enumerate(FAULTS, 4):
        assert places[number] == (
            f"row {number}, column {LETTER[field]}" if field else f"row {number}"
        )
    assert len({code for _other, code, _field in FAULTS}) >= 20 and len(FAULTS) >= 30
    others = dict(
        Issue.objects.filter(run=run, code__startswith="email_")
        .exclude(other="")
        .values_list("code", "other")
    )
    assert others == {
        "email_taken": "Held One (SIS ID H2)",
        "email_names_differ": "Held One",
        "email_shared": others["email_shared"],
    }
    assert others["email_shared"].startswith("Ann Lee ")
    for row in problem_rows.problem_rows(run):
        assert row.place in row.remedy and "{" not in row.cause + row.remedy, row
        assert (
            "the file" in row.cause + row.remedy or row.severity != "error" or "row" in row.remedy
        )
    confirmed(upload, None)
    taken = [number for number, (_other, code, _field) in enumerate(FAULTS) if code in TAKEN_ANYWAY]
    made = set(StudentAccount.objects.filter(school=school).values_list("sis_id", flat=True))
    assert made == {
        "H1",
        "H2",
        "H3",
        "H4",
        None,
        "H6",
        "H7",
        "S900",
        "S901",
        *(f"S{number}" for number in taken),
    }
    assert StudentAccount.objects.get(sis_id="H4").last_name == "Changed"


def test_only_existing_accounts_are_changed_where_that_was_chosen(school: School) -> None:
    content = xlsx([["E-mail", "Grade"], ["held@x.example", "10"], ["new@x.example", "9"]])
    StudentAccount.objects.create(
        school=school,
        email="held@x.example",
        email_key="held@x.example",
        first_name="A",
        last_name="B",
    )
    upload = drafts.start(school, None, "grades.xlsx", content)
    drafts.save_settings(upload, None, drafts.Settings(only_existing=True))
    run = planned(upload, None)
    assert [(issue.code, issue.row_number) for issue in Issue.objects.filter(run=run)] == [
        ("account_missing", 3)
    ]
    confirmed(upload, None)
    assert list(StudentAccount.objects.values_list("grade_level", flat=True)) == ["10"]
