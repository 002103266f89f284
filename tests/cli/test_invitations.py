"""Registration emails by the command line."""

import pytest

from rollbook.schools.models import School
from rollbook.students.models import Invitation, StudentAccount
from tests.cli.conftest import Command

pytestmark = pytest.mark.django_db


def test_students_are_counted_invited_once_and_listed(inside: Command, school: School) -> None:
    for number in range(3):
        email = f"s{number}@lincoln.example"
        StudentAccount.objects.create(
            school=school, email=email, email_key=email, first_name="Ada", last_name=str(number), graduation_year=2028 + number % 2
        )
    assert inside("invite", "--json").code == 2
    assert inside("invite", "nobody@lincoln.example", "--json").json["error"]["code"] == "student_not_found"
    assert inside("invite", "--all", "--preview", "--json").json["invited"] == 3
    assert Invitation.objects.count() == 0
    assert inside("invite", "S1@lincoln.example", "--json").json["invited"] == 1
    answer = inside("invite", "--all", "--json").json
    assert (answer["invited"], answer["left_out"]["just_invited"]) == (2, 1)
    listed = inside("invitations", "--state", "waiting", "--json")
    assert len(listed.json["invitations"]) == 3
    assert "me/register" not in listed.out and "lincoln.example" not in listed.out
