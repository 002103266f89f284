"""What the set-up asks a SIS before a run: each source against its stand-in."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from rollbook.sources.base import Connection
from rollbook.sources.discovery import (
    CheckStep,
    Home,
    Sample,
    Slip,
    Step,
    StepState,
    survey,
)
from rollbook.standins import people
from rollbook.standins.faults import Fault
from rollbook.standins.standin import StandIn
from tests.sources.contract_cases import CASES, Case, roster
from tests.sources.loopback import QUICK, Tokens


def connection(case: Case, standin: StandIn, **changes: str) -> Connection:
    credentials = case.credentials(standin) | changes
    bounds = replace(QUICK, first_wait_seconds=0.01)
    return Connection(credentials, {}, case.variant_key, Tokens(), bounds)


def check(case: Case, standin: StandIn, **changes: str) -> list[CheckStep]:
    return list(case.source.check_connection(connection(case, standin, **changes)))


def by_key(steps: list[CheckStep]) -> dict[Step, CheckStep]:
    return {step.key: step for step in steps}


def test_a_good_connection_passes_each_step_and_counts_the_students(
    case: Case, standin: StandIn
) -> None:
    steps = check(case, standin)
    assert tuple(step.key for step in steps) == case.variant.steps
    assert {step.state for step in steps if step.needed} == {StepState.PASSED}
    active = [known for known in roster(standin) if known.enroll_status == people.ACTIVE]
    assert by_key(steps)[Step.STUDENTS].number == len(active)


def test_a_refused_sign_in_fails_at_its_own_step(case: Case, standin: StandIn) -> None:
    steps = by_key(check(case, standin, **{case.secret: "wrong"}))
    assert steps[Step.ADDRESS].state is StepState.PASSED
    assert steps[Step.SIGN_IN].state is StepState.FAILED
    assert steps[Step.SIGN_IN].error == "credentials_refused"
    assert steps[Step.SIGN_IN].remedy
    assert steps[Step.STUDENTS].state is StepState.SKIPPED


def test_swapped_credentials_are_recognised(case: Case, standin: StandIn) -> None:
    right = case.credentials(standin)
    name = next(field.key for field in case.variant.credentials if field.kind == "text")
    swapped = {name: right[case.secret], case.secret: right[name]}
    assert by_key(check(case, standin, **swapped))[Step.SIGN_IN].slip is Slip.SWAPPED


def test_a_missing_right_fails_at_the_list(case: Case, standin: StandIn) -> None:
    standin.faults = [case.forbid]
    step = by_key(check(case, standin))[Step.LIST]
    assert step.state is StepState.FAILED
    assert step.slip in {Slip.V1_ACCESS_MISSING, Slip.SCOPE_MISSING}


def test_another_server_is_no_sis(case: Case, standin: StandIn) -> None:
    url = next(field.key for field in case.variant.credentials if field.kind == "url")
    steps = by_key(check(case, standin, **{url: f"{standin.url}/nothing"}))
    if case.name.startswith("veracross"):
        assert steps[Step.ADDRESS].slip is Slip.ROUTE_UNKNOWN
    else:
        assert steps[Step.ADDRESS].state is StepState.PASSED  # only the host counts


def test_a_page_in_front_of_the_sis_fails_at_the_address(case: Case, standin: StandIn) -> None:
    standin.faults = [Fault("html", path="*")]
    step = by_key(check(case, standin))[Step.ADDRESS]
    assert (step.state, step.slip) == (StepState.FAILED, Slip.OTHER_SIS)


def test_each_school_is_listed_with_its_students(case: Case, standin: StandIn) -> None:
    schools = case.source.list_schools(connection(case, standin))
    active = [known for known in roster(standin) if known.enroll_status == people.ACTIVE]
    assert sum(school.students or 0 for school in schools) == len(active)
    assert len(schools) > 1
    assert len({school.key for school in schools}) == len(schools)


def test_the_students_of_each_grade_are_counted(case: Case, standin: StandIn) -> None:
    grades = case.source.count_grades(connection(case, standin), frozenset())
    active = [known for known in roster(standin) if known.enroll_status == people.ACTIVE]
    expected = Counter(known.grade_level for known in active)
    assert [grade.students for grade in grades] == [expected[level] for level in sorted(expected)]
    assert all(sum(grade.by_school.values()) == grade.students for grade in grades)


def test_only_the_grades_of_chosen_schools_are_counted(case: Case, standin: StandIn) -> None:
    largest = max(
        case.source.list_schools(connection(case, standin)), key=lambda each: each.students or 0
    )
    grades = case.source.count_grades(connection(case, standin), frozenset({largest.key}))
    assert sum(grade.students for grade in grades) == largest.students


def test_a_sample_shows_where_the_emails_are(case: Case, standin: StandIn) -> None:
    sample = case.source.sample_students(connection(case, standin), frozenset())
    assert sample.records
    fills = survey(sample)["email"]
    assert fills[0].usable == len(sample.records)
    assert all("•••" in shown for fill in fills for shown in fill.samples)
    addresses = {known.email for known in roster(standin)}
    assert not addresses & {shown for fill in fills for shown in fill.samples}


def test_the_sample_of_a_school_has_no_others(case: Case, standin: StandIn) -> None:
    school = case.source.list_schools(connection(case, standin))[0]
    sample = case.source.sample_students(connection(case, standin), frozenset({school.key}))
    field = case.source.school_field
    assert {str(record[field]) for record in sample.records} == {school.key}


@pytest.mark.parametrize(
    "source_field, usable",
    [
        ("student_username@school.example", True),
        ("student_username@sub.school.example", True),
        ("student_username", True),
        ("u_students_extension.student_email", True),
        ("student_username@", False),
        ("student_username@localhost", False),
        ("student_username@a b.example", False),
        ("gender", False),
        ("x.y.z", False),
    ],
)
def test_a_mapping_row_is_filled_from_known_homes_only(source_field: str, usable: bool) -> None:
    row = CASES[0].variant.row(source_field, "email")
    assert (row is not None and row.source_field == source_field) is usable


def test_the_survey_counts_what_could_go_in() -> None:
    homes = {"email": (Home("a", ""), Home("name@", "")), "graduation_year": (Home("y", ""),)}
    records: list[dict[str, Any]] = [
        {"a": "x@school.example", "name": "ada7", "y": 2030},
        {"a": "", "name": 17, "y": 0},
        {"a": "none", "name": "b@c.example", "y": "2029"},
    ]
    fills = survey(Sample(records, homes))
    email = {fill.home.source_field: (fill.filled, fill.usable) for fill in fills["email"]}
    assert email == {"a": (2, 1), "name@": (3, 2)}
    assert fills["graduation_year"][0].samples == ("2030", "2029")
