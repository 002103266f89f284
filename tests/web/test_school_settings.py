"""The page of the school: its name and zone, and deleting it for good."""

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import Membership, School, User
from rollbook.sync.models import Integration, Schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client: Client, school: School) -> Client:
    user = User.objects.create_user("olga@lincoln.example", "Olga Owner")
    Membership.objects.create(school=school, user=user, role="owner")
    client.force_login(user)
    return client


def text(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined,no-any-return]


def test_another_zone_moves_the_schedules_in_the_old_one_and_shows_the_next_run(
    admin: Client, school: School, connected: Integration
) -> None:
    Schedule.objects.filter(integration=connected).update(timezone=school.timezone)
    page = reverse("school-settings", args=[school.pk])
    assert "Move the schedules as well" in text(admin.get(page))
    data = {"name": " Lincoln  High ", "timezone": "america/chicago", "move_schedules": "on"}
    saved = admin.post(page, data, follow=True)
    assert "Saved. The next run of PowerSchool is due" in text(saved)
    school.refresh_from_db()
    assert (school.name, school.timezone) == ("Lincoln High", "America/Chicago")
    schedule = Schedule.objects.get(integration=connected)
    assert schedule.timezone == "America/Chicago"
    assert schedule.next_due_at is not None and schedule.next_due_at.hour in (7, 8)  # 2:00 there


@pytest.mark.parametrize(
    ("name", "zone", "words"),
    [
        ("", "UTC", "Type a name"),
        ("Lin\x07coln", "UTC", "control characters"),
        ("L" * 201, "UTC", "more than 200 characters"),
        ("Other School", "UTC", "with this name already"),
        ("Lincoln", "Mars/Base", "Choose a time zone"),
    ],
)
def test_what_can_not_be_saved_is_said_beside_its_field(
    admin: Client, school: School, name: str, zone: str, words: str
) -> None:
    School.objects.create(name="Other School")
    page = reverse("school-settings", args=[school.pk])
    assert words in text(admin.post(page, {"name": name, "timezone": zone}))
    school.refresh_from_db()
    assert school.name == "Lincoln High School"


def test_a_school_is_deleted_after_its_name_and_a_second_confirmation(
    owner: Client, school: School
) -> None:
    page = reverse("delete-school", args=[school.pk])
    assert "0 students" in text(owner.get(page))
    assert "Type the name exactly" in text(owner.post(page, {"name": "Lincoln"}))
    asked = owner.post(page, {"name": school.name})
    assert "Delete Lincoln High School now?" in text(asked)
    assert School.objects.filter(pk=school.pk).exists()
    done = owner.post(page, {"name": school.name, "confirmed": "on"}, follow=True)
    assert "Lincoln High School is closed" in text(done)
    assert not School.objects.filter(pk=school.pk).exists()
    assert owner.get(page).status_code == 404
    again = owner.post(page, {"name": school.name, "confirmed": "on"})
    assert again.status_code == 404


def test_an_owner_disconnects_all_after_typing_the_name(
    owner: Client, school: School, connected: Integration
) -> None:
    page = reverse("disconnect", args=[school.pk])
    assert "PowerSchool: the stored credentials are deleted" in text(owner.get(page))
    assert "Type the name exactly" in text(owner.post(page, {"name": "Lincoln"}))
    assert connected.credentials.exists()
    done = text(owner.post(page, {"name": school.name}, follow=True))
    assert "is disconnected from every SIS" in done and "enter new credentials" in done
    assert not connected.credentials.exists()


def test_only_an_owner_can_disconnect_all(
    admin: Client, counselor_client: Client, elsewhere: Client, connected: Integration
) -> None:
    page = reverse("disconnect", args=[connected.school_id])
    data = {"name": connected.school.name}
    answers = [each.post(page, data).status_code for each in (admin, counselor_client, elsewhere)]
    assert answers == [403, 403, 404]
    assert connected.credentials.exists()


def test_only_an_owner_can_delete_a_school(
    admin: Client, counselor_client: Client, elsewhere: Client, school: School
) -> None:
    page = reverse("delete-school", args=[school.pk])
    data = {"name": school.name, "confirmed": "on"}
    assert admin.post(page, data).status_code == 403
    assert counselor_client.post(page, data).status_code == 403
    assert elsewhere.post(page, data).status_code == 404
    assert "Only an owner" in text(admin.get(reverse("school-settings", args=[school.pk])))
    assert School.objects.filter(pk=school.pk).exists()
