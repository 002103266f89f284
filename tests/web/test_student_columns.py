"""The columns of the list of students: chosen by each person, sorted by their headings."""

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import School
from rollbook.students.models import StudentAccount

pytestmark = pytest.mark.django_db


def test_columns_are_each_persons_own_choice_and_headings_sort(
    admin: Client, counselor_client: Client, school: School
) -> None:
    for first, last, gender, year in (
        ("Ada", "Lovelace", "Female", 2030),
        ("Grace", "Hopper", "Other", 2028),
    ):
        email, told = (
            f"{first}@lincoln.example",
            {"first_name": first, "last_name": last, "gender": gender},
        )
        StudentAccount.objects.create(
            school=school, email=email, email_key=email, graduation_year=year, **told
        )
    address = reverse("students", args=[school.pk])
    assert ">Female<" not in admin.get(address).content.decode()
    chosen = {"column": ["gender", "graduation_year"], "year": "2030"}
    answer = admin.post(reverse("student-columns", args=[school.pk]), chosen)
    assert answer["Location"] == f"{address}?year=2030"
    page = admin.get(address).content.decode()
    assert ">Female<" in page and "lincoln.example" not in page.split("<tbody")[1]
    assert ">Female<" not in counselor_client.get(address).content.decode()
    assert page.index("Hopper") < page.index("Lovelace") and 'aria-sort="ascending"' in page
    latest = admin.get(address, {"order": "-year"}).content.decode()
    assert latest.index("Lovelace") < latest.index("Hopper") and 'aria-sort="descending"' in latest
    admin.post(reverse("student-columns", args=[school.pk]), {"action": "usual"})
    assert "lincoln.example" in admin.get(address).content.decode()
