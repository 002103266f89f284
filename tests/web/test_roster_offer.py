"""Step 1.1 offers the grades and schools by the SIS's own names once a test has read them."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.roster.values.grades import name_at
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


def meaning(page: str, grade: str) -> tuple[str, str]:
    """Return the code and the words of what a grade means on the page."""
    select = re.search(rf'name="meaning-{grade}".*?</select>', page, re.S)
    assert select
    chosen = re.search(r'value="([^"]*)" selected>([^<]*)<', select[0])
    assert chosen
    return chosen[1], chosen[2]


def test_a_person_corrects_what_a_grade_means_and_it_is_remembered(
    admin: Client, school: School, standin: StandIn
) -> None:
    page = page_after_test(admin, school, standin, grades=["9"])
    first = next(iter(boxes(page, "schools")))
    assert (meaning(page, "9"), meaning(page, "0")) == (("9", "Grade 9"), ("0", "Kindergarten"))
    address = reverse("configure-sis", args=[school.pk])
    choice = {"action": "next", "grades": ["9", "10"], "schools": [first]}
    admin.post(address, typed(standin, **choice, **{"meaning-9": "8", "meaning-0": "none"}))
    saved = Integration.objects.get()
    assert saved.grade_meanings == {"9": 8, "0": None}
    assert saved.grades == [8, 10]
    again = admin.get(address).content.decode()
    assert (meaning(again, "9")[1], meaning(again, "0")[1]) == ("Grade 8", "No grade level")
    admin.post(address, typed(standin, **choice))
    saved.refresh_from_db()
    assert saved.grade_meanings == {"9": 8, "0": None}, "a form without meanings keeps them"


def test_an_old_tab_does_not_undo_a_meaning(
    admin: Client, school: School, standin: StandIn
) -> None:
    page = page_after_test(admin, school, standin, grades=["9"])
    first = next(iter(boxes(page, "schools")))
    address = reverse("configure-sis", args=[school.pk])
    choice = {"action": "next", "grades": ["9"], "schools": [first]}
    admin.post(address, typed(standin, **choice, **{"meaning-9": "9"}))
    old = admin.get(address).content.decode()
    version = re.search(r'name="settings_version" value="([^"]*)"', old)
    assert version
    admin.post(address, typed(standin, **choice, **{"meaning-9": "8"}))
    stale = {"meaning-9": "9", "settings_version": version[1]}
    refused = admin.post(address, typed(standin, **choice, **stale)).content.decode()
    assert "Nothing was saved" in refused and "Meaning of 9" in refused
    assert Integration.objects.get().grade_meanings == {"9": 8}


def test_a_name_may_mean_something_else_at_one_school(
    admin: Client, school: School, standin: StandIn
) -> None:
    page = page_after_test(admin, school, standin, grades=["9"])
    first, second, *_others = boxes(page, "schools")
    address = reverse("configure-sis", args=[school.pk])
    choice = {"action": "next", "grades": ["9"], "schools": [first, second]}
    part = typed(standin, **choice, at_grade="9", at_school=second)
    refused = admin.post(address, part).content.decode()
    assert "Choose the grade, the school and what it means there." in refused
    admin.post(address, part | {"at_level": "8"})
    assert Integration.objects.get().grade_meanings == {name_at("9", second): 8}
    assert "Grade 8 at " in admin.get(address).content.decode()
    admin.post(address, part | {"at_level": "9"})
    assert Integration.objects.get().grade_meanings == {}, "the same as everywhere"
