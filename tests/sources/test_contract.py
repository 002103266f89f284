"""What every source keeps, whatever the SIS behind it: run against its stand-in over a real socket."""

import base64
import logging
import threading
import traceback
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from rollbook.roster.fields import REQUIRED_FIELDS, STUDENT_FIELDS
from rollbook.roster.mapping import RecordMapper
from rollbook.roster.records import Selection
from rollbook.sources.errors import (
    AddressRefused,
    AuthRejected,
    PermissionMissing,
    RosterIncomplete,
    SourceError,
    TokenExpired,
    TryLater,
    UnexpectedShape,
)
from rollbook.sources.registry import SOURCES
from rollbook.standins.faults import Fault
from rollbook.standins.standin import StandIn
from tests.sources.contract_cases import CASES, PAGE, Case, roster, truth
from tests.sources.loopback import ends_by_itself, wait_until_idle

STUDENTS = 2 * PAGE + 5


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Case:
    chosen: Case = request.param
    chosen.shrink(monkeypatch)
    return chosen


@pytest.fixture(scope="module")
def standins() -> Iterator[dict[str, StandIn]]:
    """One for each case; tests that change students start one of their own."""
    running = {case.name: case.start(STUDENTS) for case in CASES}
    yield running
    for standin in running.values():
        standin.stop()


@pytest.fixture
def standin(case: Case, standins: dict[str, StandIn]) -> StandIn:
    shared = standins[case.name]
    shared.faults = []
    wait_until_idle(shared)
    shared.requests.clear()
    return shared


@pytest.fixture
def own_standin(case: Case) -> Iterator[StandIn]:
    with case.start(STUDENTS) as running:
        yield running


with_total = pytest.mark.parametrize(
    "case", [case for case in CASES if case.states_total], indirect=True, ids=str
)
with_tokens = pytest.mark.parametrize(
    "case", [case for case in CASES if case.tokens], indirect=True, ids=str
)


def test_every_registered_source_and_variant_is_held_to_the_contract() -> None:
    held = {(case.source.slug, case.variant.key) for case in CASES}
    assert {
        (source.slug, variant.key) for source in SOURCES.values() for variant in source.variants
    } <= held


def test_it_describes_itself_fully(case: Case) -> None:
    rows, credentials = case.variant.mapping, case.variant.credentials
    assert {row.field for row in rows if row.required} == set(REQUIRED_FIELDS)
    assert {row.field for row in rows} <= STUDENT_FIELDS.keys() and all(
        row.label and row.where for row in rows
    )
    for names in (
        [row.field for row in rows],
        [row.source_field for row in rows],
        [field.key for field in credentials],
    ):
        assert len(set(names)) == len(names)
    assert {"secret", "url"} <= {field.kind for field in credentials} <= {"secret", "url", "text"}
    assert all(field.label and field.help for field in credentials) and case.variant.hint
    assert case.source.uploader_type == f"{case.source.label} Student"


