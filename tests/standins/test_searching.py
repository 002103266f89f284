"""`q`: operators, AND, lists of values, wildcards, odd encodings, and what it refuses."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.standins.powerschool.fiql import QueryError, WrongType, condition, parse
from tests.standins.client import Client


def _found(school: Client, q: str) -> set[int]:
    return {one["id"] for one in school.students(q)}


def _truth(school: Client, **expected: object) -> set[int]:
    return {
        one.dcid
        for one in school.standin.roster()
        if all(getattr(one, name) == value for name, value in expected.items())
    }


@pytest.mark.parametrize(
    "q",
    [
        "school_enrollment.enroll_status_code==0",
        "school_enrollment.enroll_status==A",
        "school_enrollment.enroll_status==a",
        "School_Enrollment.Enroll_Status==(a)",
        "school_enrollment.enroll_status_code=ge=0;school_enrollment.enroll_status_code=lt=1",
        "school_enrollment.enroll_status_code=gt=-1;school_enrollment.enroll_status_code=le=0",
        "school_enrollment.enroll_status_code%3D%3D0",
        "school_enrollment.enroll_status_code==0;",
    ],
)
def test_the_active_students_can_be_asked_for_in_many_ways(school: Client, q: str) -> None:
    assert _found(school, q) == _truth(school, enroll_status=0)


def test_lists_of_values_with_numbers_and_letters(school: Client) -> None:
    expected = _truth(school, enroll_status=0) | _truth(school, enroll_status=-1)
    assert _found(school, "school_enrollment.enroll_status_code==(-1,0)") == expected
    assert _found(school, "school_enrollment.enroll_status==(A%2CP)") == expected
    assert _found(school, "school_enrollment.enroll_status==(P,+a)") == expected
    everybody = _found(school, "school_enrollment.enroll_status==(A,P,I,T,G,H)")
    assert everybody == {one.dcid for one in school.standin.roster()}


def test_names_match_exactly_or_with_wildcards(school: Client) -> None:
    roster = school.standin.roster()
    name = roster[4].last_name
    assert _found(school, f"name.last_name=={quote(name)}") == _truth(school, last_name=name)
    assert _found(school, "name.Last_Name==Ma*") == {
        one.dcid for one in roster if one.last_name.startswith("Ma")
    }
    assert _found(school, "name.first_name==*a") == {
        one.dcid for one in roster if one.first_name.endswith("a")
    }
    assert len(_found(school, "name.last_name==*")) == 250
    assert _found(school, f"student_username=={roster[9].username}") == {roster[9].dcid}


def test_special_characters_may_be_raw_encoded_once_or_twice(own: Client) -> None:
    """A `;` that is encoded once means AND; encoded twice it is part of the value (OD)."""
    own.standin.edit(1003, last_name="O'Neil; (Jr)")
    assert _found(own, "name.last_name==" + quote(quote("O'Neil; (Jr)"))) == {1003}
    assert (
        own.get("/ws/v1/district/student?q=name.last_name==" + quote("O'Neil; (Jr)")).status == 400
    )
    own.standin.edit(1004, last_name="O'Neil")
    assert _found(own, "name.last_name==O'Neil") == {1004}
    assert _found(own, "name.last_name==O%2527Neil") == {1004}


def test_dates_and_absent_values(own: Client) -> None:
    own.standin.edit(1003, entry_date="2026-10-05")
    assert _found(
        own, "school_enrollment.entry_date=ge=2026-10-01;school_enrollment.entry_date=lt=2027-01-01"
    ) == {1003}
    without = {one.dcid for one in own.standin.roster() if not one.middle_name}
    assert without and _found(own, "name.middle_name==%5Cu0000") == without


def test_a_status_without_a_letter_counts_as_inactive(own: Client) -> None:
    own.standin.edit(1003, enroll_status=7)
    assert 1003 in _found(own, "school_enrollment.enroll_status==I")
    enrollment = own.get("/ws/v1/student/1003?expansions=school_enrollment").json["student"][
        "school_enrollment"
    ]
    assert (enrollment["enroll_status"], enrollment["enroll_status_code"]) == ("I", 7)


def test_other_lists_can_be_searched_by_what_they_show(school: Client) -> None:
    target = "/ws/v1/school/5/section"
    sections = school.get(f"{target}?q=term.start_year==2026;course_id==31").json["sections"][
        "section"
    ]
    assert {one["course_id"] for one in sections} == {31}
    assert school.get(f"{target}/count?q=course_id==31").json == {
        "resource": {"count": len(sections)}
    }
    assert "section" not in school.get(f"{target}?q=term.start_year==1999").json["sections"]
    assert school.get(f"{target}?q=nothing==1").status == 400
    one = school.get("/ws/v1/district/school?q=name==Exampleton+High*").json["schools"]["school"]
    assert one["id"] == 5


def test_sections_come_by_number_and_course(school: Client) -> None:
    sections = school.get("/ws/v1/school/5/section").json["sections"]["section"]
    keys = [(one["section_number"], one["course_id"]) for one in sections]
    assert keys == sorted(keys) and len(keys) > 20


def test_and_narrows_a_search(school: Client) -> None:
    q = "school_enrollment.enroll_status==A;school_enrollment.school_number==300;local_id=lt=20100"
    expected = {dcid for dcid in _truth(school, enroll_status=0, school_number=300) if dcid < 1100}
    assert _found(school, q) == expected


@pytest.mark.parametrize(
    "q",
    [
        "shoe_size==44",
        "name.last_name",
        "local_id==abc",
        "local_id==",
        "local_id=like=3",
        "local_id=gt=(1,2)",
        "school_enrollment.enroll_status==Z",
        "a==1,b==2",
        "school_enrollment.entry_date=ge=yesterday",
        "local_id==(1,)",
        "name.last_name==A,name.last_name==B",
    ],
)
def test_what_cannot_be_read_is_400_with_a_message(school: Client, q: str) -> None:
    for path in ("district/student", "district/student/count", "school/5/student"):
        answer = school.get(f"/ws/v1/{path}?q={q}")
        assert answer.status == 400 and isinstance(answer.json["errorMessage"]["message"], str), (
            path
        )


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        for term in parse(text):
            condition(term, "number")(3)
    except (QueryError, WrongType):
        pass


@given(st.integers(-99, 99), st.integers(-99, 99))
def test_order_operators_compare_numbers_as_numbers(value: int, edge: int) -> None:
    expected = {
        "=gt=": value > edge,
        "=ge=": value >= edge,
        "=lt=": value < edge,
        "=le=": value <= edge,
        "==": value == edge,
    }
    for operator, holds in expected.items():
        [term] = parse(f"x{operator}{edge}")
        assert condition(term, "number")(value) is holds
        assert condition(term, "number")(str(value)) is holds
        assert condition(term, "number")(None) is False
