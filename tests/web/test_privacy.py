"""One student's data on a screen: exported, erased, and who saw it."""

import json
import re
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import AuditEntry, Membership, School, User
from rollbook.students.models import StudentAccount, Tombstone
from rollbook.sync.models import Integration
from tests.sync.test_pipeline import sync

pytestmark = pytest.mark.django_db


@pytest.fixture
def student(school: School) -> StudentAccount:
    return StudentAccount.objects.create(
        school=school,
        first_name="Zebulonia",
        last_name="Quartermaine",
        email="z.q@lincoln.example",
        email_key="z.q@lincoln.example",
        graduation_year=2030,
    )


def seen(action: str) -> list[tuple[str, list[UUID]]]:
    """Subject and students of the entries of an action."""
    return [
        (entry.subject, [UUID(bytes=ids[at : at + 16]) for at in range(0, len(ids), 16)])
        for entry in AuditEntry.objects.filter(action=action).order_by("pk")
        if (ids := bytes(entry.students)) is not None
    ]


def test_one_click_gives_everything_that_is_stored(admin: Client, student: StudentAccount) -> None:
    address = reverse("student-file", args=[student.school_id, student.pk])
    assert admin.get(address).status_code == 405
    response = admin.post(address)
    assert "Quartermaine" not in response["Content-Disposition"]
    stored = json.loads(response.content)
    assert stored["tables"]["StudentAccount"][0]["email"] == "z.q@lincoln.example"
    assert AuditEntry.objects.get(action="student.exported").subject == str(student.pk)


def test_the_name_is_typed_to_erase_a_student(admin: Client, student: StudentAccount) -> None:
    address = reverse("student-erase", args=[student.school_id, student.pk])
    assert "type the name of the student" in admin.get(address).content.decode()
    refused = admin.post(address, {"name": "Zebulonia"}).content.decode()
    assert "Nothing was erased. Type the name exactly" in refused
    assert StudentAccount.objects.filter(pk=student.pk).exists()
    page = admin.post(address, {"name": student.name}, follow=True).content.decode()
    assert "The student was erased." in page and "Zebulonia" not in page
    assert Tombstone.objects.filter(school=student.school_id).exists()
    assert admin.get(address).status_code == 404


def test_each_page_that_shows_students_notes_whom(
    admin: Client, student: StudentAccount, integration: Integration
) -> None:
    def shows(name: str, *ids: object, **query: str) -> None:
        page = admin.get(reverse(name, args=[student.school_id, *ids]), query)
        assert page.status_code == 200

    run = sync(integration)
    shows("students", q="quartermaine")
    assert seen("students.searched") == [("", [student.pk])]
    shows("students")
    assert len(seen("students.listed")[0][1]) == 25
    shows("student-edit", student.pk)
    assert seen("student.edit_viewed") == [(str(student.pk), [])]
    shows("student-merge", student.pk)
    assert len(seen("student.merge_viewed")) == 1
    shows("run", run.pk, tab="new")
    (subject, ids), *others = seen("run.viewed")
    assert (subject, len(ids), others) == (str(run.pk), 25, [])
    shows("problems")
    shows("links")
    for action in ("problems.viewed", "links.viewed"):
        assert len(seen(action)) == 1
    response = admin.get(reverse("students-csv", args=[student.school_id]))
    assert len(b"".join(response)) > 100
    assert len(seen("students.exported")[0][1]) == StudentAccount.objects.count()


def test_failed_sign_ins_and_sign_outs_are_noted_with_the_school(
    client: Client, administrator: User, password: str, school: School
) -> None:
    address = reverse("sign-in")
    client.post(address, {"username": administrator.email, "password": "wrong"})
    client.post(address, {"username": "nobody@x.example", "password": "wrong"})
    client.post(address, {"username": administrator.email, "password": password})
    client.post(reverse("sign-out"))
    failures = AuditEntry.objects.filter(action="sign_in_failed").order_by("pk")
    assert [(each.school, each.subject) for each in failures] == [
        (school, str(administrator.pk)),
        (None, ""),
    ]
    signed_out = AuditEntry.objects.get(action="signed_out")
    assert (signed_out.school, signed_out.actor) == (school, administrator)
    assert Membership.objects.filter(user=administrator).count() == 1


