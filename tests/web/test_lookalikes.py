"""Possible duplicates: two accounts side by side, and what a person decides about them."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import AuditEntry, School
from rollbook.students import lookalikes
from rollbook.students.models import StudentAccount

pytestmark = pytest.mark.django_db


@pytest.fixture
def alike(school: School) -> list[StudentAccount]:
    accounts = [
        StudentAccount.objects.create(
            school=school,
            source="powerschool",
            sis_id=f"70{number}",
            email=f"s{number}@x.example",
            email_key=f"s{number}@x.example",
            first_name=first_name,
            last_name=last_name,
            birth_date=date(2010, 1, 2),
        )
        for number, (first_name, last_name) in enumerate(
            [("Ana", "O'Neil"), ("ÁNA", "O’Neil Jr."), ("Ana Bea", "O'Neil")]
        )
    ]
    lookalikes.ask(school.pk, [account.pk for account in accounts])
    return accounts


def test_two_are_shown_side_by_side_and_decided_once(
    school: School, admin: Client, alike: list[StudentAccount]
) -> None:
    address = reverse("lookalikes", args=[school.pk])
    student = reverse("student", args=[school.pk, alike[0].pk])
    assert address in admin.get(reverse("students", args=[school.pk])).content.decode()
    assert f'href="{address}"' in admin.get(student).content.decode()
    page = admin.get(address).content.decode()
    assert "s0@x.example" in page and "s1@x.example" in page and "s2@x.example" not in page
    merge = reverse("student-merge", args=[school.pk, min(alike[:2], key=lambda one: one.pk).pk])
    assert f'href="{merge}?other=' in page
    (question,) = lookalikes.open_questions(school)
    decide = reverse("lookalikes-different", args=[school.pk, question.pk])
    for _click in range(2):
        assert "No possible duplicates" in admin.post(decide, follow=True).content.decode()
    assert AuditEntry.objects.filter(action="students.different").count() == 1
    assert f'href="{address}"' not in admin.get(student).content.decode()
    assert lookalikes.ask(school.pk, [account.pk for account in alike]) == []


def test_a_closed_account_and_one_that_is_no_longer_alike_are_no_question(
    school: School, admin: Client, alike: list[StudentAccount]
) -> None:
    address = reverse("lookalikes", args=[school.pk])
    for change in ({"status": "left"}, {"status": "active", "first_name": "Ben"}):
        StudentAccount.objects.filter(pk=alike[1].pk).update(**change)
        assert "No possible duplicates" in admin.get(address).content.decode()


def test_only_those_who_manage_this_school_decide(
    school: School, counselor_client: Client, admin: Client, alike: list[StudentAccount]
) -> None:
    (question,) = lookalikes.open_questions(school)
    decide = reverse("lookalikes-different", args=[school.pk, question.pk])
    assert (
        "Two different students"
        not in counselor_client.get(reverse("lookalikes", args=[school.pk])).content.decode()
    )
    assert counselor_client.post(decide).status_code == 403
    other = School.objects.create(name="Other", timezone="UTC")
    assert (
        admin.post(reverse("lookalikes-different", args=[other.pk, question.pk])).status_code == 404
    )
    assert lookalikes.open_questions(school)
