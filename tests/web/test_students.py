"""The Students screens: access, search, audit entries, edits, export."""

import csv
import io
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from rollbook.roster.planning.changes import Change, ChangeKind
from rollbook.roster.records import Issue, Severity
from rollbook.schools.models import AuditEntry, School, User
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Integration, RunState
from rollbook.sync.report.student_values import values
from rollbook.sync.runs import states
from rollbook.web.private_search import unseal
from tests.sync.report_runs import a_run, problem
from tests.web.conftest import MakeRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(school: School) -> StudentAccount:
    return student(
        school, "Ada", "Lovelace", source="powerschool", sis_id="0042", student_number="007"
    )


def student(school: School, first: str, last: str, **columns: Any) -> StudentAccount:
    email = f"{first}.{last}@lincoln.example".lower()
    told = {"email": email, "email_key": email, "graduation_year": 2028} | columns
    return StudentAccount.objects.create(school=school, first_name=first, last_name=last, **told)


def text_of(client: Client, address: str, **query: str) -> str:
    response = client.get(address, query)
    assert response.status_code == 200
    return response.content.decode()


def content_of(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def of(account: StudentAccount, name: str = "student") -> str:
    return reverse(name, args=[account.school_id, account.pk])


def test_the_list_is_in_the_navigation_and_says_what_to_do_when_empty(
    admin: Client, school: School
) -> None:
    page = text_of(admin, reverse("upload", args=[school.pk]))
    assert f'href="{reverse("students", args=[school.pk])}"' in page
    assert "Accounts appear here after the first live run" in text_of(
        admin, reverse("students", args=[school.pk])
    )


def test_nobody_gets_in_without_signing_in_or_from_another_school(
    client: Client, elsewhere: Client, ada: StudentAccount
) -> None:
    school = ada.school
    reading = [
        reverse(name, args=[school.pk]) for name in ("students", "students-csv", "students-xlsx")
    ] + [of(ada)]
    writing = [
        reverse("students-bulk", args=[school.pk]),
        of(ada, "student-deactivate"),
        of(ada, "student-reactivate"),
    ]
    for address in reading:
        assert client.get(address).status_code == 302, address
        assert elsewhere.get(address).status_code == 404, address
    for address in writing:
        assert client.post(address).status_code == 302, address
        assert elsewhere.post(address).status_code == 404, address
    own = School.objects.get(name="Other School")
    assert elsewhere.get(reverse("student", args=[own.pk, ada.pk])).status_code == 404
    assert elsewhere.post(reverse("student-deactivate", args=[own.pk, ada.pk])).status_code == 404
    told = {"action": "deactivate", "student": str(ada.pk), "expected": "1"}
    assert (
        "Nothing to do"
        in elsewhere.post(
            reverse("students-bulk", args=[own.pk]), told, follow=True
        ).content.decode()
    )
    ada.refresh_from_db()
    assert ada.status == "active"


def test_a_counselor_reads_and_changes_nothing(
    counselor_client: Client, ada: StudentAccount
) -> None:
    for address in (reverse("students", args=[ada.school_id]), of(ada)):
        page = text_of(counselor_client, address)
        assert "Lovelace" in page
        assert not re.search(r"Deactivate\b|Reactivate\b", page) and 'name="student"' not in page
    assert counselor_client.get(reverse("students-csv", args=[ada.school_id])).status_code == 200
    for address in (
        reverse("students-bulk", args=[ada.school_id]),
        of(ada, "student-deactivate"),
        of(ada, "student-reactivate"),
    ):
        assert (
            counselor_client.post(address, {"action": "deactivate", "all": "yes"}).status_code
            == 403
        )
    ada.refresh_from_db()
    assert ada.status == "active"


def test_filters_are_in_the_address(admin: Client, ada: StudentAccount) -> None:
    student(ada.school, "Bob", "Smith", graduation_year=2029, status="deactivated")
    address = reverse("students", args=[ada.school_id])
    for query in (
        {"year": "2029"},
        {"status": "deactivated"},
        {"source": "none"},
        {"q": "smith"},
        {"q": "SMÍTH bob", "year": "2029"},
    ):
        page = text_of(admin, address, **query)
        assert "Smith, Bob" in page and "Lovelace, Ada" not in page, query
    for query in (
        {"year": "20x9"},
        {"status": "no"},
        {"order": "no"},
        {"after": "no"},
        {"q": "  "},
    ):
        assert "Smith, Bob" in text_of(admin, address, **query), query
    assert "No students match" in text_of(admin, address, q="nobody")
    page = text_of(admin, address, order="-name")
    assert page.index("Smith, Bob") < page.index("Lovelace, Ada")


def test_open_problems_are_those_of_the_work_list(
    admin: Client, ada: StudentAccount, make_run: MakeRun
) -> None:
    bob = student(ada.school, "Bob", "Smith", source="powerschool", sis_id="0043")
    integration = make_run(RunState.FAILED).integration

    def finds(*issues: Issue) -> None:
        states.finish(
            a_run(
                ada.school,
                [],
                issues,
                integration=integration,
                state=RunState.PLANNED,
                finished_at=None,
            )
        )

    finds(problem(sis_id="0043", field="email"), problem(sis_id="0042", severity=Severity.WARNING))
    finds(
        problem("gender_unknown", Severity.NOTE, sis_id="0043"),
        problem(sis_id="0042", severity=Severity.WARNING),
    )
    a_run(
        ada.school, [], [problem(sis_id="0043")], integration=integration, state=RunState.FAILED
    )  # tells nothing
    page = text_of(admin, reverse("students", args=[ada.school_id]), problem="open")
    assert "Lovelace, Ada" in page and "Smith, Bob" not in page, "a note asks for nothing"
    assert "Problem</span>" in page
    assert (
        "Open since" in text_of(admin, of(ada)) and text_of(admin, of(bob)).count("Open since") == 1
    )
    finds()
    assert "No students match" in text_of(
        admin, reverse("students", args=[ada.school_id]), problem="open"
    )
    assert "Open since" not in text_of(admin, of(ada))


def test_pages_hold_no_students_value_in_their_addresses(admin: Client, school: School) -> None:
    for number in range(60):
        student(school, "Ada", f"Last{number:02}")
    address = reverse("students", args=[school.pk])
    first = text_of(admin, address, year="2028")
    at = str(StudentAccount.objects.get(last_name="Last24").pk)
    assert f"?year=2028&amp;after={at}" in first
    second = text_of(admin, address, year="2028", after=at)
    assert (
        "Last25" in second
        and "Last49" in second
        and "Last24" not in second
        and "Last50" not in second
    )
    assert "60 students" in second
    assert 'rel="prev"' in second and 'rel="prev"' not in first


def test_a_search_answers_with_the_rows_alone_and_notes_only_how_many_it_found(
    admin: Client, ada: StudentAccount
) -> None:
    response = admin.get(
        reverse("students", args=[ada.school_id]), {"q": "lovelace"}, headers={"HX-Request": "true"}
    )
    part = response.content.decode()
    assert (
        part.lstrip().startswith('<div id="rows">')
        and 'id="announce"' in part
        and "1 student<" in part
    )
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject, entry.detail) == ("students.searched", "", {"results": 1})
    admin.get(of(ada))
    entry = AuditEntry.objects.get(action="student.viewed")
    assert (entry.subject, entry.detail) == (str(ada.pk), {})


