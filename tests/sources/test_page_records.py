"""A record that can't be read, or that has a key twice, costs no other record of its page."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.roster.planning.mapping import MappedRecord, RecordMapper
from rollbook.roster.planning.selecting import Selector
from rollbook.roster.records import Selection
from rollbook.roster.values.doubled import Doubled
from rollbook.sources.errors import UnexpectedShape
from rollbook.sources.powerschool_answers import StudentReader
from rollbook.sources.repairs import repaired
from rollbook.sources.sent_records import SentRecords
from rollbook.sources.veracross_answers import list_reader, page_reader

FIELDS = frozenset({"id", "email", "first_name", "last_name", "grade_level", "birth_date"})
V2 = frozenset({"person_pk", "email", "first_name", "last_name", "current_grade", "birth_date"})
MAPPING = [
    ("email", "email"),
    ("first_name", "first_name"),
    ("last_name", "last_name"),
    ("birth_date", "birth_date"),
    ("graduation_year", "graduation_year"),
]


class Form:
    """One of the three forms of a page."""

    def __init__(
        self, id_key: str, frame: bytes, record: bytes, read: Callable[[bytes], SentRecords]
    ) -> None:
        self.id_key, self.frame, self.record, self.read = id_key, frame, record, read

    def page(self, *records: bytes) -> bytes:
        return self.frame % b",".join(records)

    def student(self, number: int, old: bytes = b"", new: bytes = b"") -> bytes:
        """Return a student; `old` in it is replaced by `new`."""
        record = self.record % (number, number)
        assert old in record, old
        return record.replace(old, new, 1)


POWERSCHOOL = Form(
    "id",
    b'{"students":{"@expansions":"a","student":[%b]}}',
    b'{"id":%d,"name":{"first_name":"Ada","last_name":"Byron"},'
    b'"contact_info":{"email":"a%d@x.example"},'
    b'"school_enrollment":{"grade_level":9},"demographics":{"birth_date":"2010-05-17"}}',
    StudentReader(FIELDS).records,
)
LEGACY = Form(
    "person_pk",
    b"[%b]",
    b'{"person_pk":%d,"first_name":"Ada","last_name":"Byron","email":"a%d@x.example",'
    b'"current_grade":9,"birth_date":"2010-05-17"}',
    lambda body: list_reader(V2, 20_000).read(body)[1],
)
DATA = Form(
    "id",
    b'{"data":[%b],"value_lists":[{"fields":["grade_level"],"items":[{"id":9}]}]}',
    b'{"id":%d,"first_name":"Ada","last_name":"Byron","email":"a%d@x.example",'
    b'"grade_level":9,"birth_date":"2010-05-17"}',
    lambda body: page_reader(FIELDS, {}, 20_000).read(body)[1],
)
FORMS = [POWERSCHOOL, LEGACY, DATA]
NAME = b'"Ada"'
EMAIL = b'"first_name":"Ada"'


@pytest.fixture(params=FORMS, ids=["PowerSchool", "Veracross v2", "Veracross v3"])
def form(request: pytest.FixtureRequest) -> Form:
    chosen: Form = request.param
    return chosen


def mapped(form: Form, record: dict[str, Any]) -> MappedRecord:
    grade = "current_grade" if form is LEGACY else "grade_level"
    mapping = [("sis_id" and form.id_key, "sis_id"), *MAPPING]
    return RecordMapper(mapping, 1, Selector(Selection(frozenset({9})), grade)).map(record)


ODD_VALUES = [
    b"NaN",
    b"-Infinity",
    b"1e400",
    b"9" * 5_000,
    b"007",
    b"undefined",
    b"{}",
    b'{"x":[1]}',
    b"[1,2]",
    b"[" * 5_000 + b"]" * 5_000,
    b'{"x":' * 500 + b"1" + b"}" * 500,
    b'"A\xff"',
    b'"A\\ud800"',
    b'"A\\udc00\\ud800"',
    b'"A\\x"',
    b'"A\x00"',
    b'"A\nB"',
]


@pytest.mark.parametrize("value", ODD_VALUES, ids=range(len(ODD_VALUES)))
def test_an_unreadable_value_is_a_problem_of_its_record(form: Form, value: bytes) -> None:
    body = form.page(form.student(1), form.student(2, NAME, value), form.student(3))
    before, odd, after = form.read(body)
    assert [before, after] == form.read(form.page(form.student(1), form.student(3)))
    result = mapped(form, odd)
    assert (result.sis_id, result.record) == ("2", None)
    assert "first_name" in {issue.field for issue in result.issues}


@pytest.mark.parametrize("value", ODD_VALUES, ids=range(len(ODD_VALUES)))
def test_an_unreadable_field_that_nobody_asked_for_is_passed_over(form: Form, value: bytes) -> None:
    odd = form.student(2, b'"last_name"', b'"note":%b,"last_name"' % value)
    expected = form.read(form.page(form.student(1), form.student(2)))
    assert form.read(form.page(form.student(1), odd)) == expected


@pytest.mark.parametrize("value", [b"true", b"NaN", b"1e400", b"{}", b"null", b'"TBD"'])
def test_a_record_with_an_odd_id_is_a_problem_of_nobody(form: Form, value: bytes) -> None:
    key = form.id_key.encode()
    odd = form.student(2, b'"%b":2' % key, b'"%b":%b' % (key, value))
    [first, second] = form.read(form.page(form.student(1), odd))
    assert mapped(form, first).sis_id == "1"
    result = mapped(form, second)
    assert (result.sis_id, result.record, len(result.issues)) == (None, None, 1)


def marked(form: Form, body: bytes) -> list[dict[str, Any]]:
    records, counted = form.read(body), form.read(body)
    counted.expect_doubled(len(counted))  # as where all records of a page are new
    for place in range(len(records)):
        assert records.doubled(place).keys() == counted.doubled(place).keys()
    return [record | records.doubled(place) for place, record in enumerate(records)]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (b'"first_name":"Ada"', b'"first_name":"Ada","first_name":"Eve"', "first_name"),
        (b'"first_name":"Ada"', b'"first_name":"Ada","first_name":null', "first_name"),
        (b'"first_name":"Ada"', b'"first_name":"Ada", "\\u0066irst_name" : "Eve"', "first_name"),
        (b'"birth_date":', b'"birth_date":"2010-05-18","birth_date":', "birth_date"),
        (b'"email":', b'"email":"b@x.example","email":', "email"),
    ],
)
def test_a_key_that_comes_twice_is_a_problem_of_its_record(
    form: Form, old: bytes, new: bytes, field: str
) -> None:
    [one, odd] = marked(form, form.page(form.student(1), form.student(2, old, new)))
    assert isinstance(odd[field], Doubled)
    assert not [value for value in one.values() if isinstance(value, Doubled)]
    result = mapped(form, odd)
    assert (result.sis_id, result.record) == ("2", None)
    assert ("field_twice", field) in {(issue.code, issue.field) for issue in result.issues}


def test_an_id_that_comes_twice_belongs_to_nobody(form: Form) -> None:
    key = b'"%b":2' % form.id_key.encode()
    [odd] = marked(form, form.page(form.student(2, key, key + b',"%b":7' % form.id_key.encode())))
    result = mapped(form, odd)
    [issue] = result.issues
    assert (result.sis_id, issue.code, issue.value) == (None, "field_twice", "2 / 7")


def test_an_object_that_comes_twice_is_looked_into() -> None:
    again = b'"name":{"first_name":"Eve","last_name":"Byron"},"contact_info"'
    page = POWERSCHOOL.page(POWERSCHOOL.student(2, b'"contact_info"', again))
    [odd] = marked(POWERSCHOOL, page)
    assert isinstance(odd["first_name"], Doubled) and odd["last_name"] == "Byron"


def test_what_only_looks_like_a_key_that_comes_twice_is_none(form: Form) -> None:
    equal = form.student(1, EMAIL, EMAIL + b"," + EMAIL)
    word = form.student(2, b'"Byron"', b'"first_name"')
    deeper = form.student(3, EMAIL, EMAIL + b',"x":{"first_name":"Eve","email":1}')
    for record in marked(form, form.page(equal, word, deeper)):
        assert not [value for value in record.values() if isinstance(value, Doubled)]


def test_a_page_of_too_many_records_is_refused_in_words() -> None:
    body = POWERSCHOOL.page(*[b'{"id":1}'] * 20_001)
    with pytest.raises(UnexpectedShape, match="20,001 students on one page") as refused:
        POWERSCHOOL.read(body)
    assert "ROLLBOOK_PAGE_RECORDS" in str(refused.value)
    assert len(POWERSCHOOL.read(POWERSCHOOL.page(*[b'{"id":1}'] * 20_000))) == 20_000


@given(
    st.sampled_from(FORMS),
    st.integers(0, 400),
    st.integers(0, 30),
    st.binary(max_size=12) | st.sampled_from([b"NaN", b"[[[", b"}}}", b'"', b"\\", b'":', b"99"]),
)
def test_whatever_is_broken_a_page_is_read_or_refused(
    form: Form, start: int, length: int, junk: bytes
) -> None:
    body = form.page(form.student(1), form.student(2), form.student(3))
    try:
        records = form.read(body[:start] + junk + body[start + length :])
    except UnexpectedShape:
        return
    for place, record in enumerate(records):
        mapped(form, record)
        mapped(form, record | records.doubled(place))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON, st.booleans())
def test_what_is_json_stays_as_it_is(document: Any, ascii_only: bool) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only)
    body = text.encode("utf-8", "surrogatepass")
    if "Infinity" not in text:
        assert repaired(body) == body


@pytest.mark.parametrize("body", [b'"\\' * 500_000, b'"' * 999_999, b'{"a' * 300_000])
def test_mending_takes_no_longer_than_reading(body: bytes) -> None:
    assert len(repaired(body)) <= 2 * len(body)
