"""Planning an undo: a small one at once, a large one by a worker, which may die meanwhile."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from rollbook.roster.planning.changes import Change as PlannedChange
from rollbook.roster.planning.changes import ChangeKind
from rollbook.schools.models import School
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync import undoing as undo
from rollbook.sync.models import Change, Integration, Issue, Run, RunState, Trigger
from rollbook.sync.runs import claims, requests, states
from rollbook.sync.runs.lease import Lease
from rollbook.sync.store import statements
from tests.sync.report_runs import a_run
from tests.sync.test_undo import undone

pytestmark = pytest.mark.django_db


def renamed(school: School, number: int) -> Run:
    """A finished run that has given this many students another name."""
    told = {"school": school, "source": "powerschool", "first_name": "Was", "last_name": "Was"}
    emails = [f"{number}-{each}@x.example" for each in range(number)]
    made = StudentAccount.objects.bulk_create(
        StudentAccount(**told, sis_id=each, email=each, email_key=each) for each in emails
    )
    was, becomes = {"first_name": "Was"}, {"first_name": "Is"}
    rows = [
        PlannedChange(
            ChangeKind.UPDATED,
            one.sis_id,
            one.pk.bytes,
            1,
            "Is",
            "Was",
            one.email,
            was,
            becomes,
            None,
            "fields_differ",
        )
        for one in made
    ]
    run = a_run(school, rows)
    statements.execute("apply_updates", run)
    return run


@pytest.fixture
def large(school: School, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of five rows, where two are many."""
    monkeypatch.setattr(undo, "AT_ONCE", 2)
    monkeypatch.setattr(undo, "BATCH", 2)
    return renamed(school, 5)


def plan_of(undoing: Run) -> list[tuple[Any, ...]]:
    return list(
        Change.objects.filter(run=undoing)
        .order_by("email")
        .values_list("account_id", "account_version", "before", "after")
    )


def silent(run: Run) -> None:
    """Its worker has not been heard of for longer than a lease."""
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_large_undo_is_queued_once_however_often_it_is_asked_for_and_keeps_no_other_run_waiting(
    large: Run, integration: Integration
) -> None:
    undoing = undo.preview(large, None)
    assert (undoing.state, undo.preview(large, None), Run.objects.filter(undoes=large).count()) == (
        RunState.QUEUED,
        undoing,
        1,
    )
    assert claims.claim(undoing.pk) is not None
    assert undo.preview(large, None) == undoing  # somebody plans it already
    assert not undo.confirm(undoing, None)
    assert requests.request(integration, trigger=Trigger.PERSON).created
    silent(undoing)
    pipeline.run_sync(undoing.pk)
    undoing.refresh_from_db()
    assert (undoing.state, undoing.students_done, undoing.students_total) == (
        RunState.PREVIEW,
        5,
        5,
    )
    assert (undoing.counts["undone_values"], len(plan_of(undoing)), undoing.lease_until) == (
        5,
        5,
        None,
    )
    assert not StudentAccount.objects.exclude(first_name="Is").exists()


class Dies(Lease):
    """Of a worker that is killed when it has stored one batch."""

    def check(self) -> None:
        if Change.objects.filter(run=self.run).exists():
            raise SystemExit


def test_a_worker_that_dies_while_planning_is_followed_by_another_and_nothing_is_doubled(
    large: Run,
) -> None:
    undoing = undo.preview(large, None)
    claimed = claims.claim(undoing.pk)
    assert claimed is not None
    with pytest.raises(SystemExit):
        undo.plan(claimed, Dies(claimed))
    assert len(plan_of(undoing)) == 2
    silent(undoing)
    assert claims.waiting().get() == undoing
    pipeline.run_sync(undoing.pk)
    with pytest.raises(states.LeaseLost):  # the first one was only frozen, and wakes late
        undo.plan(claimed)
    undoing.refresh_from_db()
    assert (undoing.state, undoing.counts["undone_values"]) == (RunState.PREVIEW, 5)
    rested = undoing.started_at
    assert undo.confirm(undoing, None)
    pipeline.run_sync(undoing.pk)
    undoing.refresh_from_db()
    assert (
        rested is not None and undoing.started_at is not None and undoing.started_at > rested
    )  # the rest is no part of its duration
    assert set(StudentAccount.objects.values_list("first_name", flat=True)) == {"Was"}


def test_an_undo_that_cannot_be_planned_says_why_and_changes_nothing(large: Run) -> None:
    late, alone = (
        undo.preview(large, None),
        undo.preview(large, None, StudentAccount.objects.earliest("email").pk),
    )
    assert (late.state, alone.state) == (
        RunState.QUEUED,
        RunState.PREVIEW,
    )  # one student is never many
    states.mark_undone(large)
    pipeline.run_sync(late.pk)
    late.refresh_from_db()
    assert (late.state, late.error_code) == (RunState.FAILED, "not_undoable")
    assert "can't be undone" in late.error_what
    states.mark_done_again(large)
    parked = undo.preview(large, None)
    Run.objects.filter(pk=parked.pk).update(attempts=3, state=RunState.FETCHING, lease_until=None)
    claims.sweep()
    parked.refresh_from_db()
    assert (parked.state, parked.error_code) == (RunState.FAILED, "worker_died")
    assert undo.preview(large, None) != parked
    assert not StudentAccount.objects.exclude(first_name="Is").exists()


def test_a_chain_of_addresses_stays_whole_where_its_end_was_taken(school: School) -> None:
    """Each of four took the address of the next, and somebody new has the first one's.

    So none of the four can go back; a swap beside them can.
    """
    names = ["a", "b", "c", "d", "x", "y"]
    shifted = {"a": "b", "b": "c", "c": "d", "d": "e", "x": "y", "y": "x"}  # was → is
    told = {"school": school, "source": "powerschool", "first_name": "Was", "last_name": "Was"}
    made = StudentAccount.objects.bulk_create(
        StudentAccount(**told, sis_id=each, email=shifted[each], email_key=shifted[each])
        for each in names
    )
    rows = []
    for one in made:
        was, becomes = str(one.sis_id), one.email
        before, after = {"email": was, "email_key": was}, {"email": becomes, "email_key": becomes}
        rows.append(
            PlannedChange(
                ChangeKind.UPDATED,
                was,
                one.pk.bytes,
                1,
                "Was",
                was,
                was,
                before,
                after,
                None,
                "fields_differ",
            )
        )
    StudentAccount.objects.create(**told, email="a", email_key="a")
    undoing = undone(a_run(school, rows))
    now = dict(StudentAccount.objects.filter(sis_id__in=names).values_list("sis_id", "email"))
    assert now == {"a": "b", "b": "c", "c": "d", "d": "e", "x": "x", "y": "y"}
    assert {(issue.sis_id, issue.value) for issue in Issue.objects.filter(run=undoing)} == {
        (each, each) for each in "abcd"
    }


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [1_000, 0])
def test_any_number_of_students_go_back_in_as_many_statements_as_five(
    at_once: int, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "AT_ONCE", at_once)
    counted = []
    for number in (5, 1_000):
        run = renamed(school, number)
        with CaptureQueriesContext(connection) as queries:
            pipeline.run_sync(undo.preview(run, None).pk)
            undoing = undone(run)
        counted.append(len(queries))
        assert undoing.counts["undone_values"] == number
    assert counted[0] == counted[1]
    assert set(StudentAccount.objects.values_list("first_name", flat=True)) == {"Was"}
    assert not Change.objects.filter(outcome="overtaken").exists()
