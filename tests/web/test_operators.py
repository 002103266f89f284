"""Operators of the installation: schools without students, and emergency access for an hour."""

import html
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse

from rollbook.schools import clock, emergency, operators, people
from rollbook.schools.models import (
    AuditEntry,
    EmergencyAccess,
    EmergencyNotice,
    Membership,
    School,
    StaffInvitation,
    User,
)
from rollbook.schools.refusals import PeopleRefused
from rollbook.sync.mail import staff

pytestmark = pytest.mark.django_db
REASON = "The weekly run hangs, asked for by Ms Park"


@pytest.fixture
def operator(db: None) -> User:
    user = User.objects.create_user("ops@district.example", "Ola Operator")
    operators.make_operator(user, "command line")
    return User.objects.get(pk=user.pk)


@pytest.fixture
def ola(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


@pytest.fixture
def owner(school: School) -> User:
    user = User.objects.create_user("olga@lincoln.example", "Olga Owner")
    Membership.objects.create(school=school, user=user, role="owner")
    return user


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(response: object) -> str:
    return html.unescape(response.content.decode())  # type: ignore[attr-defined]


def page(school: School) -> str:
    return reverse("upload", args=[school.pk])


def test_an_operator_adds_a_school_and_invites_its_owner(ola: Client) -> None:
    assert ola.get("/")["Location"] == reverse("installation")
    assert "No school yet" in text(ola.get(reverse("installation")))
    new = {"name": "Lincoln", "timezone": "America/New_York", "email": "olga@lincoln.example"}
    refused = text(ola.post(reverse("installation"), new | {"email": "nobody"}))
    assert "Type an e-mail address" in refused
    assert not School.objects.exists()  # both or neither
    assert "Lincoln was added" in text(ola.post(reverse("installation"), new, follow=True))
    invitation = StaffInvitation.objects.get()
    assert (invitation.role, invitation.school.name) == ("owner", "Lincoln")
    assert "with this name already" in text(ola.post(reverse("installation"), new))


def test_an_operator_sees_no_school_from_inside_and_no_student(
    ola: Client, operator: User, school: School, administrator: User
) -> None:
    for name in ("upload", "students", "people", "history", "problems", "students-csv"):
        assert ola.get(reverse(name, args=[school.pk])).status_code == 404, name
    about = text(ola.get(reverse("installation-school", args=[school.pk])))
    assert "Enter this school" in about
    assert "Invite the first owner" not in about  # it has people already
    mine = {"email": "mine@district.example"}
    ola.post(reverse("installation-school", args=[school.pk]), mine)
    assert not StaffInvitation.objects.exists()
    with pytest.raises(PeopleRefused, match="operator"):
        people.add(school, operator, "owner", None)


def test_health_jobs_and_measures_are_shown(ola: Client, school: School) -> None:
    staff.invite(school, "nell@lincoln.example", "owner", None)
    health = text(ola.get(reverse("installation-health")))
    for words in ("No worker is running", "send_staff_invitation", "rollbook_jobs_waiting"):
        assert words in health


def test_others_find_no_installation(admin: Client, school: School) -> None:
    for name, keys in (
        ("installation", []),
        ("installation-health", []),
        ("installation-school", [school.pk]),
    ):
        assert admin.get(reverse(name, args=keys)).status_code == 404
    enter = reverse("enter-school", args=[school.pk])
    assert admin.post(enter, {"reason": REASON}).status_code == 404
    assert not EmergencyAccess.objects.exists()


def test_emergency_access_is_shown_to_the_school_and_ends_by_a_click(
    ola: Client, school: School, owner: User, counselor: User, mailoutbox: list[EmailMessage]
) -> None:
    enter = reverse("enter-school", args=[school.pk])
    for reason in ("", "short", "r" * 301, "a\x07 reason that beeps"):
        assert ola.post(enter, {"reason": reason}).status_code == 200
    assert not EmergencyAccess.objects.exists()
    inside = text(ola.post(enter, {"reason": REASON}, follow=True))
    assert "You have emergency access to Lincoln High School" in inside
    ola.post(enter, {"reason": "another good reason"})  # a second click is the same access
    access = EmergencyAccess.objects.get()
    assert (access.ends_at - access.began_at).total_seconds() == pytest.approx(3600, abs=5)
    for reader in (owner, counselor):
        shown = text(browser(reader).get(page(school)))
        assert "Ola Operator (ops@district.example), an operator" in shown
        assert REASON in shown
    staff.send_notice(EmergencyNotice.objects.get().pk)
    assert (mailoutbox[0].to, REASON in mailoutbox[0].body) == ([owner.email], True)
    end = reverse("end-emergency", args=[school.pk, access.pk])
    assert browser(counselor).post(end).status_code == 403
    assert "access has ended" in text(browser(owner).post(end, follow=True))
    assert ola.get(page(school)).status_code == 404
    assert REASON in text(browser(owner).get(reverse("people", args=[school.pk])))
    actions = AuditEntry.objects.filter(school=school).values_list("action", flat=True)
    assert {"emergency_access.began", "emergency_access.ended"} <= set(actions)


def test_emergency_access_manages_no_people_and_deletes_no_school(
    ola: Client, school: School, owner: User, counselor: User
) -> None:
    ola.post(reverse("enter-school", args=[school.pk]), {"reason": REASON})
    assert ola.get(reverse("students", args=[school.pk])).status_code == 200
    listed = text(ola.get(reverse("people", args=[school.pk])))
    assert "Invite somebody" not in listed
    ola.post(reverse("people", args=[school.pk]), {"email": "x@y.example", "role": "counselor"})
    ola.post(reverse("person-change", args=[school.pk, counselor.pk]), {"action": "remove"})
    assert ola.get(reverse("delete-school", args=[school.pk])).status_code == 403
    assert not StaffInvitation.objects.exists()
    assert Membership.objects.filter(school=school).count() == 2


@pytest.mark.parametrize("why", ["time", "left", "no operator", "disabled"])
def test_emergency_access_ends(ola: Client, operator: User, school: School, why: str) -> None:
    access, _notices = emergency.enter(school, operator, REASON)
    assert ola.get(page(school)).status_code == 200
    if why == "time":
        an_hour_ago = clock.now() - timedelta(hours=1)
        EmergencyAccess.objects.update(
            began_at=an_hour_ago - timedelta(minutes=1), ends_at=an_hour_ago
        )
    elif why == "left":
        ola.post(reverse("end-emergency", args=[school.pk, access.pk]))
    elif why == "no operator":
        operators.end_operator(operator, "command line")
    else:
        people.disable_everywhere(operator, "command line")
    assert ola.get(page(school)).status_code in {302, 404}