def test_one_student_shows_values_their_origin_and_the_history(
    admin: Client, ada: StudentAccount, make_run: MakeRun
) -> None:
    def change(kind: ChangeKind, before: dict[str, Any], after: dict[str, Any]) -> Change:
        return Change(
            kind,
            "0042",
            ada.pk.bytes,
            1,
            "Ada",
            "Lovelace",
            ada.email,
            before,
            after,
            None,
            "fields_differ",
        )

    run = a_run(
        ada.school, [change(ChangeKind.UPDATED, {"last_name": "Byron"}, {"last_name": "Lovelace"})]
    )
    rehearsed = a_run(
        ada.school,
        [change(ChangeKind.UPDATED, {"last_name": "Lovelace"}, {"last_name": "Rehearsed"})],
        mode="test",
    )
    listed = a_run(ada.school, [change(ChangeKind.NOT_IN_ROSTER, {}, {})])
    admin.post(of(ada, "student-deactivate"))
    page = text_of(admin, of(ada))
    for words in (
        "<del>Byron</del>",
        "<ins>Lovelace</ins>",
        reverse("run", args=[ada.school_id, run.pk]),
        "Ada Admin",
        "By hand",
        "007",
    ):
        assert words in page, words
    for words in ("Rehearsed", str(rehearsed.pk), str(listed.pk)):
        assert words not in page, words


def test_a_mapped_value_is_the_sources_even_where_no_run_is_kept(
    admin: Client, ada: StudentAccount, connected: Integration
) -> None:
    connected.mapping = [["id", "sis_id"], ["first_name", "first_name"]]
    connected.save()
    origins = {value.label: value.origin for value in values(ada) if value.text}
    assert (origins["SIS ID"], origins["First name"], origins["Student number"]) == (
        "PowerSchool",
        "PowerSchool",
        "By hand",
    )


