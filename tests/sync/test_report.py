"""The stored plan read back as rows."""

from typing import Any

import pytest
from django.db import ProgrammingError, transaction

from rollbook.roster.planning.changes import ChangeKind
from rollbook.roster.records import Severity
from rollbook.schools.models import School
from rollbook.sync.models import Change, Mode, RunState
from rollbook.sync.report import change_rows, problem_rows
from rollbook.sync.report.counts import tab_counts
from rollbook.sync.report.row_list import RowList
from tests.sync.report_runs import a_run, linked, listed, new, problem, returning, updated

pytestmark = pytest.mark.django_db


@pytest.fixture
def other_school(db: None) -> School:
    return School.objects.create(name="Washington High School", timezone="Europe/Zurich")


def names(rows: RowList[problem_rows.ProblemRow]) -> list[str]:
    return [row.name for row in rows]


# --- tabs


def test_the_tabs_count_what_they_show(school: School) -> None:
    issues = [
        problem(),
        problem("personal_email_invalid", Severity.WARNING),
        problem("gender_unknown", Severity.NOTE),
    ]
    changes = [
        new(),
        linked(),
        returning(),
        updated({"last_name": "H"}, {"last_name": "Hopper"}),
        listed(ChangeKind.NOT_IN_ROSTER, "not_sent"),
    ]
    run = a_run(school, changes, issues)
    counts = tab_counts(run)
    assert counts == (3, 1, 3)
    rows = (
        problem_rows.problem_rows(run),
        change_rows.new_rows(run),
        change_rows.updated_rows(run),
    )
    assert counts == tuple(each.count() for each in rows)


def test_rows_of_another_run_or_school_are_never_shown(
    school: School, other_school: School
) -> None:
    run = a_run(school, [new("1")], [problem(sis_id="1")])
    a_run(school, [new("2"), linked("3")], [problem(sis_id="2")])
    a_run(other_school, [new("4"), linked("5")], [problem(sis_id="4")])
    stray = a_run(school, [new("6")], [problem(sis_id="6")])
    with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        Change.objects.filter(run=stray).update(school_id=other_school.pk, run_id=run.pk)
    assert [row.sis_id for row in change_rows.new_rows(run)] == ["1"]
    assert [row.sis_id for row in problem_rows.problem_rows(run)] == ["1"]
    assert change_rows.updated_rows(run).count() == 0
    assert tab_counts(run) == (1, 1, 0)


def test_rows_are_sliced_in_the_database(school: School, django_assert_num_queries: Any) -> None:
    run = a_run(school, [new(f"{number:04d}") for number in range(60)])
    rows = change_rows.new_rows(run)
    with django_assert_num_queries(1) as caught:
        page = rows[25:50]
    assert [row.sis_id for row in page] == [f"{number:04d}" for number in range(25, 50)]
    assert "LIMIT 25 OFFSET 25" in caught.captured_queries[0]["sql"]
    assert len(list(rows)) == rows.count() == 60


def test_an_empty_run_has_empty_tabs(school: School) -> None:
    run = a_run(school)
    assert tab_counts(run) == (0, 0, 0)
    assert [
        *problem_rows.problem_rows(run),
        *change_rows.new_rows(run),
        *change_rows.updated_rows(run),
    ] == []
    assert change_rows.new_rows(run)[0:25] == []


# --- problems


def test_a_problem_says_what_happened_where_to_mend_it_and_who_can(school: School) -> None:
    (row,) = problem_rows.problem_rows(a_run(school, [], [problem()]))
    assert (row.severity, row.severity_label, row.sis_id, row.name) == (
        "error",
        "Error",
        "0042",
        "Emmy Noether",
    )
    assert (row.field_label, row.source_field, row.value) == (
        "Graduation year",
        "projected_graduation_year",
        "",
    )
    assert "Graduation year is missing in PowerSchool" in row.cause
    assert "Year of Graduation" in row.remedy
    assert row.who == "Registrar"


def test_a_problem_found_by_matching_names_the_field_of_the_sis_too(school: School) -> None:
    (row,) = problem_rows.problem_rows(
        a_run(
            school,
            [],
            [problem("email_shared", field="email", source_field="", value="a@b.example")],
        )
    )
    assert row.source_field == "email"
    assert "a@b.example" in row.cause


def test_errors_come_before_warnings_and_notes_and_can_be_narrowed_to_one(school: School) -> None:
    run = a_run(
        school,
        [],
        [
            problem("gender_unknown", Severity.NOTE),
            problem("personal_email_invalid", Severity.WARNING),
            problem(),
        ],
    )
    assert [row.severity for row in problem_rows.problem_rows(run)] == ["error", "warning", "note"]
    assert [row.severity for row in problem_rows.problem_rows(run, severity="warning")] == [
        "warning"
    ]
    assert problem_rows.problem_rows(run, severity="nonsense").count() == 0


def test_a_problem_of_the_whole_run_has_no_student(school: School) -> None:
    issue = problem("field_vanished", Severity.WARNING, None, name="")
    (row,) = problem_rows.problem_rows(a_run(school, [], [issue]))
    assert (row.sis_id, row.name) == ("", "")
    assert "for any student" in row.cause


def test_a_code_and_a_field_of_a_later_version_are_shown_fairly(school: School) -> None:
    (row,) = problem_rows.problem_rows(
        a_run(school, [], [problem("from_the_future", field="shoe_size", source_field="")])
    )
    assert row.field_label == "shoe_size"
    assert row.cause


