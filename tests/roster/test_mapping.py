"""A raw record becomes a student record, or the issues that say why not."""

import unicodedata
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.roster.planning.mapping import RecordMapper
from rollbook.roster.planning.selecting import Selector
from rollbook.roster.problems.catalogue import PROBLEMS
from rollbook.roster.records import ISSUE_NAME_LIMIT, ISSUE_VALUE_LIMIT, Issue, Selection, Severity
from tests.roster.model import GRADES, MAPPING, mapper, named, nested, raw


def issues_of(**values: Any) -> list[tuple[str, Severity, str, str, str]]:
    mapped = mapper().map(raw(**values))
    return [
        (issue.code, issue.severity, issue.field, issue.source_field, issue.value)
        for issue in mapped.issues
    ]


def test_a_good_record_is_mapped_field_by_field() -> None:
    mapped = mapper().map(raw(417, mail="Ada@X.example", home_mail="ada@home.example"))
    assert mapped.selected
    assert not mapped.unchanged
    assert (mapped.sis_id, mapped.issues) == ("417", ())
    record = mapped.record
    assert record is not None
    assert (record.sis_id, record.email, record.email_key) == (
        "417",
        "Ada@X.example",
        "ada@x.example",
    )
    assert (record.first_name, record.last_name, record.graduation_year) == ("Ada", "Byron", 2028)
    assert (record.birth_date, record.gender, record.personal_email) == (
        date(2010, 12, 10),
        "F",
        "ada@home.example",
    )
    assert record.fingerprint == mapped.digest


def test_fields_without_a_row_say_nothing() -> None:
    record = mapper().map(raw(middle="Augusta", middle_name="Augusta")).record
    assert record is not None
    assert (record.middle_name, record.student_number, record.grade_level) == (None, None, None)


def test_blank_and_absent_optional_values_are_none_without_an_issue() -> None:
    record = raw(born="", sex="  ")
    del record["home_mail"]
    mapped = mapper().map(record)
    assert mapped.record is not None
    assert (mapped.record.birth_date, mapped.record.gender, mapped.record.personal_email) == (
        None,
        None,
        None,
    )
    assert mapped.issues == ()


@pytest.mark.parametrize(("source", "field"), MAPPING[1:5])
@pytest.mark.parametrize("blank", ["", "   ", None])
def test_a_record_without_a_required_value_is_skipped_and_says_which(
    source: str, field: str, blank: str | None
) -> None:
    mapped = mapper().map(raw() | {source: blank})
    assert mapped.record is None
    assert [(i.code, i.severity, i.sis_id, i.field, i.source_field) for i in mapped.issues] == [
        ("required_empty", Severity.ERROR, "1", field, source)
    ]


def test_an_absent_required_field_is_as_empty_as_a_blank_one() -> None:
    record = raw()
    del record["mail"]
    assert [issue.code for issue in mapper().map(record).issues] == ["required_empty"]
    assert issues_of(year=0) == [("required_empty", Severity.ERROR, "graduation_year", "year", "0")]


def test_all_problems_of_a_record_are_issues_at_once() -> None:
    assert {
        code for code, *_ in issues_of(mail="ada", first="", year="soon", born="2010-02-30")
    } == {*("email_invalid", "required_empty", "graduation_year_invalid", "date_invalid")}


def test_issues_name_the_student_as_far_as_known() -> None:
    assert mapper().map(raw(mail="", last="  ")).issues[0].name.strip() == "Ada"
    name = mapper().map(raw(mail="", first="x" * 900, last=["Byron"])).issues[0].name
    assert name == "x" * ISSUE_NAME_LIMIT


@pytest.mark.parametrize("no_id", [None, "", "  "])
def test_a_record_without_an_id_is_an_error(no_id: str | None) -> None:
    mapped = mapper().map(raw() | {"id": no_id})
    assert (mapped.sis_id, mapped.record) == (None, None)
    assert [(i.code, i.severity, i.name) for i in mapped.issues] == [
        ("id_missing", Severity.ERROR, "Ada Byron")
    ]


@pytest.mark.parametrize(
    ("bad_id", "code"),
    [
        ({}, "wrong_type"),
        ("a\x00", "control_characters"),
        ("9" * 201, "text_too_long"),
        (10**5_000, "text_too_long"),
    ],
    ids=named,
)
def test_a_record_with_an_id_that_cannot_be_read_is_an_error(bad_id: Any, code: str) -> None:
    mapped = mapper().map(raw() | {"id": bad_id})
    assert (mapped.sis_id, mapped.record) == (None, None)
    assert [(i.code, i.severity, i.field, i.source_field) for i in mapped.issues] == [
        (code, Severity.ERROR, "sis_id", "id")
    ]


@pytest.mark.parametrize("level", [8, "8", "K", -1, 99])
@pytest.mark.parametrize("problem", [{}, {"mail": ""}, {"id": ""}, {"id": "\x00"}])
def test_a_record_outside_the_selection_is_left_alone_whatever_is_wrong_with_it(
    level: Any, problem: dict[str, Any]
) -> None:
    mapped = mapper().map(raw(level=level) | problem)
    assert not mapped.selected
    assert (mapped.record, mapped.issues) == (None, ())


@pytest.mark.parametrize(
    ("level", "shown"),
    [("", ""), (None, ""), ([9], "(a list)"), ({"id": 9}, "(an object)")],
)
def test_a_missing_grade_is_an_error_that_names_the_grade_field(level: Any, shown: str) -> None:
    assert issues_of(level=level) == [
        ("grade_unknown", Severity.ERROR, "grade_level", "level", shown)
    ]