# Whole rosters ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("students", [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 2 * PAGE + 3])
def test_schools_of_any_size_are_read_whole(case: Case, students: int) -> None:
    with case.start(students) as standin:
        pages = list(case.read(standin))
        expected = truth(standin)
    assert case.ids([record for page in pages for record in page.records]) == expected
    assert len(expected) == students
    assert {page.total for page in pages} == {students if case.states_total else None}
    assert [page.number for page in pages if page.records] == list(
        range(1, -(-students // PAGE) + 1)
    ) * (1 if students else 0)


def test_values_arrive_as_they_are_in_the_sis_and_grades_are_picked_rightly(
    case: Case, standin: StandIn
) -> None:
    mapping = [(row.source_field, row.field) for row in case.variant.mapping]
    mapper = RecordMapper(mapping, 1, case.source.grade_field, Selection(frozenset(range(6, 13))))
    mapped = {each.sis_id: each for each in map(mapper.map, case.read(standin).records())}
    for known in roster(standin):
        if known.enroll_status == 0:
            found = mapped.pop(str(known.dcid))
            assert found.selected == (known.grade_level >= 6) and not found.issues
            if found.record is not None:
                record = found.record
                assert (record.email, record.first_name, record.last_name) == (
                    known.email,
                    known.first_name,
                    known.last_name,
                )
                assert (record.graduation_year, record.birth_date) == (
                    known.graduation_year,
                    date.fromisoformat(known.birth_date),
                )
                assert (record.gender or "")[:1] == known.gender
    assert not mapped


def test_only_mapped_fields_leave_the_source(case: Case, standin: StandIn) -> None:
    standin.faults = [Fault("extra_fields")]
    few = frozenset(row.source_field for row in case.variant.mapping if row.required)
    always = {case.id_field, case.source.grade_field}
    for wanted in (few, case.mapped, frozenset[str]()):
        keys = {key for record in case.read(standin, wanted).records() for key in record}
        assert keys <= wanted | always and always <= keys


def test_unknown_extra_fields_do_no_harm(case: Case, standin: StandIn) -> None:
    expected = case.read(standin).records()
    standin.faults = [Fault("extra_fields")]
    assert case.read(standin).records() == expected


def test_a_field_that_is_not_sent_is_absent_and_not_empty(case: Case, standin: StandIn) -> None:
    standin.faults = [Fault("drop_field", field=case.email_holder)]
    records = case.read(standin).records()
    assert case.ids(records) == truth(standin)
    assert all(case.email_field not in record for record in records)


def test_an_unknown_enrollment_status_stops_nothing(case: Case, own_standin: StandIn) -> None:
    case.odd_status(own_standin)
    assert case.ids(case.read(own_standin).records()) == truth(own_standin)


def test_a_roster_full_of_odd_values_is_read_whole(case: Case) -> None:
    with case.serve(students=200, hostile=True) as standin:
        assert case.ids(case.read(standin).records()) == truth(standin)


# Completeness -------------------------------------------------------------------------------------------------------


def test_a_student_who_slips_between_two_pages_is_found(case: Case, own_standin: StandIn) -> None:
    reading = iter(case.read(own_standin))
    records = list(next(reading).records)
    own_standin.edit(
        truth(own_standin)[0], enroll_status=2
    )  # leaves, so that all later ones move up
    for page in reading:
        records += page.records
    assert set(case.ids(records)) >= set(truth(own_standin))


def test_a_student_seen_on_two_pages_is_no_harm(case: Case, standin: StandIn) -> None:
    for fault in (Fault("moved", page=2, differs=True), Fault("duplicate")):
        standin.faults = [fault]
        assert sorted(set(case.ids(case.read(standin).records()))) == truth(standin)


@with_total
def test_a_student_on_no_page_is_missed(case: Case, standin: StandIn) -> None:
    standin.faults = [Fault("moved", page=2)]
    with pytest.raises(RosterIncomplete, match=f"it gave {STUDENTS - 1}"):
        case.read(standin).records()


def test_the_same_page_for_ever_is_stopped(case: Case, standin: StandIn) -> None:
    standin.faults = [Fault("same_page")]
    with pytest.raises(RosterIncomplete):
        case.read(standin).records()
    assert len(standin.requests) < 20


@pytest.mark.parametrize("bounds", [{"records": 5 * PAGE}, {"pages": 4}])
def test_endless_pages_are_stopped_at_the_bounds(case: Case, bounds: dict[str, Any]) -> None:
    with case.start(2 * PAGE) as standin:
        standin.faults = [Fault("endless", differs=True)]
        with pytest.raises(RosterIncomplete, match="gave more: one run reads at most"):
            case.read(standin, **bounds).records()
        assert len(standin.requests) < 25


def test_smaller_pages_than_asked_for_are_read_to_the_end(case: Case, standin: StandIn) -> None:
    standin.faults = [Fault("small_pages", size=4)]
    assert case.ids(case.read(standin).records()) == truth(standin)


@with_total
def test_fewer_students_than_stated_are_said(case: Case, standin: StandIn) -> None:
    standin.faults = [Fault("count_off", path=case.total_path, size=7)]
    with pytest.raises(
        RosterIncomplete, match=f"says that it has {STUDENTS + 7} students, but it gave {STUDENTS}"
    ):
        case.read(standin).records()


# Trouble that passes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", page=2, times=1, status=500),
        Fault("status", page=1, times=4, status=503),
        Fault("status", path="*/oauth/*", times=1, status=502),
        Fault("reset", page=2, times=1),
        Fault("cut", page=3, times=2),
        Fault("truncated", page=3, times=1),
        Fault("bad_gzip", page=2, times=1),
        Fault("html", page=2, times=1),
        Fault("latency", seconds=0.005),
    ],
    ids=lambda fault: fault.kind,
)
def test_what_fails_once_is_asked_for_again_and_nothing_is_lost(
    case: Case, standin: StandIn, fault: Fault
) -> None:
    standin.faults = [fault]
    assert case.ids(case.read(standin).records()) == truth(standin)


