"""Filters and pages that all lists share."""

import re
from urllib.parse import parse_qsl

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import School
from rollbook.students.models import NeverImport, StudentAccount
from rollbook.sync.models import Change, RunState
from rollbook.web.private_search import unseal
from tests.web.conftest import MakeRun

pytestmark = pytest.mark.django_db


def test_the_links_of_pages_keep_the_filter(admin: Client, make_run: MakeRun) -> None:
    run = make_run(RunState.DONE, counts={"new": 30})
    for number in range(30):
        Change.objects.create(
            school_id=run.school_id,
            run=run,
            kind="new",
            reason="sis_id_unknown",
            sis_id=str(number),
            first_name="Ada",
            last_name=f"Last{number:02}",
            email=f"{number}@x.example",
            after={"grade_level": "9"},
        )
    asked = {"tab": "new", "q": "ada", "class": "grade 9", "confirm": "discard"}
    page = admin.get(reverse("run", args=[run.school_id, run.pk]), asked).content.decode()
    assert "1–25 of 30" in page
    link = re.search(r'href="([^"]*)" rel="next"', page)
    assert link is not None
    carried = dict(parse_qsl(link[1].replace("&amp;", "&").removeprefix("?")))
    assert unseal(carried.pop("s")) == "ada"
    assert carried == {"tab": "new", "class": "grade 9", "page": "2"}


def test_a_year_that_no_longer_occurs_finds_nobody(admin: Client, school: School) -> None:
    """Were it ignored, a bulk action of an old page would reach every student."""
    StudentAccount.objects.create(
        school=school,
        first_name="Ada",
        last_name="Byron",
        email="ada@x.example",
        email_key="ada@x.example",
        graduation_year=2028,
    )
    asked = {"action": "deactivate", "all": "yes", "year": "2031"}
    page = admin.post(reverse("students-bulk", args=[school.pk]), asked, follow=True)
    assert "Nothing to do" in page.content.decode()
    for asked in ({"year": "2031"}, {"source": "gone"}):
        listed = admin.get(reverse("students", args=[school.pk]), asked).content.decode()
        assert "No students match" in listed, asked


def test_a_search_may_hold_any_character(admin: Client, school: School) -> None:
    for name in ("students", "problems", "why", "history"):
        address = reverse(name, args=[school.pk])
        for search in ("a\0b", "\0", "%", "'", "x" * 5_000):
            assert admin.get(address, {"q": search, "page": "-1"}).status_code == 200, name


def test_a_long_never_import_list_has_pages(admin: Client, school: School) -> None:
    for number in range(26):
        NeverImport.objects.create(school=school, field="sis_id", key=f"id-{number:02}")
    address = reverse("never-import", args=[school.pk])
    first = admin.get(address).content.decode()
    second = admin.get(address, {"page": "2"}).content.decode()
    assert "1–25 of 26" in first and "26–26 of 26" in second
