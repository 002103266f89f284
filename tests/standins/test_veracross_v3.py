"""Veracross v3: what a request has to look like, and what comes back."""

import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from rollbook.standins import veracross
from rollbook.standins.veracross import answers
from rollbook.standins.veracross.school import (
    GRADES,
    LIST_ORDER,
    SINGLE_ORDER,
    grade_code,
    grade_label,
)
from tests.standins.veracross_client import VeracrossClient

FIELDS = [
    "id",
    "first_name",
    "middle_name",
    "last_name",
    "preferred_name",
    "household_id",
    "gender",
    "email_1",
    "grade_level",
    "school_level",
    "graduation_year",
    "homeroom",
    "homeroom_teacher",
    "advisor",
    "campus",
    "username",
    "entry_date",
    "exit_date",
    "birthday",
    "roles",
    "last_modified_date",
    "enrollment_status",
    "house",
    "student_group",
]


@pytest.fixture(scope="module")
def school() -> Iterator[VeracrossClient]:
    """250 students, nobody without an e-mail. Tests only read from it."""
    with veracross.serve(students=250, clean=True, quota=100_000) as standin:
        yield VeracrossClient(standin)


def current(client: VeracrossClient) -> list[int]:
    return [one.dcid for one in client.standin.roster() if one.enroll_status == 0]


def test_the_list_gives_a_hundred_unless_asked_and_at_most_a_thousand(
    school: VeracrossClient,
) -> None:
    assert len(school.v3().json["data"]) == 100
    assert [one["id"] for one in school.v3(page_size="1000").json["data"]] == current(school)
    assert [one["id"] for one in school.everybody(size=7)] == current(school)


@pytest.mark.parametrize(
    "header",
    [{"page_size": "0"}, {"page_size": "1001"}, {"page_size": "ten"}, {"page_number": "0"}],
)
def test_a_page_that_can_not_be_is_refused(school: VeracrossClient, header: dict[str, str]) -> None:
    assert school.v3(**header).status == 400


def test_pages_past_the_end_are_empty_lists(school: VeracrossClient) -> None:
    assert school.v3(page_number="99").json == {"data": []}


def test_a_student_has_every_field_in_the_order_of_the_description(school: VeracrossClient) -> None:
    for student in school.v3(page_size="1000").json["data"]:
        assert list(student) == FIELDS
        assert set(student["campus"]) == {"description", "id"} and set(student["advisor"]) == {
            "name",
            "id",
        }
        assert student["roles"].split(", ")[0] == "Student" and student["exit_date"] is None


def test_values_are_those_of_the_list_of_truth(school: VeracrossClient) -> None:
    lists = {
        each["fields"][0]: each["items"]
        for each in school.v3(value_lists="include").json["value_lists"]
    }
    labels = {
        name: {item["id"]: item["description"] for item in items} for name, items in lists.items()
    }
    for known, student in zip(
        (one for one in school.standin.roster() if one.enroll_status == 0),
        school.everybody(),
        strict=True,
    ):
        assert (student["first_name"], student["last_name"], student["email_1"]) == (
            known.first_name,
            known.last_name,
            known.email,
        )
        assert (student["birthday"], student["graduation_year"]) == (
            known.birth_date,
            known.graduation_year,
        )
        assert labels["grade_level"][student["grade_level"]] == grade_label(known.grade_level)
        assert labels["gender"][student["gender"]][0] == known.gender
        assert labels["enrollment_status"][student["enrollment_status"]] == "Enrolled"


def test_no_code_of_a_grade_is_the_grade_itself() -> None:
    assert len({grade_code(level) for level in GRADES}) == len(GRADES)
    assert [level for level in GRADES if grade_code(level) == level] == []
    assert grade_code(0) == 20 and 0 not in {grade_code(level) for level in GRADES}