def test_an_optional_value_that_cannot_be_read_is_left_out_and_the_record_mapped() -> None:
    mapped = mapper().map(raw(home_mail="nobody"))
    assert [(i.code, i.severity, i.field, i.value) for i in mapped.issues] == [
        ("personal_email_invalid", Severity.WARNING, "personal_email", "nobody")
    ]
    assert mapped.record is not None
    assert mapped.record.personal_email is None


def test_a_record_with_a_dropped_value_is_mapped_again_next_time() -> None:
    mapped = mapper().map(raw(home_mail="nobody"))
    assert mapped.record is not None
    assert mapped.record.fingerprint is None


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("sex", "F\x07", "control_characters"),
        ("sex", {"code": "F"}, "wrong_type"),
        ("sex", ["F"], "wrong_type"),
        ("sex", "x" * 101, "text_too_long"),
        ("born", "2010-02-30", "date_invalid"),
    ],
)
def test_what_a_sound_sis_never_sends_skips_the_record_even_in_an_optional_field(
    field: str, value: Any, code: str
) -> None:
    mapped = mapper().map(raw(**{field: value}))
    assert mapped.record is None
    assert [(i.code, i.severity) for i in mapped.issues] == [(code, Severity.ERROR)]


@pytest.mark.parametrize(
    "value",
    [
        "a\x00b\x1b[31m\ud800\u202e\u2028@" * 200,
        "\u0007",
        "x" * 10**6,
        ["a"],
        {"a": 1},
        nested(),
        10**5_000,
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_excerpt_of_a_bad_value_can_be_stored_and_shown_on_one_line(value: Any) -> None:
    for source in ("id", "mail", "year", "level"):
        (issue,) = mapper().map(raw() | {source: value}).issues
        assert len(issue.value) <= ISSUE_VALUE_LIMIT
        assert (issue.value + issue.name).isprintable()


@pytest.mark.parametrize(
    "no_record",
    [None, [], "student", 3, 2.5, True, [{"id": 1}], nested()],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_record_at_all_is_an_error(no_record: Any) -> None:
    mapped = mapper().map(no_record)
    assert (mapped.sis_id, mapped.record, mapped.selected) == (None, None, True)
    assert [(i.code, i.severity) for i in mapped.issues] == [("wrong_type", Severity.ERROR)]


def test_a_field_that_no_record_had_has_vanished() -> None:
    reader = mapper()
    assert reader.vanished_fields() == []
    for record in (raw(1), raw(2, level=8), raw(3)):
        del record["sex"]
        if record["id"] != 2:
            del record["home_mail"]
        reader.map(record)
    assert reader.vanished_fields() == [("sex", "gender")]


def test_a_roster_without_records_says_nothing_about_fields() -> None:
    reader = mapper()
    reader.map("no record")
    assert reader.vanished_fields() == []


def test_a_mapping_that_lacks_a_required_field_is_refused() -> None:
    with pytest.raises(ValueError, match="email"):
        RecordMapper(
            [row for row in MAPPING if row[1] != "email"], 1, Selector(Selection(GRADES), "level")
        )


def test_a_mapper_asks_for_the_mapped_fields_and_the_grade() -> None:
    assert mapper().source_fields == {source for source, _ in MAPPING} | {"level"}


ANY_TEXT = st.text(st.characters(codec=None), max_size=20)  # with lone surrogates
ANY_NUMBER = (
    st.integers()
    | st.floats()
    | st.integers(min_value=4_000, max_value=20_000).map(lambda digits: 10**digits)
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.builds(nested) | ANY_NUMBER | ANY_TEXT,
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(ANY_TEXT, parts, max_size=3),
    max_leaves=8,
)
LIKELY = st.sampled_from([1, "1", "a@x.example", "Ada", 2028, "2010-12-10", 10, "9", "K", "", None])
ANY_RECORD = st.fixed_dictionaries(
    {}, optional=dict.fromkeys([*dict(MAPPING), "level"], LIKELY | ANY_JSON)
)


@given(ANY_JSON | ANY_RECORD)
def test_mapping_never_raises_on_any_json_and_every_result_is_one_of_four(record: Any) -> None:
    mapped = mapper().map(record)
    again = mapper().map(record)
    assert (mapped.sis_id, mapped.record, mapped.digest, mapped.issues) == (
        again.sis_id,
        again.record,
        again.digest,
        again.issues,
    )
    has_error = any(issue.severity is Severity.ERROR for issue in mapped.issues)
    is_undecided = any(issue.code == "grade_undecided" for issue in mapped.issues)
    results = [mapped.record is not None, has_error, is_undecided, not mapped.selected]
    assert results.count(True) == 1
    for issue in mapped.issues:
        check(issue)
    if mapped.record is not None:
        for value in mapped.record:
            assert not isinstance(value, str) or (
                value and value == unicodedata.normalize("NFC", " ".join(value.split()))
            )


def check(issue: Issue) -> None:
    """Check that an issue can be stored and has the severity of its text."""
    assert PROBLEMS[issue.code].severity is issue.severity
    assert len(issue.value) <= ISSUE_VALUE_LIMIT
    assert len(issue.name) <= ISSUE_NAME_LIMIT
    assert (issue.value + issue.name).isprintable()
    assert "\0" not in (issue.sis_id or "").encode().decode()  # a lone surrogate can't be encoded
