"""The records of a page: what one says is compared without making a dict of it."""

from typing import Any

import pytest

from rollbook.sources.powerschool_answers import StudentReader
from rollbook.sources.record_types import RecordType
from rollbook.sources.sent_records import SentRecords, sent_records

FIELDS = frozenset({"id", "email", "first_name", "birth_date"})
STUDENT = (
    b'{"id":1,"name":{"first_name":"Ada"},"contact_info":{"email":"a@x.example"},'
    b'"demographics":{"birth_date":"2010-05-17"},"school_enrollment":{"grade_level":9}}'
)


def page(*students: bytes, fields: frozenset[str] = FIELDS) -> SentRecords:
    body = b'{"students":{"student":[%b]}}' % b",".join(students)
    return StudentReader(fields).records(body)


def content(student: bytes) -> bytes | None:
    return page(student).contents(["grade_level"])[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"id":1', b'"id":1,"phone":"555"'),
        (b'"grade_level":9', b'"grade_level":10'),
        (b'{"id":1,', b'{"@expansions":"a", "id" : 1 ,'),
        (b'{"first_name":"Ada"}', b'{"last_name":"King","first_name":"\\u0041da"}'),
    ],
)
def test_what_is_not_mapped_is_no_part_of_what_a_record_says(old: bytes, new: bytes) -> None:
    assert old in STUDENT
    assert content(STUDENT.replace(old, new)) == content(STUDENT)


@pytest.mark.parametrize("new", [b'"Eve"', b"1", b"true", b"null", b'""', b"1.0", b'"1"'])
def test_another_value_is_another_content(new: bytes) -> None:
    absent = content(STUDENT.replace(b'"first_name":"Ada"', b""))
    contents = [content(STUDENT), absent, content(STUDENT.replace(b'"Ada"', new))]
    assert len(set(contents)) == 3 and None not in contents


def test_values_that_trade_places_are_another_content() -> None:
    moved = STUDENT.replace(b'"Ada"', b'"2010-05-17"').replace(
        b'"birth_date":"2010-05-17"', b'"birth_date":"Ada"'
    )
    assert content(moved) != content(STUDENT)


def test_a_number_that_is_too_long_to_be_packed_has_no_content() -> None:
    assert content(STUDENT.replace(b'"Ada"', b"9" * 30)) is None


def test_a_record_is_whole_after_its_content_was_taken() -> None:
    records = page(STUDENT, b'{"id":2}')
    before = list(records)
    records.contents(["grade_level"])
    assert list(records) == before == list(records.chosen([0, 1]))
    assert records.values("grade_level") == [9, None] and records.has("grade_level")
    assert records.values("id") == [1, 2] and not records.has("home_room")


def test_a_field_that_the_source_fills_itself_is_there_too() -> None:
    address = "student_username@x.example"
    records = page(b'{"id":1,"student_username":"a"}', fields=frozenset({"id", address}))
    assert records.has(address) and records.values(address) == ["a@x.example"]


@pytest.mark.parametrize("key", ["__class__", "class", "a b", "u_ext.student email", ""])
def test_any_name_can_be_that_of_a_field(key: str) -> None:
    record_type = RecordType({"": frozenset({"id", key})}, "id")
    record = record_type.with_faults({"id": 1, key: "x"})
    assert record_type.flat(record) == {"id": 1, key: "x"}


def test_a_list_of_dicts_is_a_page_too() -> None:
    dicts: list[dict[str, Any]] = [{"id": 1}, {"id": 2, "name": None}]
    records = sent_records(dicts)
    assert list(records) == dicts and records.has("name")
    assert records.values("name") == [None, None]
    assert records.contents([]) == [None, None] and records.most_values == 3