def test_a_429_is_waited_out_as_long_as_it_asks(case: Case, standin: StandIn) -> None:
    standin.faults = [Fault("rate_limit", page=2, times=2, retry_after="7", seconds=7)]
    reading = case.read(standin)
    assert case.ids(reading.records()) == truth(standin)
    assert reading.waits.count(7.0) >= 2


def test_a_429_that_asks_for_too_long_ends_the_run(case: Case, standin: StandIn) -> None:
    standin.faults = [Fault("rate_limit", page=2, retry_after="3600", seconds=3600)]
    with pytest.raises(TryLater, match="asks us to wait 60 minutes"):
        case.read(standin).records()


@with_tokens
@pytest.mark.parametrize("gone", ["revoked", "kept"])
def test_a_token_that_ends_is_replaced_once_and_the_page_asked_again(
    case: Case, standin: StandIn, gone: str
) -> None:
    reading = case.read(standin)
    if gone == "kept":  # from the run before
        reading.records()
        standin.revoke_tokens()
        pages, records = iter(reading), []
    else:
        pages = iter(reading)
        records = list(next(pages).records)
        standin.revoke_tokens()
    before = case.sign_ins(standin)
    records += [record for page in pages for record in page.records]
    assert case.ids(records) == truth(standin)
    assert case.sign_ins(standin) == before + 1


def test_a_kept_token_is_used_again(case: Case, standin: StandIn) -> None:
    reading = case.read(standin)
    reading.records()
    before = case.sign_ins(standin)
    reading.records()
    assert case.sign_ins(standin) == before


# Trouble that stays -------------------------------------------------------------------------------------------------


def test_a_wrong_secret_is_said_and_not_tried_again(case: Case, standin: StandIn) -> None:
    with pytest.raises(AuthRejected, match="does not accept") as refused:
        case.read(standin, secret="wrong-secret").records()
    assert refused.value.remedy
    assert len(standin.requests) == 1


def test_a_missing_permission_is_told_apart_from_wrong_credentials(
    case: Case, standin: StandIn
) -> None:
    standin.faults = [case.forbid]
    with pytest.raises(PermissionMissing, match="accepts our sign-in, but") as refused:
        case.read(standin).records()
    assert refused.value.remedy
    assert case.sign_ins(standin) <= 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("status", page=2), TryLater),
        (Fault("rate_limit", page=2), TryLater),
        (Fault("reset", page=2), TryLater),
        (Fault("cut", page=2), TryLater),
        (Fault("bad_gzip", page=2), TryLater),
        (Fault("html", page=2), UnexpectedShape),
        (Fault("list_shape", page=2), UnexpectedShape),
        (Fault("truncated", page=2), UnexpectedShape),
        (Fault("status", page=2, status=418), UnexpectedShape),
        (Fault("huge", page=2, size=3), UnexpectedShape),
        (Fault("gzip_bomb", page=2, size=3), UnexpectedShape),
        (Fault("redirect", page=2, location="https://elsewhere.example/x"), AddressRefused),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