# --- new, and existing & update


def test_a_new_row_has_every_value_with_its_label(school: School) -> None:
    (row,) = change_rows.new_rows(a_run(school, [new(gender=None)]))
    assert (row.sis_id, row.first_name, row.last_name, row.email, row.graduation_year) == (
        "0001",
        "Ada",
        "Lovelace",
        "ada@lincoln.example",
        2027,
    )
    assert ("Date of birth", "2009-02-28") in row.values
    assert ("Graduation year", "2027") in row.values
    assert not {"Gender", "email_key"} & dict(row.values).keys()


def test_an_updated_row_has_before_and_after_of_each_field_that_differs(school: School) -> None:
    before = {
        "graduation_year": 2026,
        "email": "old@lincoln.example",
        "email_key": "old@lincoln.example",
        "gender": None,
    }
    after = {
        "graduation_year": 2027,
        "email": "Grace@lincoln.example",
        "email_key": "grace@lincoln.example",
        "gender": "F",
    }
    (row,) = change_rows.updated_rows(a_run(school, [updated(before, after)]))
    assert [(diff.field_label, diff.before, diff.after) for diff in row.diffs] == [
        ("E-mail", "old@lincoln.example", "Grace@lincoln.example"),
        ("Graduation year", "2026", "2027"),
        ("Gender", "", "F"),
    ]
    assert (row.kind_label, row.name, row.outcome) == ("Updated", "Grace Hopper", "Applied")


def test_a_link_shows_to_what_and_a_return_shows_the_status_in_words(school: School) -> None:
    link, back = change_rows.updated_rows(a_run(school, [linked(), returning()]))
    assert ("Linked to", "", "PowerSchool") in [diff[:3] for diff in link.diffs]
    assert ("SIS ID", "", "0008") in [diff[:3] for diff in link.diffs]
    assert [diff[:3] for diff in back.diffs] == [("Status", "Left", "Active")]


def test_accounts_that_are_left_alone_are_listed_only_when_asked_for(school: School) -> None:
    gone, outside = (
        listed(ChangeKind.NOT_IN_ROSTER, "not_sent"),
        listed(ChangeKind.OUTSIDE_SELECTION, "grade_not_selected"),
    )
    run = a_run(school, [linked(), gone, outside])
    assert [row.kind for row in change_rows.updated_rows(run)] == ["linked"]
    (row,) = change_rows.updated_rows(run, kind="not_in_roster")
    assert row.kind_label == "No longer in the SIS" and row.reason.startswith(
        "All 321 records were read"
    )
    assert row.outcome == "Listed only, nothing changed"
    assert change_rows.updated_rows(run, kind="outside_selection").count() == 1
    assert (
        change_rows.updated_rows(run, kind="new").count()
        == change_rows.updated_rows(run, kind="nonsense").count()
        == 0
    )


@pytest.mark.parametrize(
    ("columns", "outcome"),
    [
        ({"mode": Mode.TEST}, "Not applied: test run"),
        ({"state": RunState.ON_HOLD}, "Waiting for a decision"),
        ({"state": RunState.APPLYING}, "Not applied yet"),
        ({"state": RunState.DISCARDED}, "Not applied: the run was discarded"),
        ({"state": RunState.DONE}, "Applied"),
    ],
)
def test_a_row_says_what_became_of_it(
    school: School, columns: dict[str, Any], outcome: str
) -> None:
    run = a_run(school, [new(), linked()], **columns)
    assert [
        row.outcome for row in (*change_rows.new_rows(run), *change_rows.updated_rows(run))
    ] == [
        outcome,
        outcome,
    ]


def test_an_overtaken_row_says_that_it_was_not_applied(school: School) -> None:
    run = a_run(school, [linked()])
    run.changes.update(outcome="overtaken")
    (row,) = change_rows.updated_rows(run)
    assert row.outcome == "Not applied: the account was changed meanwhile"


# --- search


@pytest.mark.parametrize(
    "search",
    ["love", "ADA", "ada LOVE", "lovelace ada", "ADA@LINCOLN", "0001", "  ada  ", "\0ada", "éMILE"],
)
def test_search_looks_at_name_e_mail_and_sis_id_in_any_letter_case(
    school: School, search: str
) -> None:
    run = a_run(
        school, [new(last="Lovelace Émile"), new("0002", "Alan", "Turing", "alan@lincoln.example")]
    )
    assert [row.sis_id for row in change_rows.new_rows(run, search)] == ["0001"]


@pytest.mark.parametrize(
    "search", ["nobody", "ada turing", "%", "_", "'; DROP TABLE sync_change; --", "\\"]
)
def test_search_takes_every_sign_for_itself(school: School, search: str) -> None:
    run = a_run(school, [new(), new("0002", "Alan", "Turing", "alan@lincoln.example")])
    assert change_rows.new_rows(run, search).count() == 0


def test_problems_are_found_by_name_sis_id_and_the_address_that_two_share(school: School) -> None:
    run = a_run(
        school,
        [],
        [
            problem(),
            problem("email_shared", sis_id="77", name="Carl Gauß", value="Shared@b.example"),
        ],
    )
    assert names(problem_rows.problem_rows(run, "noether")) == ["Emmy Noether"]
    assert (
        names(problem_rows.problem_rows(run, "77"))
        == names(problem_rows.problem_rows(run, "shared@"))
        == ["Carl Gauß"]
    )


# --- summary