def test_value_lists_come_only_when_asked_in_their_order_with_numbers_and_an_item_for_none(
    school: VeracrossClient,
) -> None:
    assert school.v3().json.keys() == {"data"}
    lists = school.v3(value_lists="include").json["value_lists"]
    assert tuple(each["fields"][0] for each in lists) == LIST_ORDER
    for each in lists:
        assert each["items"][0]["id"] == 0 and "None" in each["items"][0]["description"]
        assert all(isinstance(item["id"], int) for item in each["items"]) and each["categories"]


def test_the_single_read_differs_as_described(school: VeracrossClient) -> None:
    answer = school.v3("students/1003", value_lists="include").json
    assert tuple(each["fields"][0] for each in answer["value_lists"]) == SINGLE_ORDER
    assert set(FIELDS) - set(answer["data"]) == {"roles", "house", "student_group"}
    assert set(answer["data"]) - set(FIELDS) == {"name_prefix", "name_suffix", "current_location"}
    assert isinstance(answer["data"]["campus"], int)
    assert school.v3("students/7").status == 404


def test_a_route_in_any_letter_case_and_a_json_ending_are_accepted(school: VeracrossClient) -> None:
    headers = {"Authorization": f"Bearer {school.token()}"}
    for path in ("/EXS/v3/students", "/exs/v3/students.json", "/Exs/v3/students/1003.json"):
        assert school.send("GET", path, headers).status == 200


@pytest.mark.parametrize(
    "query",
    ["page=2", "page[size]=100", "grade_level=9", "graduation_year=2030", "school_level=2&x=1"],
)
def test_an_unknown_parameter_is_refused_by_name(school: VeracrossClient, query: str) -> None:
    answer = school.v3(f"students?{query}")
    assert answer.status == 400
    names = sorted(part.partition("=")[0] for part in query.split("&"))
    assert answer.json["error"] == f"Unknown parameters were provided: {', '.join(names)}"
    assert len(answer.json["error_id"]) == 36


@pytest.mark.parametrize(
    ("query", "keeps"),
    [
        ("campus_id=2", lambda one: one["campus"]["id"] == 2),
        ("homeroom=12", lambda one: one["homeroom"] == 12),
        ("homeroom_teacher_id=301", lambda one: one["homeroom_teacher"]["id"] == 301),
        ("advisor_id=302", lambda one: one["advisor"]["id"] == 302),
        ("household_id=9010", lambda one: one["household_id"] == 9010),
        ("enrollment_status=3", lambda one: True),
        ("enrollment_status=4", lambda one: False),
        (
            "on_or_after_last_modified_date=2026-08-01",
            lambda one: one["last_modified_date"] >= "2026-08-01",
        ),
        (
            "on_or_before_last_modified_date=2026-08-01T00:00:00Z",
            lambda one: one["last_modified_date"] <= "2026-08-01T00:00:00Z",
        ),
        ("on_or_after_entry_date=2026-09-01", lambda one: True),
        ("on_or_before_exit_date=2030-01-01", lambda one: False),
    ],
)
def test_each_filter_keeps_whom_it_should(
    school: VeracrossClient, query: str, keeps: object
) -> None:
    assert callable(keeps)
    expected = [one["id"] for one in school.everybody() if keeps(one)]
    assert [one["id"] for one in school.everybody(f"students?{query}")] == expected


@pytest.mark.parametrize("query", ["role=x", "campus_id=", "on_or_after_entry_date=yesterday"])
def test_a_filter_that_makes_no_sense_is_refused(school: VeracrossClient, query: str) -> None:
    assert school.v3(f"students?{query}").status == 400


def test_future_students_come_by_their_role_only(school: VeracrossClient) -> None:
    roles = next(
        each
        for each in school.v3(value_lists="include").json["value_lists"]
        if each["fields"] == ["role"]
    )
    future = next(item["id"] for item in roles["items"] if item["description"] == "Future Student")
    expected = [one.dcid for one in school.standin.roster() if one.enroll_status == -1]
    assert [one["id"] for one in school.everybody(f"students?role={future}")] == expected != []


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/nosuch/v3/students", 404, "The requested client is unknown"),
        ("/exs/v3/teachers", 404, "The requested endpoint wasn't found"),
        ("/exs/v4/students", 404, "The requested endpoint wasn't found"),
        ("/exs/v3", 404, "The requested endpoint wasn't found"),
        ("/exs/v3/students/{id}", 400, "The URL path is missing required parameters: id"),
    ],
)
def test_a_wrong_path_is_told_apart(
    school: VeracrossClient, path: str, status: int, error: str
) -> None:
    answer = school.send("GET", path, {"Authorization": f"Bearer {school.token()}"})
    assert (answer.status, answer.json["error"]) == (status, error)


