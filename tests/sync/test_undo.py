"""Undoing a run: every value goes back that nobody has changed since; the rest is listed."""

import json
from typing import Any

import pytest
from django.db import connection

from rollbook.schools.clock import time_text
from rollbook.schools.models import School, User
from rollbook.standins.standin import StandIn
from rollbook.students import accounts, editing
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync import undoing as undo
from rollbook.sync.models import Integration, Issue, Mode, Problem, Run, RunState, Trigger
from rollbook.sync.refusals import RunRefused
from rollbook.sync.report import change_rows, problem_rows, student_history, summary
from rollbook.sync.runs import decisions, requests
from rollbook.sync.words.sources import uploader_type
from tests.sync.test_uploads import ADA, brought_in

pytestmark = pytest.mark.django_db


def sync(integration: Integration, mode: Mode | None = None) -> Run:
    run = requests.request(integration, trigger=Trigger.PERSON, mode=mode).run
    pipeline.run_sync(run.pk)
    if decisions.approve(run, None):  # many changed addresses are a reason to hold
        pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.DONE, run.error_what
    return run


def undone(run: Run, student: Any = None, by: User | None = None) -> Run:
    undoing = undo.preview(run, by, student)
    assert undo.confirm(undoing, by)
    pipeline.run_sync(undoing.pk)
    undoing.refresh_from_db()
    run.refresh_from_db()
    assert undoing.state == RunState.DONE, undoing.error_what
    return undoing


LEFT_OUT = "version", "updated_at", "source_fingerprint"


