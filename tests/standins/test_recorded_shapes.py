"""Answers in the shapes that were recorded in real schools."""

from collections.abc import Iterator
from typing import Any

import pytest

from rollbook.standins import powerschool
from tests.standins.client import Client


@pytest.fixture
def own() -> Iterator[Client]:
    with powerschool.serve(students=40, clean=True) as standin:
        yield Client(standin)


def _student(client: Client, dcid: int, **query: str) -> Any:
    parts = "&".join(f"{name}={value}" for name, value in query.items())
    return client.get(f"/ws/v1/student/{dcid}?{parts}").json["student"]


def test_recorded_oddities_of_other_students_come_too(own: Client) -> None:
    own.standin.edit(1002, email="")
    assert _student(own, 1002, expansions="contact_info")["contact_info"] == ""
    data = _student(own, 1003, extensions="u_students_extension,c_studentlocator")
    numbers, locator = sorted(
        data["_extension_data"]["_table_extension"], key=lambda table: not table["recordFound"]
    )
    assert {"name": "locker_number", "type": "String", "value": 1003} in numbers["_field"]
    assert locator["recordFound"] is False and locator["_field"]


def test_a_school_keeps_its_emails_where_it_likes() -> None:
    for home in ("contact_info", "extension", "username", "domain", "none"):
        with powerschool.serve(students=20, email_home=home, clean=True) as standin:
            known = standin.roster()[1]
            student = _student(
                Client(standin),
                known.dcid,
                expansions="contact_info",
                extensions="u_students_extension",
            )
        body = str(student)
        assert (known.email in body) is (home not in {"domain", "none"}), home
        name = {"username": known.email, "domain": known.email.partition("@")[0]}.get(home)
        assert student["student_username"] == (name or known.username)


def test_a_section_lists_who_takes_it(own: Client) -> None:
    sections = own.get("/ws/v1/school/5/section").json["sections"]["section"]
    assert "gradebooktype" in sections[0]
    taken = own.get(f"/ws/v1/section/{sections[0]['id']}/section_enrollment").json
    entries = taken["section_enrollments"].get("section_enrollment", [])
    for entry in entries if isinstance(entries, list) else [entries]:
        assert entry["section_id"] == sections[0]["id"] and entry["dropped"] is False
    assert own.get("/ws/v1/section/9/section_enrollment").status == 404


def test_staff_carry_the_id_of_their_user(own: Client) -> None:
    staff = own.get("/ws/v1/school/5/staff").json["staffs"]["staff"]
    assert all(person["users_dcid"] for person in staff)
