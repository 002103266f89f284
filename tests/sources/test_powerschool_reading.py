"""Reading a roster from PowerSchool: its way of writing JSON, and which fields are asked for."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.roster.fields import REQUIRED_FIELDS, STUDENT_FIELDS
from rollbook.sources.bearer import granted
from rollbook.sources.bounds import Bounds
from rollbook.sources.errors import AddressRefused, SourceError, UnexpectedShape
from rollbook.sources.powerschool import SOURCE
from rollbook.sources.powerschool_answers import HOLDERS, StudentReader
from rollbook.sources.powerschool_api import origin
from rollbook.sources.sent_records import Records
from tests.sources.loopback import FIELDS, SmallSchool, as_json, student

ALL = frozenset(HOLDERS)


def read(students: Any, fields: frozenset[str] = FIELDS) -> Records:
    return StudentReader(fields).records(json.dumps({"students": students}).encode())


def test_every_active_student_comes_once_with_the_wanted_fields_only() -> None:
    with SmallSchool(students=250) as school:
        pages = school.read()
    records = [record for page in pages for record in page.records]
    assert [(page.number, page.pages, page.total, len(page.records)) for page in pages] == [
        (1, 3, 250, 100),
        (2, 3, 250, 100),
        (3, 3, 250, 50),
    ]
    assert [record["id"] for record in records] == list(range(1, 251))
    assert records[0] == {
        "id": 1,
        "first_name": "Ada",
        "last_name": "Secretname1",
        "projected_graduation_year": 2028,
        "grade_level": 10,
        "email": "student1@example.org",
    }


def test_only_active_students_are_asked_for_and_only_the_expansions_that_hold_wanted_fields() -> (
    None
):
    with SmallSchool(students=5) as school:
        school.read(fields=frozenset({"id", "first_name", "last_name"}))
        school.read(fields=FIELDS | {"birth_date"})
        asked = [asked for asked in school.server.asked if asked.path.startswith("/ws/v1/district")]
    assert {asked.query["q"] for asked in asked} == {"school_enrollment.enroll_status_code==0"}
    assert [asked.query["expansions"] for asked in asked if asked.query.get("page") == "1"] == [
        "school_enrollment",
        "contact_info,demographics,school_enrollment",
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (frozenset({"gender"}), {"id": 1, "grade_level": 10, "gender": "F"}),
        (
            frozenset({"local_id", "middle_name"}),
            {"id": 1, "local_id": 10_001, "middle_name": "Q", "grade_level": 10},
        ),
        (frozenset({"no such field"}), {"id": 1, "grade_level": 10}),
        (frozenset[str](), {"id": 1, "grade_level": 10}),
    ],
)
def test_fields_that_are_not_mapped_are_not_read(
    fields: frozenset[str], expected: dict[str, Any]
) -> None:
    assert read({"student": [student(1)]}, fields) == [expected]


def test_one_student_may_come_as_an_object() -> None:
    assert read({"student": student(1)}) == read({"student": [student(1)]})


@pytest.mark.parametrize(
    "empty", [{}, {"@expansions": "a, b"}, "", {"student": ""}, {"student": []}, {"student": None}]
)
def test_a_page_without_students_is_empty(empty: Any) -> None:
    assert read(empty) == []


def test_what_powerschool_did_not_send_is_absent_and_not_empty() -> None:
    assert read({"student": [{"id": 7, "name": {"first_name": "Ada"}}]}) == [
        {"id": 7, "first_name": "Ada"}
    ]


def test_an_empty_object_may_come_as_an_empty_text() -> None:
    assert read(
        {
            "student": {
                "id": 7,
                "name": "",
                "demographics": "",
                "contact_info": "",
                "school_enrollment": "",
            }
        }
    ) == [{"id": 7}]


def test_numbers_for_text_and_text_for_numbers_are_passed_on() -> None:
    odd = {
        "id": "7",
        "name": {"first_name": 7, "last_name": 19.5},
        "demographics": {"projected_graduation_year": "2028"},
    }
    assert read({"student": odd}) == [
        {"id": "7", "first_name": 7, "last_name": 19.5, "projected_graduation_year": "2028"}
    ]


def test_an_unset_graduation_year_is_passed_on_as_zero() -> None:
    assert (
        read({"student": {"id": 7, "demographics": {"projected_graduation_year": 0}}})[0][
            "projected_graduation_year"
        ]
        == 0
    )


def test_unknown_keys_in_new_versions_are_skipped() -> None:
    assert read({"student": {"id": 7, "new": {"deep": [1, {"x": None}]}}, "more": [[]]}) == [
        {"id": 7}
    ]


def test_the_user_name_is_read_as_it_is_and_with_a_domain() -> None:
    students = [
        student(1) | {"student_username": "ada"},
        student(2),
        student(3) | {"student_username": 20_418},
    ]
    with SmallSchool() as school:
        school.students = students
        name, address = "student_username", "student_username@x.example"
        records = school.records(fields=frozenset({"id", name, address}))
        alone = school.records(fields=frozenset({"id", address}))
    assert [record.get(name) for record in records] == ["ada", "user2", 20_418]
    addresses = ["ada@x.example", "user2@x.example", "20418@x.example"]
    assert [record.get(address) for record in records] == addresses
    assert [record.get(address) for record in alone] == addresses
    assert all(name not in record for record in alone)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b"[]",
        b"{}",
        b"null",
        b'{"students":[]}',
        b'{"students":{"student":[1]}}',
        b'{"students":{"student":[[]]}}',
        b'{"students":{"student":{"id":{}}}}',
        b'{"students":{"student":[{"id":1},',
        b'{"students":{"student":{"id":1e999}}}',
        b'{"students":{"student":{"id":' + b"9" * 5_000 + b"}}}",
        b'{"x":' + b"[" * 200_000,
        b'{"students":{"student":{"id":"\xff"}}}',
    ],
    ids=range(14),
)
def test_another_shape_is_not_guessed_at(body: bytes) -> None:
    with pytest.raises(UnexpectedShape, match="not what PowerSchool answers"):
        StudentReader(ALL).records(body)


def test_an_answer_of_objects_without_end_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(UnexpectedShape):
        StudentReader(ALL).records(b'{"students":{"student":[' + b"{}," * 1_000_000 + b"{}]}}")


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
keys = st.sampled_from(
    [
        "students",
        "student",
        "id",
        "name",
        "first_name",
        "demographics",
        "gender",
        "contact_info",
        "email",
    ]
) | st.text(max_size=3)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@given(
    document=anything
    | st.builds(lambda inner: {"students": inner}, anything)
    | st.builds(lambda inner: {"students": {"student": inner}}, anything)
)
def test_any_json_is_read_or_refused_and_nothing_else(document: Any) -> None:
    try:
        records = StudentReader(ALL).records(msgspec.json.encode(document))
    except SourceError:
        return
    assert all(isinstance(record, dict) and record.keys() <= ALL for record in records)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_nothing_else(body: bytes) -> None:
    with suppress(SourceError):
        StudentReader(FIELDS).records(body)


@given(st.binary(max_size=60) | anything.map(msgspec.json.encode))
def test_any_answer_to_a_sign_in_is_a_token_or_refused(body: bytes) -> None:
    token = granted(body, datetime.now(UTC))
    assert token is None or token.value.isascii()


@pytest.mark.parametrize(
    ("pasted", "server"),
    [
        ("https://ps.example.org", "https://ps.example.org"),
        ("https://ps.example.org///", "https://ps.example.org"),
        (" https://ps.example.org/admin/home.html?x=1#top ", "https://ps.example.org"),
        ("ps.example.org/admin/home.html", "https://ps.example.org"),
        ("ps.example.org:8443", "https://ps.example.org:8443"),
        ("//ps.example.org/", "https://ps.example.org"),
        ("HTTPS://PS.Example.org/public/", "https://PS.Example.org"),
        ("http://10.0.0.5/admin", "http://10.0.0.5"),
    ],
)
def test_a_pasted_address_becomes_the_server(pasted: str, server: str) -> None:
    assert origin(pasted) == server


def test_the_page_size_is_what_the_server_allows() -> None:
    for stated, asked_for in [
        (50, "50"),
        ("250", "250"),
        (5_000, "1000"),
        (0, "100"),
        (-3, "100"),
        ("many", "100"),
        (None, "100"),
    ]:
        with SmallSchool(students=3) as school:
            school.always["metadata"] = as_json({"metadata": {"student_max_page_size": stated}})
            school.read()
            assert {
                asked.query["pagesize"]
                for asked in school.server.asked
                if "pagesize" in asked.query
            } == {asked_for}


@pytest.mark.parametrize(
    "answer",
    [
        as_json({"metadata": {}}),
        as_json({}),
        as_json([]),
        as_json({"message": "x"}, 404),
        as_json({}, 403),
    ],
)
def test_a_server_without_metadata_is_read_all_the_same(answer: Any) -> None:
    with SmallSchool(students=120) as school:
        school.always["metadata"] = answer
        assert len(school.records()) == 120


def test_the_source_describes_itself_in_words_that_the_form_and_the_mapping_use() -> None:
    (variant,) = SOURCE.variants
    assert [field.label for field in variant.credentials] == [
        "Client ID",
        "Client Secret",
        "Client URL",
    ]
    assert [field.kind for field in variant.credentials] == ["text", "secret", "url"]
    assert [row.source_field for row in variant.mapping if row.required] == [
        "id",
        "email",
        "first_name",
        "last_name",
        "projected_graduation_year",
    ]
    assert {row.field for row in variant.mapping if row.required} == set(REQUIRED_FIELDS)
    assert all(
        row.field in STUDENT_FIELDS and row.source_field in HOLDERS and row.label and row.where
        for row in variant.mapping
    )
    assert SOURCE.uploader_type == "PowerSchool Student"


def test_a_loopback_server_is_not_reached_by_default() -> None:
    with SmallSchool() as school, pytest.raises(AddressRefused):
        school.read(bounds=Bounds())
    assert school.server.asked == []
