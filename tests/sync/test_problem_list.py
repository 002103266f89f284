"""The work list of problems: opened, seen again, fixed, back; and the file for the registrar."""

import io

import pytest
from openpyxl import load_workbook

from rollbook.roster.problems.catalogue import PROBLEMS
from rollbook.roster.problems.expected_values import EXPECTED_VALUES
from rollbook.roster.records import Issue, Severity
from rollbook.schools.models import School
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync import store
from rollbook.sync.models import Integration, Mode, Problem, RunState
from rollbook.sync.report import registrar_file, work_list
from rollbook.sync.report.work_list import FIXED, NEW, OPEN, ProblemQuery
from rollbook.sync.runs import decisions, states
from tests.sync.report_runs import a_run, problem
from tests.sync.test_pipeline import complete, sync

pytestmark = pytest.mark.django_db


def found(school: School, state: str, **narrowed: str) -> list[tuple[str | None, str, int]]:
    listed = work_list.filtered_problems(school, ProblemQuery(state=state, **narrowed))
    return sorted((each.sis_id, each.code, each.runs) for each in listed)


def finished(school: School, *issues: Issue, mode: Mode = Mode.LIVE) -> None:
    """A run that has found these and ends now, as the pipeline ends it."""
    states.finish(a_run(school, [], issues, state=RunState.PLANNED, mode=mode))


def test_a_problem_is_open_across_runs_until_it_is_gone_and_begins_anew_when_it_is_back(
    school: School,
) -> None:
    empty, bad = (
        problem(),
        problem("email_invalid", sis_id="0043", field="email", source_field="email", value="a@"),
    )
    finished(school, empty, empty)
    assert found(school, OPEN) == found(school, NEW) == [("0042", "required_empty", 1)]
    finished(school, empty, bad, mode=Mode.TEST)
    assert found(school, OPEN) == [("0042", "required_empty", 2), ("0043", "email_invalid", 1)]
    assert found(school, NEW) == [("0043", "email_invalid", 1)]
    finished(school, bad)
    assert (found(school, OPEN), found(school, NEW)) == ([("0043", "email_invalid", 2)], [])
    assert found(school, FIXED) == [("0042", "required_empty", 2)]
    finished(school, empty)
    assert found(school, OPEN) == found(school, NEW) == [("0042", "required_empty", 1)]
    assert found(school, FIXED) == [("0043", "email_invalid", 2)]


def test_runs_that_fail_are_held_or_discarded_and_uploads_say_nothing_about_the_sis(
    school: School,
) -> None:
    finished(school, problem())
    states.fail(a_run(school, state=RunState.FETCHING), "sis_down", "", "")
    states.hold(held := a_run(school, state=RunState.PLANNED))
    decisions.discard(held, None)
    states.finish(
        a_run(
            school,
            [],
            [problem("date_invalid")],
            state=RunState.PLANNED,
            source="spreadsheet",
            trigger="upload",
        )
    )
    assert found(school, OPEN) == [("0042", "required_empty", 1)]
    assert found(school, FIXED) == []


def test_each_sis_and_each_school_has_a_list_of_its_own(school: School) -> None:
    other = School.objects.create(name="Other")
    finished(school, problem())
    finished(other, problem(sis_id="1"))
    states.finish(a_run(school, state=RunState.PLANNED, source="veracross"))
    assert found(school, OPEN) == [("0042", "required_empty", 1)]
    assert work_list.count_open(other) == 1


def test_noting_a_run_twice_counts_it_once(school: School) -> None:
    run = a_run(school, [], [problem()])
    store.keep_problems(run)
    store.keep_problems(run)
    assert found(school, OPEN) == [("0042", "required_empty", 1)]


def test_the_filters_narrow(school: School) -> None:
    vanished = Issue("field_vanished", Severity.WARNING, None, "", "gender", "gender")
    finished(
        school, problem(name="Zoë García"), problem("wrong_type", sis_id="7", name="Al"), vanished
    )
    assert (
        found(school, OPEN, search="garcia zoe")
        == found(school, OPEN, search="0042")
        == [("0042", "required_empty", 1)]
    )
    assert found(school, OPEN, severity="warning") == [(None, "field_vanished", 1)]
    assert found(school, OPEN, who="us") == [("7", "wrong_type", 1)]
    assert found(school, OPEN, search="nobody") == []


def test_the_registrars_file_has_what_can_be_mended_in_the_sis_in_harmless_cells(
    school: School,
) -> None:
    bad = problem(
        "email_invalid",
        sis_id="0043",
        name="=cmd|' /C calc'!A0",
        field="email",
        source_field="email",
        value="+1@",
    )
    finished(school, problem(), bad, problem("other_person", sis_id="9"))
    corrections = registrar_file.registrar_problems(school, ProblemQuery())
    text, file = io.StringIO(newline=""), io.BytesIO()
    registrar_file.write_csv(corrections, text)
    lines = text.getvalue().splitlines()
    assert lines[0] == "\ufeffSIS ID,Name,Field,Value now,What is expected,Where"
    assert len(lines) == 3
    assert any(
        line.startswith("0042,Emmy Noether,projected_graduation_year,,A value; it is required,")
        for line in lines
    )
    assert any(
        line.startswith("0043,'=cmd|' /C calc'!A0,email,'+1@,\"A complete e-mail address")
        for line in lines
    )
    registrar_file.write_xlsx(corrections, file)
    sheet = load_workbook(file).active
    assert sheet is not None
    assert {row[0].value for row in sheet.iter_rows(min_row=2)} == {"0042", "0043"}
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_every_problem_of_the_registrar_has_a_short_expectation() -> None:
    assert {
        code for code, told in PROBLEMS.items() if told.fixed_by == "registrar"
    } - EXPECTED_VALUES.keys() == set()
    assert EXPECTED_VALUES.keys() - PROBLEMS.keys() == set()


def test_runs_against_a_sis_keep_the_list(integration: Integration, standin: StandIn) -> None:
    email = next(iter(complete(standin, {9, 10, 11, 12}).values()))[0]
    names = {"first_name": "Some", "last_name": "Body"}
    Integration.objects.create(
        school=integration.school, source="veracross", variant="v3", active=True
    )
    kept = StudentAccount.objects.create(
        school=integration.school,
        source="veracross",
        sis_id="1",
        email=email,
        email_key=email.lower(),
        **names,
    )
    first = sync(integration, Mode.TEST)
    listed = Problem.objects.filter(fixed_at__isnull=True)
    assert listed.count() == sum(first.counts.get(each, 0) for each in Severity) > 0
    sync(integration)
    assert set(listed.values_list("runs", flat=True)) == {2}
    for line in work_list.listed_problems(listed):
        assert line.row.cause and line.expected and not line.is_new
    kept.delete()
    sync(integration)
    assert work_list.count_open(integration.school) == 0
