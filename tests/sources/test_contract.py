"""The contract of every source, run against its stand-in over a real socket: whole rosters."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from rollbook.roster.fields import REQUIRED_FIELDS, STUDENT_FIELDS
from rollbook.roster.planning.mapping import RecordMapper
from rollbook.roster.planning.selecting import Selector
from rollbook.roster.records import Selection
from rollbook.sources.errors import (
    RosterIncomplete,
)
from rollbook.sources.registry import SOURCES
from rollbook.standins.faults import Fault
from rollbook.standins.standin import StandIn
from tests.sources.contract_cases import CASES, PAGE, STUDENTS, Case, roster, truth, with_total


def test_every_registered_source_and_variant_is_held_to_the_contract() -> None:
    tested = {(case.source.slug, case.variant.key) for case in CASES}
    assert {
        (source.slug, variant.key) for source in SOURCES.values() for variant in source.variants
    } <= tested


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


# Whole rosters ------------------------------------------------------------------------------------


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
    selection = Selection(frozenset(range(6, 13)))
    mapper = RecordMapper(mapping, 1, Selector(selection, case.source.grade_field))
    mapped = {each.sis_id: each for each in map(mapper.map, case.read(standin).records())}
    for known in roster(standin):
        if known.enroll_status == 0:
            result = mapped.pop(str(known.dcid))
            assert result.selected == (known.grade_level >= 6) and not result.issues
            if result.record is not None:
                record = result.record
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
    for fields in (few, case.mapped, frozenset[str]()):
        keys = {key for record in case.read(standin, fields).records() for key in record}
        assert keys <= fields | always and always <= keys


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


# Completeness -------------------------------------------------------------------------------------


def test_a_student_who_slips_between_two_pages_is_found(case: Case, own_standin: StandIn) -> None:
    reading = iter(case.read(own_standin))
    records = list(next(reading).records)
    own_standin.edit(
        truth(own_standin)[0], enroll_status=2
    )  # leaves, so that all later ones move up
    for page in reading:
        records += page.records
    assert set(case.ids(records)) >= set(truth(own_standin))


def test_a_missing_student_is_asked_for_and_the_sis_says_why(
    case: Case, own_standin: StandIn
) -> None:
    gone = truth(own_standin)[3]
    own_standin.edit(gone, enroll_status=2, exit_date="2026-09-30")
    reading = case.read(own_standin)
    reading.connection = replace(reading.connection, missing=lambda: [str(gone)])
    pages = list(reading)
    assert gone not in case.ids([record for page in pages for record in page.records])
    (answer,) = [answer for page in pages for answer in page.answers]
    assert answer.sis_id == str(gone)
    assert answer.exists and answer.status


def test_a_student_who_is_there_all_the_same_has_the_record_of_a_page(
    case: Case, own_standin: StandIn
) -> None:
    there = truth(own_standin)[3]
    missing = iter([[str(there)], []])
    reading = case.read(own_standin)
    reading.connection = replace(reading.connection, missing=lambda: next(missing))
    listed, single = [
        record for page in reading for record in page.records if record[case.id_field] == there
    ]
    assert single == listed


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
def test_fewer_students_than_stated_are_reported(case: Case, standin: StandIn) -> None:
    standin.faults = [Fault("count_off", path=case.total_path, size=7)]
    with pytest.raises(
        RosterIncomplete, match=f"says that it has {STUDENTS + 7} students, but it gave {STUDENTS}"
    ):
        case.read(standin).records()
