"""Step 1.2: choosing where the SIS keeps the e-mail, the graduation year and the SIS ID."""

import re
import zipfile
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import School
from rollbook.sync.models import Integration

pytestmark = pytest.mark.django_db


@pytest.fixture
def address(school: School, connected: Integration) -> str:
    return reverse("select-mapping", args=[school.pk, connected.pk])


def sent(page: str, **typed: str) -> dict[str, Any]:
    """The form of the page as a browser sends it, with what a person typed."""
    version = re.findall(r'name="(settings_version|version)" value="([^"]*)"', page)
    rows = re.findall(r'name="row" value="([^"]+)"', page)
    return {**dict(version), "row": rows, "action": "save", **typed}


def fill(admin: Client, address: str, **typed: str) -> str:
    page = admin.get(address).content.decode()
    return admin.post(address, sent(page, **typed)).content.decode()


@pytest.mark.parametrize(
    "place, typed, source_field",
    [
        ("student_username@", "School.Example", "student_username@school.example"),
        ("student_username@", "@school.example", "student_username@school.example"),
        ("student_username", "", "student_username"),
        ("other", "U_Students_Extension.Student_Email", "u_students_extension.student_email"),
        ("person_email", "", "person_email"),
    ],
)
def test_the_email_is_read_from_the_place_that_was_chosen(
    admin: Client, address: str, connected: Integration, place: str, typed: str, source_field: str
) -> None:
    fill(admin, address, **{"place-email": place, "typed-email": typed})
    connected.refresh_from_db()
    assert [source_field, "email"] in connected.mapping
    page = admin.get(address).content.decode()
    assert re.search(rf'value="{place}" checked', page)
    fill(admin, address, **{"place-graduation_year": "graduation_year_by_grade_12"})
    connected.refresh_from_db()
    assert [source_field, "email"] in connected.mapping, "what isn't touched stays"
    assert ["graduation_year_by_grade_12", "graduation_year"] in connected.mapping


@pytest.mark.parametrize(
    "place, typed", [("student_username@", ""), ("student_username@", "x y"), ("other", "gender")]
)
def test_a_text_that_can_not_be_used_is_refused(
    admin: Client, address: str, connected: Integration, place: str, typed: str
) -> None:
    before = connected.mapping
    page = fill(admin, address, **{"place-email": place, "typed-email": typed})
    assert "such as" in page and f'value="{typed}"' in page
    connected.refresh_from_db()
    assert connected.mapping == before


def test_choosing_a_place_shows_the_box_that_belongs_to_it(
    admin: Client, address: str, connected: Integration
) -> None:
    page = admin.get(address).content.decode()
    assert 'name="typed-email"' not in page
    looked = {"place-email": "student_username@", "look": "1"}
    part = admin.post(address, sent(page, **looked), headers={"HX-Request": "true"})
    assert 'name="typed-email"' in part.content.decode()
    connected.refresh_from_db()
    assert ["email", "email"] in connected.mapping


def test_the_plugin_is_offered_where_the_sis_has_plugins(admin: Client, school: School) -> None:
    setup = reverse("configure-sis", args=[school.pk])
    link = reverse("plugin", args=[school.pk, "powerschool"])
    assert link in admin.get(setup).content.decode()
    answer = admin.get(link)
    assert 'filename="rollbook-plugin.zip"' in answer["Content-Disposition"]
    packed = BytesIO(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    with zipfile.ZipFile(packed) as archive:
        assert "plugin.xml" in archive.namelist()
    assert admin.get(reverse("plugin", args=[school.pk, "veracross"])).status_code == 404
    assert link not in admin.get(f"{setup}?source=veracross").content.decode()


def test_a_version_says_what_it_lacks_and_what_its_grades_do(
    admin: Client, school: School, connected: Integration
) -> None:
    v3 = {"action": "pick", "source": "veracross", "shown": "veracross", "variant": "v3"}
    page = admin.post(reverse("configure-sis", args=[school.pk]), v3).content.decode()
    assert "After the roll-over" in page
    Integration.objects.filter(pk=connected.pk).update(source="veracross", variant="v3")
    address = reverse("select-mapping", args=[school.pk, connected.pk])
    [row] = re.findall(r'<li class="mapping-absent">.*?</li>', _text(admin, address), re.S)
    assert ">Personal Email Address<" in row and "Personal Email Address is missing" in row
    Integration.objects.filter(pk=connected.pk).update(variant="v2")
    assert "mapping-absent" not in _text(admin, address)


def _text(admin: Client, address: str) -> str:
    return admin.get(address).content.decode()
