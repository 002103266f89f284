"""What only Veracross has; the contract of all sources is in test_contract.py."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rollbook.roster.planning.mapping import RecordMapper
from rollbook.roster.planning.selecting import Selector
from rollbook.roster.records import Selection
from rollbook.roster.values.grades import grade
from rollbook.sources.base import Connection, Page
from rollbook.sources.errors import (
    AddressRefused,
    AddressUnreachable,
    AuthRejected,
    PermissionMissing,
    RosterIncomplete,
    TryLater,
    UnexpectedShape,
)
from rollbook.sources.veracross import SOURCE, pages
from rollbook.sources.veracross_answers import iso_date
from rollbook.sources.veracross_api import Address, DataApi, address
from rollbook.standins import veracross
from rollbook.standins.people import PRE_REGISTERED
from rollbook.standins.veracross import Fault, VeracrossStandIn
from tests.sources.contract_cases import size_for, truth
from tests.sources.loopback import QUICK, Tokens

V2, V3 = (
    frozenset(row.source_field for row in SOURCE.variant(key).mapping) for key in ("v2", "v3")
)
Read = tuple[list[dict[str, Any]], list[float]]


def connect(
    standin: VeracrossStandIn, version: str = "v3", tokens: Tokens | None = None, **choices: str
) -> Connection:
    user, secret = (
        (standin.client_id, standin.client_secret)
        if version == "v3"
        else (standin.user_name, standin.password)
    )
    return Connection(
        {"user_name": user, "password": secret, "client": standin.address},
        choices,
        version,
        tokens or Tokens(),
        QUICK,
    )


def read(connection: Connection, waits: list[float] | None = None) -> list[dict[str, Any]]:
    fields = V3 if connection.variant == "v3" else V2
    reading: Iterator[Page] = pages(
        connection, fields, pause=(waits if waits is not None else []).append
    )
    return [record for page in reading for record in page.records]


def ids(records: list[dict[str, Any]]) -> list[int]:
    return [record["person_pk"] for record in records]


@pytest.fixture(scope="module")
def shared() -> Iterator[VeracrossStandIn]:
    with veracross.serve(students=120, clean=True, quota=100_000) as standin:
        yield standin


@pytest.fixture
def standin(shared: VeracrossStandIn) -> Iterator[VeracrossStandIn]:
    shared.requests.clear()
    yield shared
    shared.faults = []


# The form -----------------------------------------------------------------------------------------


def test_one_form_has_three_boxes_whose_labels_follow_the_version() -> None:
    labels = {
        variant.key: [field.label for field in variant.credentials] for variant in SOURCE.variants
    }
    assert labels == {
        "v3": ["Client ID", "Client Secret", "School Route"],
        "v2": ["User Name", "Password", "Client"],
    }
    assert {tuple(field.key for field in variant.credentials) for variant in SOURCE.variants} == {
        ("user_name", "password", "client")
    }


def test_rows_are_those_that_the_product_names() -> None:
    required = ["person_pk", "email_1", "first_name", "last_name", "graduation_year"]
    optional = [
        "Personal Email Address",
        "Middle name",
        "Preferred name",
        "Current grade",
        "Date of birth",
        "Gender",
    ]
    for variant in SOURCE.variants:
        assert [row.source_field for row in variant.mapping if row.required] == required
        assert [row.label for row in variant.mapping if not row.required] == optional[
            variant.key == "v3" :
        ]


DEFAULT = Address("https://api.veracross.com/acs", "https://accounts.veracross.com/acs")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("acs", DEFAULT),
        (" acs/ ", DEFAULT),
        ("https://axiom.veracross.com/acs/#/home", DEFAULT),
        ("portals.veracross.com/acs/parent", DEFAULT),
        ("http://api.veracross.com/acs/v3/students?x=1", DEFAULT),
        (
            "http://127.0.0.1:8102/acs",
            Address("http://127.0.0.1:8102/acs", "http://127.0.0.1:8102/acs"),
        ),
        (
            "sis.example.org/acs",
            Address("https://sis.example.org/acs", "https://sis.example.org/acs"),
        ),
        (
            "https://veracross.com.evil.example/acs",
            Address(*["https://veracross.com.evil.example/acs"] * 2),
        ),
    ],
)
def test_the_client_may_be_a_short_name_or_an_address(typed: str, expected: Address) -> None:
    assert address(typed) == expected


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "a b",
        "..",
        "acs.veracross.com",
        "https://axiom.veracross.com",
        "http://[",
        "a%2Fb",
        "é",
    ],
)
def test_what_is_no_school_route_is_refused_without_repeating_it(typed: str) -> None:
    connection = Connection(
        {"user_name": "u", "password": "p", "client": typed}, {}, "v3", Tokens(), QUICK
    )
    for version in ("v2", "v3"):
        with pytest.raises(AddressRefused, match="This is not a school route") as refused:
            read(replace(connection, variant=version))
        assert "short name" in refused.value.remedy and (
            not typed.strip() or typed.strip() not in str(refused.value)
        )


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_a_wrong_school_route_is_reported(standin: VeracrossStandIn, version: str) -> None:
    connection = connect(standin, version)
    wrong = {**connection.credentials, "client": f"{standin.url}/nosuch"}
    with pytest.raises(AddressUnreachable, match="knows no school with this route"):
        read(replace(connection, credentials=wrong))
    assert len(standin.requests) == 1


def test_wrong_credentials_point_at_the_other_version(standin: VeracrossStandIn) -> None:
    with pytest.raises(AuthRejected, match="User Name and Password") as refused:
        read(replace(connect(standin, "v3"), variant="v2"))
    assert "choose API v3" in refused.value.remedy
    with pytest.raises(AuthRejected, match="Client ID and Client Secret") as refused:
        read(replace(connect(standin, "v2"), variant="v3"))
    assert "choose API v2" in refused.value.remedy


# Version 3 ----------------------------------------------------------------------------------------


def test_a_whole_page_is_asked_for_with_value_lists_and_nothing_in_the_query(
    standin: VeracrossStandIn,
) -> None:
    tokens: Tokens = Tokens()
    assert ids(read(connect(standin, tokens=tokens))) == truth(standin)
    assert [(asked.method, asked.path, asked.query, asked.page) for asked in standin.requests] == [
        ("POST", "/exs/oauth/token", {}, 1),
        ("GET", "/exs/v3/students", {}, 1),
        ("GET", "/exs/v3/students", {}, 2),  # a first page that isn't full proves nothing yet
        ("GET", "/exs/v3/students", {}, 2),  # smaller pages show that nobody follows
    ]
    assert tokens.token is not None


@pytest.mark.parametrize(
    ("students", "asked"),
    [(10, [1, 2, 2]), (11, [1, 2, 2, 1, 2, 2]), (20, [1, 2, 3, 3, 1, 2, 3, 3])],
)
def test_a_short_page_after_a_full_one_is_the_last_if_smaller_pages_end_there_too(
    monkeypatch: pytest.MonkeyPatch, students: int, asked: list[int]
) -> None:
    assert DataApi.page_size == 1_000
    monkeypatch.setattr(DataApi, "page_size", 10)
    with veracross.serve(students=size_for(students), clean=True) as standin:
        assert ids(read(connect(standin))) == truth(standin)
        assert [one.page for one in standin.requests if one.path.endswith("students")] == asked


@pytest.mark.parametrize("fault", [Fault("empty", page=2, times=1), Fault("empty", page=2)])
def test_1003_students_whose_second_page_is_empty_are_read_whole_or_not_at_all(
    fault: Fault,
) -> None:
    with veracross.serve(students=size_for(1_003), clean=True, faults=[fault]) as standin:
        if fault.times == 1:
            assert sorted(set(ids(read(connect(standin))))) == truth(standin)
            return
        with pytest.raises(RosterIncomplete, match="although more students follow"):
            read(connect(standin))


def mapped(records: list[dict[str, Any]], grades: set[int]) -> RecordMapper:
    mapping = [(row.source_field, row.field) for row in SOURCE.variant("v3").mapping]
    return RecordMapper(mapping, 1, Selector(Selection(frozenset(grades)), SOURCE.grade_field))


def test_an_unknown_grade_code_is_a_problem_and_never_taken_for_a_grade(
    standin: VeracrossStandIn,
) -> None:
    standin.faults = [Fault("unknown_code", field="grade_level")]
    records = read(connect(standin))
    mapper = mapped(records, {9})
    for record in records:
        (issue,) = mapper.map(record).issues
        assert (issue.code, issue.source_field) == (
            "grade_undecided",
            "current_grade",
        ) and "code 999" in issue.value


def test_an_unknown_code_elsewhere_is_absent(standin: VeracrossStandIn) -> None:
    standin.faults = [Fault("unknown_code", field="gender")]
    assert all("gender" not in record for record in read(connect(standin)))


def test_a_code_that_is_null_or_zero_says_nothing(standin: VeracrossStandIn) -> None:
    standin.faults = [Fault("null_field", field="gender"), Fault("null_field", field="grade_level")]
    records = read(connect(standin))
    assert (
        {record["gender"] for record in records}
        == {record["current_grade"] for record in records}
        == {None}
    )
    assert {issue.code for issue in mapped(records, {9}).map(records[0]).issues} == {
        "grade_unknown"
    }


def test_value_lists_with_text_for_ids_are_understood(standin: VeracrossStandIn) -> None:
    expected = read(connect(standin))
    standin.faults = [Fault("string_ids")]
    assert read(connect(standin)) == expected


def test_codes_without_their_list_are_refused(standin: VeracrossStandIn) -> None:
    standin.faults = [Fault("no_value_lists")]
    with pytest.raises(UnexpectedShape, match="codes and without the list of grades"):
        read(connect(standin))


def test_an_email_that_is_null_is_empty_and_not_absent(standin: VeracrossStandIn) -> None:
    standin.faults = [Fault("null_field", field="email_1")]
    assert all(record["email_1"] is None for record in read(connect(standin)))


@pytest.mark.parametrize("label", ["Grade 9", "Year 9", "9th Grade", "9"])
def test_the_usual_names_of_a_grade_are_understood(label: str) -> None:
    assert grade(label) == 9
    assert (grade("Kindergarten"), grade("Pre-K"), grade("Year 12"), grade("Alumni")) == (
        0,
        -1,
        12,
        None,
    )


def test_future_students_come_only_when_chosen(standin: VeracrossStandIn) -> None:
    future = [known.dcid for known in standin.roster() if known.enroll_status == PRE_REGISTERED]
    assert not set(future) & set(ids(read(connect(standin))))
    assert (
        ids(read(connect(standin, future_students="yes"))) == [*truth(standin), *future] and future
    )
    assert {asked.query.get("role") for asked in standin.requests} == {None, "7"}


def test_a_missing_scope_is_said_and_not_tried_again(standin: VeracrossStandIn) -> None:
    with (
        veracross.serve(students=20, scopes=["students:read"]) as other,
        pytest.raises(PermissionMissing, match="no right") as refused,
    ):
        read(connect(other))
    assert "students:list" in refused.value.remedy and "OAuth_App_Admin" in refused.value.remedy
    standin.faults = [Fault("missing_scope")]
    with pytest.raises(PermissionMissing):
        read(connect(standin))
    assert len(standin.requests) == 2


@pytest.mark.parametrize("kind", ["token_revoked", "token_expired", "token_unknown"])
def test_a_token_lost_in_the_middle_costs_one_sign_in(
    standin: VeracrossStandIn, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DataApi, "page_size", 40)
    standin.faults = [Fault(kind, page=2, times=1)]
    assert ids(read(connect(standin))) == truth(standin)
    assert sum("oauth" in asked.path for asked in standin.requests) == 2


def test_a_token_that_never_works_ends_the_run_after_three_sign_ins(
    standin: VeracrossStandIn,
) -> None:
    standin.faults = [Fault("token_unknown")]
    with pytest.raises(AuthRejected, match="keeps refusing the token"):
        read(connect(standin))
    assert sum("oauth" in asked.path for asked in standin.requests) == 3


def test_one_token_serves_many_runs(standin: VeracrossStandIn) -> None:
    tokens = Tokens()
    for _ in range(12):
        read(connect(standin, tokens=tokens))
    assert sum("oauth" in asked.path for asked in standin.requests) == 1


# Both ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_a_storm_of_429_is_waited_out_until_the_reset_in_each_unit(
    standin: VeracrossStandIn, version: str
) -> None:
    standin.faults = [Fault("rate_limit", times=3, seconds=8)]
    waits: list[float] = []
    assert ids(read(connect(standin, version), waits)) == truth(standin)
    assert sum(8 <= wait <= 11 for wait in waits) >= 3


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_a_storm_without_end_ends_the_run(standin: VeracrossStandIn, version: str) -> None:
    standin.faults = [Fault("rate_limit", seconds=8)]
    with pytest.raises(TryLater, match="slow down"):
        read(connect(standin, version))


@pytest.mark.slow
def test_a_used_up_quota_is_waited_for_before_it_becomes_a_429(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(DataApi, "page_size", 20)
    with veracross.serve(students=60, clean=True, quota=4, quota_seconds=0.3) as standin:
        records = [
            record for page in pages(connect(standin), V3) for record in page.records
        ]  # with real waits
        assert ids(records) == truth(standin)
        assert len(standin.requests) == 1 + 2 * 4  # none of them twice


@pytest.mark.parametrize(
    ("written", "date"),
    [("May 17 2011", "2011-05-17"), ("Sept 3, 2010", "2010-09-03"), ("2011-05-17", "2011-05-17")],
)
def test_both_forms_of_a_birthday_are_read(written: str, date: str) -> None:
    assert iso_date(written) == date
    assert [iso_date(odd) for odd in (None, 7, "soon", "Foo 1 2011")] == [
        None,
        7,
        "soon",
        "Foo 1 2011",
    ]
