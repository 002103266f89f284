"""Sessions of staff end when access is lost, and never revive."""

from typing import Any, cast

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from rollbook.schools import people
from rollbook.schools.models import Membership, School, User
from rollbook.sync.report import student_list
from rollbook.web.access import AccessLost

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(school: School) -> User:
    user = User.objects.create_user("olga@lincoln.example", "Olga Owner", "olga has a password")
    Membership.objects.create(school=school, user=user, role="owner")
    return user


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(school: School) -> str:
    return reverse("upload", args=[school.pk])


def test_a_removed_person_is_refused_in_each_browser_and_no_session_revives(
    school: School, owner: User, administrator: User
) -> None:
    browsers = [browser(administrator), browser(administrator)]
    assert [each.get(page(school)).status_code for each in browsers] == [200, 200]
    people.remove(school, administrator, owner)
    assert browsers[0].get(page(school)).status_code == 302
    people.add(school, administrator, "administrator", owner)
    assert [each.get(page(school)).status_code for each in browsers] == [302, 302]
    assert browser(User.objects.get(pk=administrator.pk)).get(page(school)).status_code == 200


def test_a_removed_person_keeps_the_session_at_another_school(
    school: School, owner: User, administrator: User
) -> None:
    second = School.objects.create(name="Second School")
    Membership.objects.create(school=second, user=administrator, role="counselor")
    both = browser(administrator)
    people.remove(school, administrator, owner)
    assert both.get(page(second)).status_code == 200
    assert both.get(page(school)).status_code == 404
    people.add(school, administrator, "counselor", owner)
    assert both.get(page(school)).status_code == 302
    assert both.get(page(second)).status_code == 302  # that request ended the whole session


@pytest.mark.parametrize("way", ["disabled", "lower role"])
def test_a_session_ends_with_the_access_or_the_role(
    school: School, owner: User, administrator: User, way: str
) -> None:
    client = browser(administrator)
    if way == "disabled":
        people.disable(school, administrator, owner)
        people.enable(school, administrator, owner)
    else:
        people.change_role(school, administrator, "counselor", owner)
        people.change_role(school, administrator, "administrator", owner)
    assert client.get(page(school)).status_code == 302
    assert client.get("/").status_code == 302
    assert reverse("sign-in") in client.get("/")["Location"]


def test_a_disabled_person_finds_nothing_after_a_new_sign_in(
    school: School, owner: User, administrator: User
) -> None:
    people.disable(school, administrator, owner)
    client = browser(User.objects.get(pk=administrator.pk))
    assert client.get(page(school)).status_code == 404
    assert school.name not in client.get("/schools/").content.decode()


def test_who_is_disabled_everywhere_can_not_sign_in(
    school: School, owner: User, administrator: User, password: str
) -> None:
    client = browser(administrator)
    people.disable_everywhere(administrator, "command line")
    assert client.get(page(school)).status_code == 302
    signing_in = {"username": administrator.email, "password": password}
    assert "match an account" in client.post(reverse("sign-in"), signing_in).content.decode()
    people.enable_everywhere(administrator, "command line")
    assert client.get(page(school)).status_code == 302


def test_a_higher_role_keeps_the_session(school: School, owner: User, counselor: User) -> None:
    client = browser(counselor)
    people.change_role(school, counselor, "administrator", owner)
    assert client.get(reverse("limits", args=[school.pk])).status_code == 200


def test_another_password_ends_all_sessions(school: School, administrator: User) -> None:
    client = browser(administrator)
    administrator.set_password("another good password")
    administrator.save()
    assert client.get(page(school)).status_code == 302


def test_a_page_of_a_school_takes_no_further_query(school: School, administrator: User) -> None:
    client = browser(administrator)
    client.get(page(school))
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("student-columns", args=[school.pk]))
    about_people = [each for each in queries.captured_queries if "schools_user" in each["sql"]]
    assert len(about_people) == 2  # who is signed in; the membership with the school


def test_a_running_export_breaks_off(
    school: School, owner: User, administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(student_list, "csv_lines", lambda accounts: iter(["one\n", "two\n"]))
    answer = browser(administrator).get(reverse("students-csv", args=[school.pk]))
    pieces = iter(cast(Any, answer).streaming_content)
    assert next(pieces) == b"one\n"
    people.remove(school, administrator, owner)
    with pytest.raises(AccessLost):
        next(pieces)
