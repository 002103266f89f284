"""Veracross v2, and PyPI's `veracross-api`, written by others against real servers, as judge."""

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest

from rollbook.standins import veracross
from rollbook.standins.veracross import VeracrossStandIn
from rollbook.standins.veracross.school import grade_code
from tests.standins.veracross_client import VeracrossClient


@pytest.fixture(scope="module")
def running() -> Iterator[VeracrossStandIn]:
    with veracross.serve(students=250, clean=True, quota=100_000) as standin:
        yield standin


@pytest.fixture
def school(running: VeracrossStandIn) -> VeracrossClient:
    return VeracrossClient(running)


def current(standin: VeracrossStandIn) -> list[int]:
    return [one.dcid for one in standin.roster() if one.enroll_status == 0]


@pytest.fixture
def library(running: VeracrossStandIn) -> Any:
    client = pytest.importorskip("veracross_api")
    api = client.Veracross(
        {"vcurl": f"{running.address}/v2/", "vcuser": running.user_name, "vcpass": running.password}
    )
    yield api
    api.session.close()


def test_the_library_reads_everybody(library: Any, running: VeracrossStandIn) -> None:
    here = library.pull("students", parameters={"option": "2"})
    assert [one["person_pk"] for one in here] == current(running)
    everybody = [known.dcid for known in running.roster()]
    assert [one["person_pk"] for one in library.pull("students")] == everybody


def test_the_library_reads_one_student(library: Any) -> None:
    assert library.pull("students/1003")["student"]["person_pk"] == 1003


def test_the_library_asks_for_changes_only(library: Any, running: VeracrossStandIn) -> None:
    changed = library.pull("students", parameters={"updated_after": "2026-08-01"})
    assert 0 < len(changed) < len(current(running)) and all(
        one["update_date"] >= "2026-08-01" for one in changed
    )


def test_the_library_is_told_nothing_with_a_wrong_password(running: VeracrossStandIn) -> None:
    client = pytest.importorskip("veracross_api")
    api = client.Veracross(
        {"vcurl": f"{running.address}/v2/", "vcuser": running.user_name, "vcpass": "wrong"}
    )
    assert api.pull("students") is None
    api.session.close()


@pytest.mark.parametrize(
    "path", ["students.json?option=2", "students?option=2", "students?format=json&option=2"]
)
def test_a_list_is_a_bare_array_with_its_total_in_a_header(
    school: VeracrossClient, path: str
) -> None:
    answer = school.v2(path)
    assert isinstance(answer.json, list) and len(answer.json) == 100
    assert int(answer.headers["X-Total-Count"]) == len(current(school.veracross))


def test_pages_are_asked_for_in_the_query_and_end_in_an_empty_array(
    school: VeracrossClient,
) -> None:
    ids = [
        one["person_pk"]
        for page in range(1, 10)
        for one in school.v2(f"students.json?page={page}&count=60&option=2").json
    ]
    assert ids == current(school.veracross)
    past = school.v2("students.json?page=99")
    assert (past.status, past.json) == (200, []) and len(
        school.v2("students.json?count=5000&option=2").json
    ) == len(ids)


def test_a_student_comes_with_labels_and_zeros(school: VeracrossClient) -> None:
    known = {one.dcid: one for one in school.standin.roster()}
    for student in school.v2("students.json?count=1000&option=2").json:
        truth = known[student["person_pk"]]
        assert (student["first_name"], student["email_1"], student["birthday"]) == (
            truth.first_name,
            truth.email,
            truth.birth_date,
        )
        assert student["gender"][0] == truth.gender and student["enrollment_status"] == "Enrolled"
        assert student["current_grade"] in {"Pre-K", "Kindergarten", f"Grade {truth.grade_level}"}
        assert student["parent_3_fk"] == 0 and len(student) == 52


def test_grades_are_asked_for_by_code_and_several_at_once(school: VeracrossClient) -> None:
    codes = f"{grade_code(0)},{grade_code(12)}"
    students = school.v2(f"students.json?count=1000&grade_level={codes}").json
    assert {one["current_grade"] for one in students} == {"Kindergarten", "Grade 12"}


def test_one_student_is_wrapped_and_has_no_total(school: VeracrossClient) -> None:
    answer = school.v2("students/1003.json")
    assert answer.json.keys() == {"student"} and answer.headers["X-Total-Count"] is None
    assert school.v2("students/9.json").status == 404 and school.v2("nothing.json").status == 404


def test_recent_students_and_relationships_are_arrays(school: VeracrossClient) -> None:
    recent = school.v2("students/recent?count=1000").json
    assert 0 < len(recent) < len(current(school.veracross))
    assert [one["relationship"] for one in school.v2("students/1003/relationships.json").json] == [
        "Mother",
        "Father",
    ]


def test_roles_come_in_either_form() -> None:
    with veracross.serve(students=20, roles_as_list=True) as standin:
        assert VeracrossClient(standin).v2().json[0]["roles"] == [{"description": "Student"}]


def test_a_wrong_password_is_a_401_with_a_challenge(school: VeracrossClient) -> None:
    answer = school.v2(password="wrong")
    assert answer.status == 401 and answer.headers["WWW-Authenticate"].startswith("Basic")
    assert school.send("GET", "/exs/v2/students.json", {}).status == 401


def test_the_client_in_any_letter_case_is_found_and_another_is_not(school: VeracrossClient) -> None:
    sent = {"Authorization": "Basic eDp5"}
    assert school.send("GET", "/EXS/v2/students.json", sent).status == 401
    assert school.send("GET", "/nosuch/v2/students.json", sent).status == 404


def test_nonsense_is_refused(school: VeracrossClient) -> None:
    assert school.v2("students.json?page=x").status == 400
    assert school.v2("students?format=yaml").status == 406


@pytest.mark.parametrize("path", ["students.xml?option=2", "students?format=xml&option=2"])
def test_xml_is_answered_too(school: VeracrossClient, path: str) -> None:
    root = ElementTree.fromstring(school.v2(path).body)
    students = school.v2("students?option=2").json
    assert root.tag == "students" and len(root) == len(students)
    assert root[0].findtext("person_pk") == str(students[0]["person_pk"])
    assert root[0].findtext("legacy_id") == ""
    assert ElementTree.fromstring(school.v2("students/1003.xml").body).tag == "student"


def test_the_reset_is_a_number_of_seconds() -> None:
    with veracross.serve(students=20, quota=2, quota_seconds=100) as standin:
        client = VeracrossClient(standin)
        answers = [client.v2() for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert [answer.headers["X-Rate-Limit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert all(98 <= int(answer.headers["X-Rate-Limit-Reset"]) <= 100 for answer in answers)


def test_neighbours_of_the_students_are_lists_too(school: VeracrossClient) -> None:
    for kind in ("facstaff", "parents", "classes", "enrollments"):
        answer = school.v2(f"{kind}.json?count=10")
        assert len(answer.json) == 10 and int(answer.headers["X-Total-Count"]) > 10, kind
    student = school.v2("students/1003.json").json["student"]
    household = school.v2(f"households/{student['household_fk']}.json").json["household"]
    assert household["household_pk"] == student["household_fk"] and household["city"]
    assert school.v2("households/1.json").status == 404
    assert "first_nick_name" in student
    assert "nick_first_name" in school.v2("facstaff.json").json[0]
