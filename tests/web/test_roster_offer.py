"""Step 1.1 offers the grades and schools by the SIS's own names once a test has read them."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import School
from rollbook.standins.standin import StandIn
from rollbook.sync.models import Integration

pytestmark = pytest.mark.django_db


def typed(standin: StandIn, **more: Any) -> dict[str, Any]:
    return {
        "source": "powerschool",
        "credential-client_id": standin.client_id,
        "credential-client_secret": standin.client_secret,
        "credential-client_url": standin.url,
        "active": "on",
        "test_run": "on",
        **more,
    }


def boxes(page: str, name: str) -> dict[str, bool]:
    """Return the boxes of a page by their value, and whether they are ticked."""
    found = re.findall(rf'name="{name}" value="([^"]*)"( checked)?', page)
    return {value: bool(checked) for value, checked in found}


def page_after_test(admin: Client, school: School, standin: StandIn, **more: Any) -> str:
    address = reverse("configure-sis", args=[school.pk])
    answer = admin.post(address, typed(standin, action="test", **more), follow=True)
    return answer.content.decode()


def test_a_test_brings_the_grades_and_schools_of_the_sis(
    admin: Client, school: School, standin: StandIn
) -> None:
    page = page_after_test(admin, school, standin, grades=["9"])
    schools = boxes(page, "schools")
    assert len(schools) > 1 and not any(schools.values()), "none is chosen for a district"
    grades = boxes(page, "grades")
    assert grades["9"] and not grades["10"]
    assert "students" in page


def test_a_district_needs_a_choice_of_schools_which_is_saved(
    admin: Client, school: School, standin: StandIn
) -> None:
    page = page_after_test(admin, school, standin, grades=["9"])
    address = reverse("configure-sis", args=[school.pk])
    refused = admin.post(address, typed(standin, action="next", grades=["9"])).content.decode()
    assert "Choose at least one school of the district." in refused
    first = next(iter(boxes(page, "schools")))
    admin.post(address, typed(standin, action="next", grades=["9", "10"], schools=[first]))
    saved = Integration.objects.get()
    assert [each["key"] for each in saved.schools] == [first]
    assert {each["name"] for each in saved.grade_names if each["chosen"]} == {"9", "10"}
    assert saved.grades == [9, 10]
    again = admin.get(address).content.decode()
    assert boxes(again, "schools")[first] and boxes(again, "grades")["10"]