@pytest.fixture
def owner(school: School) -> Client:
    user = User.objects.create_user("olga@lincoln.example", "Olga Owner")
    Membership.objects.create(school=school, user=user, role="owner")
    browser = Client()
    browser.force_login(user)
    return browser


def test_an_owner_sees_who_saw_or_exported_a_student(
    admin: Client, owner: Client, student: StudentAccount, integration: Integration
) -> None:
    address = reverse("audit-log", args=[student.school_id])
    sync(integration)
    admin.get(reverse("students", args=[student.school_id]), {"q": "quartermaine"})
    b"".join(admin.get(reverse("students-csv", args=[student.school_id])))
    admin.post(reverse("student-file", args=[student.school_id, student.pk]))
    assert admin.get(address).status_code == 403
    page = owner.get(address, {"student": str(student.pk)}).content.decode()
    for words in ("Searched students", "Exported students", "Exported all data of a student"):
        assert words in page
    assert "Started a run" not in page and "Started a run" in owner.get(address).content.decode()
    taken = owner.get(address, {"student": str(student.pk), "kind": "taken"}).content.decode()
    assert "Exported students" in taken and "Searched students</td>" not in taken
    later = owner.get(address, {"since": "2999-01-01"}).content.decode()
    assert "No entries match" in later
    found = owner.post(address, {"q": "quartermaine"}).content.decode()
    assert f"?student={student.pk}" in found
    file = b"".join(owner.get(reverse("audit-csv", args=[student.school_id]))).decode()
    assert "student.exported" in file and "ada@lincoln.example" in file
    assert "Quartermaine" not in file


def test_an_odd_filter_is_ignored(owner: Client, school: School) -> None:
    query = {"student": "x", "person": "\0", "since": "31.31.2020", "kind": "odd", "page": "-4"}
    assert owner.get(reverse("audit-log", args=[school.pk]), query).status_code == 200


@pytest.mark.parametrize("name", ["students", "problems", "links", "why"])
def test_a_searched_name_is_in_no_address(
    admin: Client, student: StudentAccount, name: str
) -> None:
    address = reverse(name, args=[student.school_id])
    page = admin.get(address).content.decode()
    assert 'name="posted_search"' in page and 'hx-get="/schools' not in page
    response = admin.post(address, {"q": "Quartermaine", "posted_search": "1"})
    assert response.status_code == 302
    assert "uartermaine" not in response["Location"] and "?s=" in response["Location"]
    found = admin.get(response["Location"]).content.decode()
    assert 'value="Quartermaine"' in found
    for link in re.findall(r'(?:href|action|hx-post)="([^"]*)"', found):
        assert "uartermaine" not in link
    if name == "why":
        return
    posted = {"q": "Quartermaine", "posted_search": "1"}
    part = admin.post(address, posted, headers={"HX-Request": "true"})
    assert part.content.decode().lstrip().startswith('<div id="rows">')
    assert "?s=" in part["HX-Replace-Url"] and "uartermaine" not in part["HX-Replace-Url"]


def test_a_search_that_cannot_be_read_any_more_finds_nobody(
    admin: Client, student: StudentAccount
) -> None:
    """Were it ignored, a bulk action of an old page would reach every student."""
    address = reverse("students", args=[student.school_id])
    assert "No students match" in admin.get(address, {"s": "odd"}).content.decode()
    bulk = reverse("students-bulk", args=[student.school_id])
    asked = {"action": "deactivate", "all": "on", "s": "odd"}
    assert "Nothing to do" in admin.post(bulk, asked, follow=True).content.decode()
