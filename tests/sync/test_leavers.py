"""Accounts whose student left: closed after the grace, back again, left alone in pauses."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from rollbook.roster.school_calendar import Pause
from rollbook.standins.standin import StandIn
from rollbook.students import protection
from rollbook.students.models import (
    Absence,
    StudentAccount,
)
from rollbook.sync import pipeline
from rollbook.sync.models import Change, Integration, Mode, Run, RunState, Schedule, Trigger
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.runs import decisions, requests
from rollbook.sync.setup import schedules
from rollbook.sync.worker.due import run_due
from tests.sync.rule_runs import send_away, set_leavers, some, sync

pytestmark = pytest.mark.django_db


def test_a_leaver_is_closed_after_the_grace_and_comes_back_to_the_old_account(
    integration: Integration, standin: StandIn
) -> None:
    sync(integration)
    set_leavers(integration)
    (gone,) = some()
    send_away(standin, gone)
    first = sync(integration)
    assert (first.counts["not_in_roster"], first.counts.get("left", 0)) == (1, 0)
    assert (Absence.objects.get().runs, Absence.objects.get().account_id) == (1, gone.pk)
    rehearsal = sync(integration, Mode.TEST)
    assert rehearsal.counts["left"] == 1
    assert Absence.objects.get().runs == 1  # a test run counts nothing
    second = sync(integration)
    gone.refresh_from_db()
    assert (second.counts["left"], gone.status, second.counts.get("not_in_roster", 0)) == (
        1,
        "left",
        0,
    )
    row = Change.objects.get(run=second, kind="left")
    assert (row.before, row.after, row.reason) == (
        {"status": "active"},
        {"status": "left"},
        "missing_long_enough",
    )
    assert not Absence.objects.exists()
    assert sync(integration).counts.get("left", 0) == 0
    send_away(standin, gone, status=0)
    back = sync(integration)
    gone.refresh_from_db()
    assert (back.counts["returning"], gone.status, back.counts.get("new", 0)) == (1, "active", 0)


def test_a_leaver_who_is_kept_open_for_now_is_closed_as_soon_as_nothing_keeps_them(
    integration: Integration, standin: StandIn
) -> None:
    sync(integration)
    set_leavers(integration)
    gone = some(7)  # so many hold a run
    for account in gone:
        send_away(standin, account)
    protection.protect(gone[0], None)
    for missing in (1, 2, 3):
        run = requests.request(integration, trigger=Trigger.PERSON).run
        pipeline.run_sync(run.pk)
        assert decisions.approve(run, None, additions_only=True)
        pipeline.run_sync(run.pk)
        assert list(Absence.objects.values_list("runs", flat=True)) == [missing] * len(gone)
    protection.unprotect(gone[0], None)
    last = requests.request(integration, trigger=Trigger.PERSON).run
    pipeline.run_sync(last.pk)
    last.refresh_from_db()
    assert (last.state, last.counts["left"], last.counts.get("not_in_roster", 0)) == (
        RunState.ON_HOLD,
        len(gone),
        0,
    )


def test_who_is_seen_again_starts_anew(integration: Integration, standin: StandIn) -> None:
    sync(integration)
    set_leavers(integration)
    (gone,) = some()
    for status in (2, 0, 2):
        send_away(standin, gone, status)
        run = sync(integration)
    gone.refresh_from_db()
    assert (run.counts["not_in_roster"], gone.status, Absence.objects.get().runs) == (
        1,
        "active",
        1,
    )


def test_graduates_have_a_state_of_their_own(integration: Integration, standin: StandIn) -> None:
    sync(integration)
    set_leavers(integration, runs=1)
    one, other = some(2)
    for account in (one, other):
        send_away(standin, account, status=3)
    StudentAccount.objects.filter(pk=one.pk).update(graduation_year=timezone.now().year - 1)
    run = sync(integration)
    assert {account.status for account in some(2)} == {"graduated", "left"}
    assert (run.counts["graduated"], run.counts["left"]) == (1, 1)


def test_days_of_grace_are_counted_from_the_first_run_that_missed_them(
    integration: Integration, standin: StandIn
) -> None:
    sync(integration)
    set_leavers(integration, runs=1, days=5)
    (gone,) = some()
    send_away(standin, gone)
    assert sync(integration).counts["not_in_roster"] == 1
    assert sync(integration).counts.get("left", 0) == 0
    Absence.objects.update(since=datetime.now(UTC).date() - timedelta(days=5))
    assert sync(integration).counts["left"] == 1


def test_students_outside_the_grades_are_no_leavers(integration: Integration) -> None:
    sync(integration)
    set_leavers(integration, runs=1)
    integration.grades = [9, 10, 11]
    integration.save()
    run = sync(integration)
    assert run.counts["outside_selection"] > 0
    assert not StudentAccount.objects.exclude(status="active").exists()


@pytest.mark.parametrize(("only_adds", "runs_made"), [(False, 0), (True, 1)])
def test_in_a_pause_nothing_starts_or_leavers_are_left_alone(
    integration: Integration, standin: StandIn, only_adds: bool, runs_made: int
) -> None:
    sync(integration)
    set_leavers(integration, runs=1)
    send_away(standin, some()[0])
    now = timezone.now()
    pause = Pause(
        now.date() - timedelta(days=2), now.date() + timedelta(days=2), only_adds, "Summer"
    )
    assert [schedules.add_pause(integration, None, pause) for _ in range(2)] == [True, False]
    Schedule.objects.update(next_due_at=now - timedelta(minutes=1))
    assert run_due(now) == runs_made
    assert (Schedule.objects.get().next_due_at or now) > now
    for run in Run.objects.filter(trigger=Trigger.SCHEDULE):
        pipeline.run_sync(run.pk)
        run.refresh_from_db()
        assert (run.counts["not_in_roster"], run.counts.get("left", 0)) == (1, 0)
        assert not Absence.objects.exists()
    assert schedules.remove_pause(
        integration, None, pause.first.isoformat(), pause.last.isoformat()
    )
    assert sync(integration).counts["left"] == 1
    with pytest.raises(SettingRefused):
        schedules.add_pause(integration, None, pause._replace(last=pause.first - timedelta(days=1)))
