"""A new connection begins with the places where the students of its test have their values."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import School
from rollbook.standins import powerschool
from rollbook.standins.standin import StandIn
from rollbook.sync.models import Integration
from rollbook.sync.setup import connection_tests
from tests.connecting import connected

pytestmark = pytest.mark.django_db


def saved_after_test(school: School, sis: StandIn) -> Integration:
    """Test a connection to this SIS, then save it."""
    credentials = {
        "client_id": sis.client_id,
        "client_secret": sis.client_secret,
        "client_url": sis.url,
    }
    target = connection_tests.Target("powerschool", "", credentials, {})
    test, _is_new = connection_tests.begin(school, None, target)
    connection_tests.work_on(test, target)
    return connected(school, None, sis)


@pytest.mark.parametrize(
    "homes, email, year",
    [
        ({"email_home": "contact_info"}, "email", "projected_graduation_year"),
        ({"email_home": "username"}, "student_username", "projected_graduation_year"),
        (
            {"email_home": "extension", "year_home": "core"},
            "u_students_extension.student_email",
            "studentcorefields.graduation_year",
        ),
        ({"year_home": "none"}, "email", "graduation_year_by_grade_12"),
        ({"email_home": "none"}, "email", "projected_graduation_year"),
    ],
)
def test_the_mapping_begins_with_the_places_that_are_filled(
    school: School, homes: dict[str, Any], email: str, year: str
) -> None:
    with powerschool.serve(students=60, seed=7, clean=True, **homes) as sis:
        integration = saved_after_test(school, sis)
        mapping = {field: source_field for source_field, field in integration.mapping}
        assert (mapping["email"], mapping["graduation_year"]) == (email, year)
        assert mapping["sis_id"] == "id", "the SIS ID is never moved"
        integration.mapping = [["email", "email"], *integration.mapping]
        integration.save()
        again = connected(school, None, sis, grades=[9])
    assert again.mapping == integration.mapping, "what was saved stays"


def test_only_the_domain_is_left_to_type(school: School, admin: Client) -> None:
    with powerschool.serve(students=60, seed=7, clean=True, email_home="domain") as sis:
        integration = saved_after_test(school, sis)
    page = admin.get(reverse("select-mapping", args=[school.pk, integration.pk])).content.decode()
    assert re.search(r'name="place-email" value="student_username@" checked', page)
    assert re.search(r'name="typed-email" value=""[^>]*aria-label="Domain"', page)
    assert "can't be used" in page, "the preview shows that it isn't complete"