def held() -> dict[str, dict[str, Any]]:
    """Every account with all its columns but those that count and remember."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, to_jsonb(a) - %s::text[] FROM students_studentaccount a", [list(LEFT_OUT)]
        )

        return {
            str(pk): json.loads(row) if isinstance(row, str) else row
            for pk, row in cursor.fetchall()
        }


def test_an_undone_run_leaves_every_account_as_before_and_deactivates_those_it_made(
    integration: Integration, standin: StandIn
) -> None:
    sync(integration)
    one, other, *_, last, latest = StudentAccount.objects.order_by("sis_id")
    for each in (last, latest):  # they are made again
        each.delete()
    before = held()
    standin.week = 4
    standin.edit(int(one.sis_id or 0), email=other.email)  # a swap, which goes back as one
    standin.edit(int(other.sis_id or 0), email=one.email)
    run = sync(integration)
    assert run.counts["new"] and run.counts["updated"] > 2
    after = held()
    undoing = undone(run)
    now = held()
    assert {pk: row for pk, row in now.items() if pk in before} == before
    made = now.keys() - before.keys()
    assert len(made) == run.counts["new"] == undoing.counts["undone_deactivated"]
    assert all(now[pk] == after[pk] | {"status": "deactivated"} for pk in made)
    assert (run.state, uploader_type(undoing), undoing.counts["undone_stays"]) == (
        RunState.UNDONE,
        "Undo of PowerSchool Student",
        0,
    )
    assert {row.outcome for row in change_rows.updated_rows(run)} == {"Undone"}
    assert "were restored" in summary.what_was_changed(undoing)
    again = sync(
        integration
    )  # the SIS still says so: written again, but nobody is made twice or opened
    assert again.counts.get("new", 0) == 0
    assert {
        pk: row | {"status": "active"} if pk in made else row for pk, row in held().items()
    } == after
    assert StudentAccount.objects.filter(status="deactivated").count() == len(made)
    for run_after in (again, sync(integration)):  # each report lists who stays closed
        listed = run_after.changes.filter(kind="protected", reason="account_deactivated")
        assert {str(row.account_id) for row in listed if not row.after} == made


def test_undoing_an_undo_brings_everything_back(integration: Integration, standin: StandIn) -> None:
    sync(integration)
    standin.week = 4
    run = sync(integration)
    after, problems = held(), list(Problem.objects.order_by("pk").values())
    first = undone(run)
    second = undone(first)
    run.refresh_from_db()
    assert held() == after
    assert (run.state, first.state, uploader_type(second)) == (
        RunState.DONE,
        RunState.UNDONE,
        "Undo of Undo of PowerSchool Student",
    )
    undone(second)
    run.refresh_from_db()
    first.refresh_from_db()
    assert (run.state, first.state) == (RunState.UNDONE, RunState.DONE)
    assert (
        list(Problem.objects.order_by("pk").values()) == problems
    )  # an undo tells nothing about the SIS
    with pytest.raises(RunRefused, match="can't be undone"):
        undo.preview(run, None)


def test_what_was_changed_since_stays_and_is_listed_with_who_changed_it(
    integration: Integration, standin: StandIn, administrator: User, school: School
) -> None:
    first = sync(integration)
    renamed, closed, gone, kept = StudentAccount.objects.order_by("sis_id")[:4]
    standin.edit(int(renamed.sis_id or 0), last_name="Later")
    sync(integration)
    accounts.deactivate(school, [closed.pk], administrator)
    accounts.deactivate(school, [kept.pk], administrator)
    accounts.reactivate(school, [kept.pk], administrator)
    gone_id = gone.sis_id
    gone.delete()
    undoing = undone(first)
    told = {issue.sis_id: issue.code for issue in Issue.objects.filter(run=undoing)}
    assert told == {
        gone_id: "account_gone_since",
        kept.sis_id: "written_again_since",  # closed and opened again by a person
    }  # an account that a run made has nothing to go back to but its status
    assert set(StudentAccount.objects.values_list("status", flat=True)) == {"deactivated"}
    assert undoing.counts["undone_deactivated"] == first.counts["new"] - 2


def test_a_value_of_a_later_run_or_upload_stays(
    integration: Integration, standin: StandIn, school: School
) -> None:
    sync(integration)
    one, other = StudentAccount.objects.order_by("sis_id")[:2]
    for sis_id in (one.sis_id, other.sis_id):
        standin.edit(int(sis_id or 0), last_name="Second", first_name="Second")
    run = sync(integration)
    standin.edit(int(one.sis_id or 0), last_name="Third")
    sync(integration)
    undoing = undone(run)
    issue = Issue.objects.get(run=undoing)
    assert (issue.sis_id, issue.code, issue.field, issue.value) == (
        one.sis_id,
        "changed_since",
        "last_name",
        "Third",
    )
    assert issue.source_field.startswith("PowerSchool Student, 2")
    (row,) = problem_rows.problem_rows(undoing)
    assert "It is “Third” now, and was left as it is." in row.cause
    was = {"last_name": "Third", "first_name": one.first_name}
    one.refresh_from_db()
    assert {name: getattr(one, name) for name in was} == was
    assert StudentAccount.objects.get(pk=other.pk).last_name == other.last_name
    assert undoing.counts["undone_values"] == 3


def test_a_change_that_later_runs_took_back_and_made_again_is_restored_and_said(
    integration: Integration, standin: StandIn
) -> None:
    sync(integration)
    one, other, third = StudentAccount.objects.order_by("sis_id")[:3]

    def rename(account: StudentAccount, name: str) -> None:
        standin.edit(int(account.sis_id or 0), last_name=name)

    for each in (one, other, third):
        rename(each, "Second")
    run = sync(integration)
    rename(one, one.last_name)
    sync(integration)
    rename(one, "Second")
    writes_again = sync(integration)
    editing.edit(other, None, {"last_name": "Third"})
    editing.edit(other, None, {"last_name": "Second"})

    undoing = undone(run)

    assert undoing.counts["undone_again"] == 2
    assert (undoing.counts["undone_values"], undoing.counts["undone_stays"]) == (3, 0)
    rows = {row.sis_id: row for row in problem_rows.problem_rows(undoing)}
    assert set(rows) == {one.sis_id, other.sis_id}
    at = time_text(writes_again.finished_at, integration.school.timezone)
    assert (
        f"Then PowerSchool Student, {at} wrote “Second” again. "
        "The undo still restores the value from before the run."
    ) in rows[one.sis_id or ""].cause
    assert "Then Command line, 2" in rows[other.sis_id or ""].cause
    assert "2 values that go back were written again" in summary.what_was_changed(undoing)
    assert {
        each.last_name for each in StudentAccount.objects.filter(pk__in=[one.pk, other.pk])
    } == {one.last_name, other.last_name}


def test_what_was_undone_before_and_was_then_made_again_is_said_and_stays(
    integration: Integration, standin: StandIn
) -> None:
    sync(integration)
    one, other = StudentAccount.objects.order_by("sis_id")[:2]
    for each in (one, other):
        standin.edit(int(each.sis_id or 0), last_name="Second")
    run = sync(integration)
    undone(run, one.pk)
    sync(integration)  # the SIS still has the name
    with pytest.raises(RunRefused, match=r"undone before.*again since, by PowerSchool Student, 2"):
        undo.preview(run, None, one.pk)

    undoing = undone(run)

    (row,) = problem_rows.problem_rows(undoing)
    assert (row.sis_id, row.code) == (one.sis_id, "made_again_since")
    assert "Then PowerSchool Student, 2" in row.cause
    assert (undoing.counts["undone_values"], undoing.counts["undone_stays"]) == (1, 1)
    assert StudentAccount.objects.get(pk=one.pk).last_name == "Second"
    sync(integration)
    with pytest.raises(RunRefused, match=r"undone before.*again since, by PowerSchool Student, 2"):
        undo.preview(run, None)


def test_an_address_that_goes_nowhere_is_not_said_to_be_restored(
    integration: Integration, standin: StandIn, school: School
) -> None:
    sync(integration)
    one = StudentAccount.objects.order_by("sis_id")[0]
    runs = []
    for email in ("moved@lincoln.example", "other@lincoln.example", "moved@lincoln.example"):
        standin.edit(int(one.sis_id or 0), email=email)
        runs.append(sync(integration))
    StudentAccount.objects.create(
        school=school, email=one.email, email_key=one.email_key, first_name="New", last_name="Owner"
    )
    undoing = undone(runs[0])
    assert Issue.objects.get(run=undoing).code == "address_taken_since"
    assert undoing.counts["undone_again"] == 0


def test_an_address_that_somebody_else_has_by_now_is_not_taken_from_them(
    integration: Integration, standin: StandIn, school: School
) -> None:
    sync(integration)
    one = StudentAccount.objects.order_by("sis_id")[0]
    standin.edit(int(one.sis_id or 0), email="moved@lincoln.example", last_name="Moved")
    run = sync(integration)
    StudentAccount.objects.create(
        school=school, email=one.email, email_key=one.email_key, first_name="New", last_name="Owner"
    )
    undoing = undone(run)
    assert Issue.objects.get(run=undoing).code == "address_taken_since"
    now = StudentAccount.objects.get(pk=one.pk)
    assert (now.email, now.last_name) == ("moved@lincoln.example", one.last_name)


def test_one_student_of_a_run_is_undone_alone_and_then_not_again(
    integration: Integration, standin: StandIn
) -> None:
    sync(integration)
    one, other = StudentAccount.objects.order_by("sis_id")[:2]
    for sis_id in (one.sis_id, other.sis_id):
        standin.edit(int(sis_id or 0), last_name="Second")
    run = sync(integration)
    alone = undone(run, one.pk)
    assert run.state == RunState.DONE
    assert StudentAccount.objects.get(pk=one.pk).last_name == one.last_name
    assert StudentAccount.objects.get(pk=other.pk).last_name == "Second"
    with pytest.raises(RunRefused):
        undo.preview(run, None, one.pk)
    newest, before, *_ = student_history.history(one)
    assert (newest.run, before.run, before.note) == (alone, run, "This was undone.")
    assert undone(run).counts["undone_accounts"] == 1
    assert StudentAccount.objects.get(pk=other.pk).last_name == other.last_name


def test_an_upload_is_undone_and_a_linked_student_is_unlinked(
    school: School, integration: Integration
) -> None:
    upload = brought_in(school, ADA)
    ada = StudentAccount.objects.get()
    undoing = undone(upload)
    ada.refresh_from_db()
    assert (ada.status, uploader_type(undoing), undoing.link_source) == (
        "deactivated",
        "Undo of Students upload",
        "",
    )
    first = sync(integration)
    theirs = StudentAccount.objects.filter(source=integration.source).order_by("sis_id").first()
    assert theirs is not None
    StudentAccount.objects.filter(pk=theirs.pk).update(
        source="", sis_id=None, source_fingerprint=None
    )
    link = sync(integration)
    assert link.counts["linked"] == 1
    undone(link)
    theirs.refresh_from_db()
    assert (theirs.source, theirs.sis_id) == ("", None)
    assert sync(integration).counts["linked"] == 1
    assert first.state == RunState.DONE


def test_two_clicks_make_one_undo_and_only_what_was_done_can_be_undone(
    integration: Integration, administrator: User
) -> None:
    rehearsal = sync(integration, Mode.TEST)
    with pytest.raises(RunRefused):
        undo.preview(rehearsal, administrator)
    run = sync(integration)
    first, second = undo.preview(run, administrator), undo.preview(run, administrator)
    assert list(Run.objects.filter(undoes=run)) == [second] == [first]
    accounts.deactivate(
        integration.school, [StudentAccount.objects.earliest("pk").pk], administrator
    )
    first, second = (
        second,
        undo.preview(run, administrator),
    )  # planned afresh: something was changed since
    assert list(Run.objects.filter(undoes=run)) == [second] != [first]
    assert undo.undoing_of(second).back_by_sync == integration
    assert undo.confirm(second, administrator, undo.TEST)
    assert not undo.confirm(second, administrator)
    with pytest.raises(RunRefused, match="another run"):
        undo.confirm(undo.preview(run, administrator), administrator)
    integration.refresh_from_db()
    assert integration.test_run