def test_only_reading_is_allowed(school: VeracrossClient) -> None:
    assert (
        school.send(
            "POST", "/exs/v3/students", {"Authorization": f"Bearer {school.token()}"}, b"{}"
        ).status
        == 405
    )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Accept": "application/*"}, 200),
        ({"Accept": "text/html, */*;q=0.1"}, 200),
        ({"Accept": "application/xml"}, 406),
        ({"Accept-Encoding": "gzip"}, 406),
        ({"Accept-Encoding": "gzip, identity"}, 200),
        ({"Accept-Encoding": "gzip, deflate, br"}, 200),
    ],
)
def test_content_type_and_encoding_have_to_be_acceptable(
    school: VeracrossClient, headers: dict[str, str], status: int
) -> None:
    assert school.v3(**headers).status == status


def test_the_json_ending_overrides_what_is_accepted(school: VeracrossClient) -> None:
    assert school.v3("students.json", Accept="application/xml").status == 200


def test_every_answer_carries_the_rate_headers_with_a_unix_time_in_the_future(
    school: VeracrossClient,
) -> None:
    answers = [
        school.v3(),
        school.v3("nothing"),
        school.v3("students?x=1"),
        school.send("GET", "/exs/v3/students", {}),
        school.send("GET", "/nosuch/v3/students", {}),
    ]
    for answer in answers:
        assert int(answer.headers["X-Rate-Limit-Limit"]) == 100_000
        assert int(answer.headers["X-Rate-Limit-Remaining"]) <= 100_000
        assert 0 < int(answer.headers["X-Rate-Limit-Reset"]) - time.time() <= 181
        assert answer.headers["X-API-Revision"] and answer.headers["Status"].startswith(
            str(answer.status)
        )


def test_the_quota_is_counted_for_each_token_and_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = SimpleNamespace(now=1_800_000_000.0)
    monkeypatch.setattr(answers, "time", SimpleNamespace(time=lambda: clock.now))
    with veracross.serve(students=20, quota=3, quota_seconds=180) as standin:
        client = VeracrossClient(standin)
        first, second = client.token(), client.token()
        assert [client.v3(token=first).headers["X-Rate-Limit-Remaining"] for _ in range(3)] == [
            "2",
            "1",
            "0",
        ]
        refusal = client.v3(token=first)
        assert (refusal.status, refusal.json["error"]) == (429, "Too Many Requests")
        assert refusal.headers["Retry-After"] is None
        assert refusal.headers["X-Rate-Limit-Remaining"] == "0"
        assert client.v3(token=second).status == 200
        clock.now += 181
        assert client.v3(token=first).status == 200


def test_weeks_and_edits_are_seen_at_once() -> None:
    with veracross.serve(students=250, clean=True) as standin:
        client = VeracrossClient(standin)
        list(client.everybody())
        standin.week = 3
        standin.edit(1003, last_name="Changed", enroll_status=0)
        assert [one["id"] for one in client.everybody()] == current(client)
        assert client.v3("students/1003").json["data"]["last_name"] == "Changed"


def test_a_hostile_roster_goes_out_as_it_is() -> None:
    with veracross.serve(students=400, hostile=True) as standin:
        client = VeracrossClient(standin)
        students = list(client.everybody(size=1000))
    assert any("last_name" not in one for one in students) and any(
        "birthday" not in one for one in students
    )
    assert any("grade_level" not in one for one in students) and any(
        one["email_1"] is None for one in students
    )
