"""By a school's rule a run frees the e-mail of a closed account for the student who has it now."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from rollbook.students import accounts, protection
from rollbook.students.models import EmailAlias, StudentAccount
from rollbook.sync import pipeline, undoing
from rollbook.sync.models import Change, Issue, Mode, Run, RunState, Trigger
from rollbook.sync.report import change_rows, student_history
from rollbook.sync.runs import decisions, outlook, requests
from rollbook.sync.setup.freeing_rule import save_freeing
from tests.sources.loopback import SmallSchool
from tests.sync.identity_world import World, record
from tests.sync.test_uploads import brought_in

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

HEADER = "SIS ID,E-mail,First name,Last name,Graduation year,Birth date"
OLD = {**record("1", "jlee", "Jon"), "birth_date": "2007-01-02"}
NEW = {**record("9", "jlee", "Jane"), "birth_date": "2012-03-04"}
STAYS = record("2", "stays", "Mia")


@pytest.fixture
def world() -> Iterator[World]:
    """Return a school whose student 1 has left, and whose runs free e-mails at once."""
    with SmallSchool(0) as small:
        world = World(small)
        for student, status in ((OLD, "left"), (STAYS, "active")):
            values = {name: value for name, value in student.items() if name != "number"}
            key = {"email_key": student["email"], "status": status, "source": "powerschool"}
            StudentAccount.objects.create(school=world.school, **values, **key)
        save_freeing(world.school, None, 0)
        yield world


def old() -> StudentAccount:
    return StudentAccount.objects.get(sis_id="1")


def new() -> StudentAccount:
    return StudentAccount.objects.get(sis_id="9")


def last_run() -> Run:
    return Run.objects.latest("requested_at")


def undone(run: Run) -> Run:
    undo = undoing.preview(run, None)
    assert undoing.confirm(undo, None)
    pipeline.run_sync(undo.pk)
    undo.refresh_from_db()
    assert undo.state == RunState.DONE, undo.error_what
    return undo


def is_freed_for_the_newcomer() -> bool:
    assert (new().email, new().email_key, new().status) == (old().email, old().email, "active")
    return (old().email_key, old().status) == (f"freed:{old().pk}", "left")


def test_the_newcomer_gets_it_in_the_same_run_which_says_so(world: World) -> None:
    world.sync([STAYS, NEW], True)
    assert is_freed_for_the_newcomer()
    run = last_run()
    assert not Issue.objects.filter(run=run, severity="error").exists()
    assert (run.counts["new"], run.counts["email_freed"], run.counts.get("email_changed")) == (
        *(1, 1),
        None,
    )
    (row,) = change_rows.updated_rows(run)[0:9]
    assert (row.kind, row.name, row.sis_id) == ("email_freed", "Jon Lee", "1")
    assert [(diff.field_label, diff.before, diff.after) for diff in row.diffs] == [
        ("E-mail", old().email, "free for another student")
    ]
    assert old().email in row.reason
    assert EmailAlias.objects.get(account=old()).email == old().email
    assert "email_freed" in [entry.kind for entry in student_history.history(old())]
    world.sync([STAYS, NEW], True)
    assert last_run().counts["unchanged"] == 2
    assert not Issue.objects.filter(run=last_run(), severity="error").exists()


def test_a_student_who_moves_to_it_gets_it_as_well(world: World) -> None:
    world.sync([{**STAYS, "email": OLD["email"]}], True)
    assert StudentAccount.objects.get(sis_id="2").email == OLD["email"]
    assert old().email_is_free


def test_a_test_run_frees_nothing(world: World) -> None:
    world.small.students = []
    world.integration.test_run = True
    world.integration.save()
    world.sync([STAYS, NEW], True)
    assert (last_run().mode, last_run().counts["email_freed"]) == (Mode.TEST, 1)
    assert not old().email_is_free


@pytest.mark.parametrize(
    "why_not", ["no rule", "too soon", "protected", "kept", "deactivated", "same person", "back"]
)
def test_otherwise_it_stays_a_problem(world: World, why_not: str) -> None:
    newcomer, roster = NEW, [STAYS]
    if why_not == "no rule":
        save_freeing(world.school, None, None)
    elif why_not == "too soon":
        save_freeing(world.school, None, 1)
    elif why_not == "protected":
        protection.protect(old(), None)
    elif why_not == "kept":
        protection.lock(old(), None, ["email"])
    elif why_not == "deactivated":
        accounts.reactivate(world.school, [old().pk], None)
        accounts.deactivate(world.school, [old().pk], None)
    elif why_not == "same person":
        newcomer = {**OLD, "sis_id": "9"}
    elif why_not == "back":
        roster = [STAYS, OLD]
    world.sync([*roster, newcomer], True)
    assert not Change.objects.filter(kind="email_freed").exists()
    assert Issue.objects.filter(run=last_run(), sis_id="9").exists()
    assert not StudentAccount.objects.filter(sis_id="9").exists()
    assert old().email_key == OLD["email"]


def test_days_count_from_the_day_on_which_it_was_closed(world: World) -> None:
    save_freeing(world.school, None, 30)
    closed = timezone.now() - timedelta(days=31)
    StudentAccount.objects.filter(sis_id="1").update(closed_at=closed)
    world.sync([STAYS, NEW], True)
    assert is_freed_for_the_newcomer()


def test_two_who_want_it_both_wait_and_nothing_is_freed(world: World) -> None:
    world.sync([STAYS, NEW, {**NEW, "sis_id": "10", "first_name": "Joy"}], True)
    assert Issue.objects.filter(run=last_run(), code="email_shared").count() == 2
    assert not Change.objects.filter(kind="email_freed").exists()


def test_undoing_the_run_gives_it_back_and_undoing_that_frees_it_again(world: World) -> None:
    world.sync([STAYS, NEW], True)
    run = last_run()
    undo = undone(run)
    assert (old().email_key, old().status) == (OLD["email"], "left")
    assert (new().email_key, new().status) == (f"freed:{new().pk}", "deactivated")
    assert not Issue.objects.filter(run=undo).exists()
    (row,) = [row for row in change_rows.updated_rows(undo)[0:9] if row.sis_id == "1"]
    assert [(diff.before, diff.after) for diff in row.diffs] == [
        ("free for another student", OLD["email"])
    ]
    undone(undo)
    assert is_freed_for_the_newcomer()


def test_undoing_a_student_who_moved_to_it_gives_both_their_own(world: World) -> None:
    world.sync([{**STAYS, "email": OLD["email"]}], True)
    undone(last_run())
    assert StudentAccount.objects.get(sis_id="2").email_key == STAYS["email"]
    assert old().email_key == OLD["email"]


def test_undoing_leaves_it_where_the_newcomer_was_merged_since(world: World) -> None:
    world.sync([STAYS, NEW], True)
    run = last_run()
    StudentAccount.objects.filter(sis_id="9").update(status="merged")
    undo = undoing.preview(run, None)
    assert list(Issue.objects.filter(run=undo, sis_id="1").values_list("code", "value")) == [
        ("address_taken_since", OLD["email"])
    ]


def held(world: World, roster: list[dict[str, str]]) -> Run:
    """Return a held run of this roster: the e-mails of seven students change as well."""
    many = [record(str(number), f"s{number}", f"Student{number}") for number in range(20, 27)]
    world.sync([STAYS, *many], True)
    world.set_roster([*({**each, "email": f"new-{each['email']}"} for each in many), *roster])
    run = requests.request(world.integration, trigger=Trigger.PERSON).run
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.ON_HOLD
    return run


@pytest.mark.parametrize("additions_only", [True, False])
def test_it_is_left_out_with_the_student_who_would_get_it(
    world: World, additions_only: bool
) -> None:
    run = held(world, [{**STAYS, "email": OLD["email"]}])
    sentences = outlook.outlook(run)
    assert "1 e-mail of a closed account freed" in sentences.approve
    assert "closed account" not in sentences.additions
    assert decisions.approve(run, None, additions_only=additions_only)
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert run.counts["overtaken"] == 0
    assert old().email_is_free is not additions_only


def test_a_newcomer_is_an_addition_and_brings_the_freeing_along(world: World) -> None:
    run = held(world, [STAYS, NEW])
    assert "1 e-mail of a closed account freed" in outlook.outlook(run).additions
    assert decisions.approve(run, None, additions_only=True)
    pipeline.run_sync(run.pk)
    assert is_freed_for_the_newcomer()


def test_a_newcomer_who_may_never_be_imported_frees_nothing(world: World) -> None:
    run = held(world, [STAYS, NEW])
    world.person_decides("never", "9", "")
    assert decisions.approve(run, None)
    pipeline.run_sync(run.pk)
    assert not old().email_is_free


def test_an_account_edited_meanwhile_keeps_it_and_the_newcomer_waits(world: World) -> None:
    run = held(world, [STAYS, NEW])
    accounts.reactivate(world.school, [old().pk], None)
    assert decisions.approve(run, None)
    pipeline.run_sync(run.pk)
    assert not StudentAccount.objects.filter(sis_id="9").exists()
    overtaken = Change.objects.filter(run=run, outcome="overtaken")
    assert set(overtaken.values_list("kind", flat=True)) == {"new", "email_freed"}


def row_of(student: dict[str, str], **others: Any) -> str:
    values = {**student, **others}
    names = ("sis_id", "email", "first_name", "last_name", "graduation_year", "birth_date")
    return ",".join(values[name] for name in names)


@pytest.mark.parametrize("sis_id", ["9", ""])
def test_an_upload_frees_it_too(world: World, sis_id: str) -> None:
    run = brought_in(world.school, row_of(NEW, sis_id=sis_id), header=HEADER)
    assert (run.counts["new"], run.counts["email_freed"]) == (1, 1)
    assert old().email_is_free
    assert StudentAccount.objects.get(email_key=OLD["email"]).first_name == "Jane"
    undone(run)
    assert old().email_key == OLD["email"]


@pytest.mark.parametrize("rule", [None, 1])
def test_an_upload_frees_nothing_without_the_rule_or_too_soon(
    world: World, rule: int | None
) -> None:
    save_freeing(world.school, None, rule)
    brought_in(world.school, row_of(NEW), header=HEADER)
    assert not old().email_is_free


def test_an_upload_that_names_the_closed_account_leaves_it(world: World) -> None:
    lines = (row_of(NEW), row_of(OLD, first_name="Jonathan Jon"))
    brought_in(world.school, *lines, header=HEADER)
    assert not old().email_is_free
