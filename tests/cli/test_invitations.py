"""Registration emails by the command line."""

from pathlib import Path

import pytest

from rollbook.schools.models import School
from rollbook.sources.spreadsheet.reader import read_sheet
from rollbook.students.models import Invitation, StudentAccount
from tests.cli.conftest import Command

pytestmark = pytest.mark.django_db


def test_students_are_counted_invited_once_and_listed(inside: Command, school: School) -> None:
    for number in range(3):
        email = f"s{number}@lincoln.example"
        StudentAccount.objects.create(
            school=school,
            email=email,
            email_key=email,
            first_name="Ada",
            last_name=str(number),
            graduation_year=2028 + number % 2,
        )
    assert inside("invite", "--json").code == 2
    assert (
        inside("invite", "nobody@lincoln.example", "--json").json["error"]["code"]
        == "student_not_found"
    )
    assert inside("invite", "--all", "--preview", "--json").json["invited"] == 3
    assert Invitation.objects.count() == 0
    assert inside("invite", "S1@lincoln.example", "--json").json["invited"] == 1
    answer = inside("invite", "--all", "--json").json
    assert (answer["invited"], answer["left_out"]["just_invited"]) == (2, 1)
    listed = inside("invitations", "--state", "waiting", "--json")
    assert len(listed.json["invitations"]) == 3
    assert "me/register" not in listed.out and "lincoln.example" not in listed.out


def test_students_are_exported_as_they_are_filtered(
    inside: Command, school: School, tmp_path: Path
) -> None:
    for number, first in enumerate(("Zoë", "Grace")):
        email = f"s{number}@lincoln.example"
        StudentAccount.objects.create(
            school=school,
            email=email,
            email_key=email,
            first_name=first,
            last_name="=Byron",
            sis_id=f"00{number}",
            graduation_year=2028,
        )
    for kind in ("csv", "xlsx"):
        file = tmp_path / f"students.{kind}"
        assert (
            inside("students", "export", "-o", str(file), "--search", "zoe", "--json").json[
                "students"
            ]
            == 1
        )
        sheet = read_sheet(file.read_bytes(), file.name)
        cells = [cell for row in sheet.rows for cell in row.cells]
        assert "Zoë" in cells and "000" in cells and "Grace" not in cells
    assert (
        inside("students", "export", "-o", str(tmp_path / "students.pdf"), "--json").json["error"][
            "code"
        ]
        == "format_unknown"
    )
    assert inside("students", "--search", "ZOE", "--json").json["total"] == 1
    assert inside("students", "--open-problem", "--json").json["total"] == 0
