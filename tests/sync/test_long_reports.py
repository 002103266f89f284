"""What keeps the report of a large run quick: stored classes, one count, one pass for a search."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rollbook.roster.planning.changes import ChangeKind
from rollbook.schools.models import School
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline, store
from rollbook.sync.models import Change, Integration, Problem, Run, Trigger
from rollbook.sync.report import change_rows, problem_rows, row_list, work_list
from rollbook.sync.report.classes import classes_of
from rollbook.sync.runs import requests
from tests.sync.report_runs import a_run, listed, new, problem, updated

pytestmark = pytest.mark.django_db


def codes(run: Run, tab: str) -> list[str]:
    return [each.code for each in classes_of(run, tab)]


def test_the_classes_of_a_run_are_stored_when_its_plan_is_complete(
    integration: Integration,
) -> None:
    run = requests.request(integration, trigger=Trigger.PERSON).run
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert run.classes == store.plan_classes(run)
    years = set(StudentAccount.objects.values_list("graduation_year", flat=True)) - {None}
    grades = set(StudentAccount.objects.values_list("grade_level", flat=True)) - {None}
    expected = [f"grade {each}" for each in grades] or [f"year {each}" for each in years]
    assert set(codes(run, "new")) == set(expected)
    with CaptureQueriesContext(connection) as queries:
        codes(run, "new")
    assert not queries.captured_queries


def test_the_classes_of_a_run_of_an_older_version_are_stored_at_the_first_look(
    school: School,
) -> None:
    account = StudentAccount.objects.create(
        school=school, email="g@x.example", email_key="g@x.example", graduation_year=2031
    )
    run = a_run(school, [new("1"), new("2", graduation_year=None), updated({}, {"last_name": "H"})])
    Change.objects.filter(run=run, kind=ChangeKind.UPDATED).update(account_id=account.pk)
    assert (codes(run, "new"), codes(run, "updated")) == (["year 2027"], ["year 2031"])
    stored = Run.objects.get(pk=run.pk).classes
    assert stored == {"new": ["year 2027"], "updated": ["year 2031"]}


def test_classes_are_grade_levels_in_their_order_where_anybody_has_one(school: School) -> None:
    run = a_run(
        school,
        [
            *(new(grade, grade_level=grade) for grade in ("10", "9", "K")),
            new("1"),
            listed(ChangeKind.OUTSIDE_SELECTION, "grade_not_selected"),
        ],
    )
    assert codes(run, "new") == ["grade 9", "grade K", "grade 10"]
    assert codes(run, "updated") == []


def test_a_search_counts_no_further_than_it_must(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = a_run(school, [new(str(number)) for number in range(8)], [problem()] * 8)
    for rows in (change_rows.new_rows(run, "ada"), problem_rows.problem_rows(run, "0042")):
        assert (rows.count(), rows.more, len(rows[6:12])) == (8, False, 2)
    monkeypatch.setattr(row_list, "COUNTED", 5)
    found = change_rows.new_rows(run, "ada")
    assert (found.count(), found.more) == (5, True)
    assert [row.sis_id for row in found[2:5]] == ["2", "3", "4"]


def test_accounts_with_a_problem_are_the_same_from_both_sides(
    integration: Integration,
) -> None:
    run = requests.request(integration, trigger=Trigger.PERSON).run
    pipeline.run_sync(run.pk)
    accounts = StudentAccount.objects.filter(school=integration.school)
    one = accounts.order_by("pk")[0]
    Problem.objects.create(
        school=integration.school,
        source=one.source,
        sis_id=one.sis_id,
        severity="warning",
        key="k",
        code="gender_unknown",
        first_run=run,
        last_run=run,
        first_seen_at=run.requested_at,
        last_seen_at=run.requested_at,
    )
    of_school = accounts.filter(work_list.with_open_problem(integration.school))
    assert one in of_school
    assert set(of_school) == set(accounts.filter(work_list.has_open_problem()))


@pytest.mark.parametrize("only_in_account", [False, True])
def test_the_class_of_a_row_is_that_in_the_change_or_else_that_of_the_account(
    school: School, only_in_account: bool
) -> None:
    account = StudentAccount.objects.create(
        school=school, email="g@x.example", email_key="g@x.example", graduation_year=2031
    )
    after = {"last_name": "H"} if only_in_account else {"graduation_year": 2030}
    run = a_run(school, [updated({}, after)])
    Change.objects.filter(run=run).update(account_id=account.pk)
    classes = ("year 2030", "year 2031", "year 99999", "year x", "grade 9", "form 9")
    counts = [change_rows.updated_rows(run, student_class=code).count() for code in classes]
    assert counts == ([0, 1, 0, 0, 0, 0] if only_in_account else [1, 0, 0, 0, 0, 0])