def test_deactivating_asks_first_also_without_javascript(
    admin: Client, ada: StudentAccount
) -> None:
    assert 'id="status-dialog" aria-labelledby="status-dialog-title" open' in text_of(
        admin, of(ada), confirm="yes"
    )
    assert (
        "Deactivated. The values stay."
        in admin.post(of(ada, "student-deactivate"), follow=True).content.decode()
    )
    assert (
        "Nothing was done"
        in admin.post(of(ada, "student-deactivate"), follow=True).content.decode()
    )
    assert "Reactivated." in admin.post(of(ada, "student-reactivate"), follow=True).content.decode()
    ada.refresh_from_db()
    assert (ada.status, ada.version) == ("active", 3)
    assert admin.get(of(ada, "student-deactivate")).status_code == 405


def test_many_are_previewed_before_they_are_written(admin: Client, ada: StudentAccount) -> None:
    for number in range(22):
        student(ada.school, "Bob", f"Smith{number}")
    student(ada.school, "Cyd", "Gone", status="deactivated")
    address = reverse("students-bulk", args=[ada.school_id])
    told = {"action": "deactivate", "all": "yes", "year": "2028"}
    preview = admin.post(address, told).content.decode()
    assert "23 students will be deactivated. Their values stay." in preview
    assert StudentAccount.objects.filter(status="active").count() == 23
    student(ada.school, "Eve", "Meanwhile")
    again = admin.post(address, told | {"expected": "23"}).content.decode()
    assert "has changed since you confirmed" in again and "24 students will be" in again
    assert StudentAccount.objects.filter(status="active").count() == 24
    assert (
        "24 students were deactivated. Their values stay."
        in admin.post(address, told | {"expected": "24"}, follow=True).content.decode()
    )
    assert (
        "Nothing to do"
        in admin.post(address, told | {"expected": "24"}, follow=True).content.decode()
    ), "a second confirm"
    assert AuditEntry.objects.get(action="students.deactivated").detail == {"students": 24}


def test_only_the_checked_are_written(admin: Client, ada: StudentAccount) -> None:
    student(ada.school, "Bob", "Smith")
    address = reverse("students-bulk", args=[ada.school_id])
    told = {"action": "deactivate", "student": [str(ada.pk), "no id"], "q": "a"}
    assert "1 student will be deactivated" in admin.post(address, told).content.decode()
    response = admin.post(address, told | {"expected": "1"})
    assert unseal(response["Location"].partition("/students/?s=")[2]) == "a"
    assert [each.first_name for each in StudentAccount.objects.filter(status="deactivated")] == [
        "Ada"
    ]
    assert (
        "Nothing to do"
        in admin.post(address, {"action": "deactivate"}, follow=True).content.decode()
    )
    assert admin.post(address, {"action": "erase", "all": "yes"}).status_code == 302


def test_the_filter_is_exported_and_read_back_alike(
    admin: Client, ada: StudentAccount, administrator: User
) -> None:
    StudentAccount.objects.update(middle_name='=HYPERLINK("x")', birth_date="2009-02-28")
    student(ada.school, "Bob", "Smith", graduation_year=2029)
    query = {"q": "lovelace", "year": "2028"}
    response = admin.get(reverse("students-csv", args=[ada.school_id]), query)
    lines = list(csv.reader(io.StringIO(content_of(response).decode("utf-8-sig"))))
    assert "lovelace" not in response["Content-Disposition"].lower()
    told = dict(zip(lines[0], lines[1], strict=True))
    assert len(lines) == 2
    assert (
        told["Student number"] == "007"
        and told["Linked to"] == "PowerSchool"
        and told["Status"] == "Active"
    )
    assert told["Middle name"] == '\'=HYPERLINK("x")'
    response = admin.get(reverse("students-xlsx", args=[ada.school_id]), query)
    sheet = load_workbook(io.BytesIO(content_of(response)))["Students"]
    rows = list(sheet.values)
    assert len(rows) == 2
    book = dict(zip(rows[0], rows[1], strict=True))
    assert (book["SIS ID"], book["Graduation year"], book["Middle name"]) == (
        "0042",
        2028,
        '=HYPERLINK("x")',
    )
    assert all(cell.data_type != "f" for cell in sheet[2])
    exported = AuditEntry.objects.filter(action="students.exported").order_by("pk")
    assert [(entry.detail, entry.actor) for entry in exported] == [
        ({"students": 1, "kind": "csv"}, administrator),
        ({"students": 1, "kind": "xlsx"}, administrator),
    ]


def test_too_many_for_excel_is_said(
    admin: Client, ada: StudentAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollbook.sync.report.student_list.MOST_IN_EXCEL", 0)
    page = admin.get(reverse("students-xlsx", args=[ada.school_id]), {"q": "ada"}, follow=True)
    assert "Take the CSV file" in page.content.decode()
    assert page.request["PATH_INFO"] == reverse("students", args=[ada.school_id])