def test_what_can_not_be_mended_is_said(
    case: Case, standin: StandIn, fault: Fault, error: type[SourceError]
) -> None:
    standin.faults = [fault]
    with pytest.raises(error) as failed:
        case.read(standin, page_bytes=2_000_000).records()
    assert failed.value.remedy and "No student account was changed." in str(failed.value)


@with_tokens
def test_an_answer_to_the_sign_in_that_is_no_token_is_refused(case: Case, standin: StandIn) -> None:
    standin.faults = [Fault("html", path="*/oauth/*")]
    with pytest.raises(UnexpectedShape, match="answer to our sign-in is not what"):
        case.read(standin).records()


@pytest.mark.parametrize(
    "fault",
    [Fault("silent", page=2), Fault("drip", page=2, seconds=0.01)],
    ids=lambda fault: fault.kind,
)
def test_a_server_that_hangs_is_left_at_the_bound(
    case: Case, standin: StandIn, fault: Fault
) -> None:
    """Without a bound, the silent one would break off after a while and the dripping one get done."""
    standin.faults = [fault]
    with ends_by_itself(standin), pytest.raises(TryLater, match="did not answer within"):
        case.read(standin, request_seconds=0.1, tries=2).records()
    assert [asked.page for asked in standin.requests].count(2) == 2


def test_a_reader_that_stops_early_leaves_nothing_running(case: Case, standin: StandIn) -> None:
    before = {thread for thread in threading.enumerate() if not thread.daemon}
    reading: Any = iter(case.read(standin))
    next(reading)
    reading.close()
    assert {thread for thread in threading.enumerate() if not thread.daemon} <= before


# Secrets ------------------------------------------------------------------------------------------------------------

TROUBLES = [
    Fault("latency", seconds=0),
    Fault("status", page=2),
    Fault("rate_limit", page=2),
    Fault("reset", page=2),
    Fault("cut", page=2),
    Fault("html"),
    Fault("truncated", page=2),
    Fault("list_shape", page=2),
    Fault("same_page"),
    Fault("drop_field", field="id"),
    Fault("redirect", page=2, location="https://elsewhere.example/?page=2&count=10&secret=1"),
    Fault("status", status=404),
    Fault("status", status=401),
    Fault("status", status=403),
    Fault("status", path="*/oauth/*", status=400),
    Fault("html", path="*/oauth/*"),
]


def told(case: Case, standin: StandIn, secret: str = "") -> tuple[str, list[str]]:
    """All that a run says when it is asked for anything and fails, and the secrets that it had."""
    reading = case.read(standin, secret=secret)
    said = repr(reading.connection)
    try:
        reading.records()
    except SourceError as error:
        said += f"{error} {error!r} {error.what} {error.remedy}" + "".join(
            traceback.format_exception(error)
        )
        assert error.__cause__ is None and error.remedy and not isinstance(error, TokenExpired)
    token = reading.connection.tokens.get()
    given = {field.key: field.kind for field in case.variant.credentials}
    held = [value for key, value in reading.connection.credentials.items() if given[key] != "url"]
    basic = [base64.b64encode(f"{one}:{other}".encode()).decode() for one in held for other in held]
    return said, [*held, *basic, *([token.value] if token else [])]


@pytest.mark.parametrize(
    "fault",
    [*TROUBLES, None],
    ids=lambda fault: f"{fault.kind}{fault.status or ''}" if fault else "wrong secret",
)
def test_no_secret_and_no_student_is_in_any_log_or_error(
    case: Case, standin: StandIn, fault: Fault | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    standin.faults = [fault] if fault else []
    said, secrets = told(case, standin, "" if fault else "wrong-secret-words")
    said += caplog.text + repr([record.__dict__ for record in caplog.records])
    for known in roster(standin):
        secrets += [
            known.email,
            f"{known.first_name} {known.last_name}",
            known.birth_date,
            known.username,
        ]
    assert [secret for secret in secrets if secret and secret in said] == []
    assert "page=2" not in said and "page=1&" not in said  # no query string either
