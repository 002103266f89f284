"""Workers killed in the middle of a run: another finishes it, and the accounts are unharmed."""

import signal
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now
from django.utils import timezone

from rollbook.cli.operate.worker import GRACE_SECONDS
from rollbook.config import config
from rollbook.schools.models import User
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync import undoing as undo
from rollbook.sync.models import Change, Integration, Run, RunState, Schedule, Trigger
from rollbook.sync.setup import schedules
from tests.crash.scene import (
    PATIENT,
    StartWorker,
    accounts,
    assert_nothing_is_doubled,
    hold,
    in_state,
    is_holding,
    recover,
    request,
    row_locked,
    table_locked,
    taken_over,
    undisturbed,
    waits_for_lock,
)
from tests.processes import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_killed_while_reading_another_worker_finishes(
    integration: Integration, twin: Integration, standin: StandIn, start_worker: StartWorker
) -> None:
    expected = undisturbed(twin)
    hold(standin, page=7)
    run = request(integration)
    first = start_worker()
    wait_until(lambda: is_holding(standin) and Change.objects.filter(run=run).exists(), first)
    first.end(signal.SIGKILL)
    recover(standin)
    assert not StudentAccount.objects.filter(school=integration.school).exists()
    second = start_worker()
    wait_until(in_state(run, RunState.DONE), second)
    assert (run.attempts, run.fence) == (2, 2)
    assert accounts(integration.school) == expected
    assert run.counts["new"] == len(expected)
    assert_nothing_is_doubled(run)


@pytest.mark.crash
@pytest.mark.parametrize("number", [1, 4, 10])
def test_killed_at_any_page_it_comes_to_the_same(
    number: int,
    integration: Integration,
    twin: Integration,
    standin: StandIn,
    start_worker: StartWorker,
) -> None:
    standin.latency = 0
    undisturbed(twin)
    run = request(integration)
    second = start_worker()
    wait_until(in_state(run, RunState.DONE), second)
    standin.week = 2
    expected = undisturbed(twin)
    hold(standin, number)
    run = request(integration)
    wait_until(lambda: is_holding(standin), second)
    second.end(signal.SIGKILL)
    recover(standin)
    wait_until(in_state(run, RunState.DONE), start_worker())
    assert accounts(integration.school) == expected
    assert_nothing_is_doubled(run)


@pytest.mark.crash
def test_killed_while_applying_another_worker_finishes(
    integration: Integration, twin: Integration, standin: StandIn, start_worker: StartWorker
) -> None:
    undisturbed(twin)
    first, run = start_worker(), request(integration)
    wait_until(in_state(run, RunState.DONE), first)
    before = accounts(integration.school)
    standin.week = 2
    expected = undisturbed(twin)
    changing = Change.objects.filter(run__school=twin.school, kind="updated").first()
    assert changing
    with row_locked(StudentAccount.objects.get(school=integration.school, sis_id=changing.sis_id)):
        run = request(integration)
        wait_until(in_state(run, RunState.APPLYING), first)
        wait_until(waits_for_lock, first)
        first.end(signal.SIGKILL)
        second = start_worker()
        wait_until(taken_over(run, 2), second)
        assert accounts(integration.school) == before
    wait_until(in_state(run, RunState.DONE), second)
    assert accounts(integration.school) == expected != before
    assert run.counts["overtaken"] == 0
    assert_nothing_is_doubled(run)


@pytest.mark.crash
def test_killed_while_planning_an_undo_another_worker_finishes(
    integration: Integration,
    standin: StandIn,
    start_worker: StartWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(undo, "AT_ONCE", 0)
    first, run = start_worker(), request(integration)
    wait_until(in_state(run, RunState.DONE), first)
    before = accounts(integration.school)
    with table_locked("sync_change"):
        undoing = undo.preview(run, None)
        wait_until(in_state(undoing, RunState.FETCHING), first)
        wait_until(waits_for_lock, first)
        first.end(signal.SIGKILL)
    second = start_worker()
    wait_until(in_state(undoing, RunState.PREVIEW), second)
    assert undoing.fence == 2
    assert accounts(integration.school) == before
    assert (
        undoing.counts["undone_deactivated"]
        == run.counts["new"]
        == Change.objects.filter(run=undoing).count()
    )
    assert_nothing_is_doubled(undoing)
    assert undo.confirm(undoing, None)
    wait_until(in_state(undoing, RunState.DONE), second)
    assert set(StudentAccount.objects.values_list("status", flat=True)) == {"deactivated"}


@pytest.mark.crash
def test_a_worker_that_was_taken_for_dead_wakes_and_writes_nothing(
    integration: Integration, twin: Integration, standin: StandIn, start_worker: StartWorker
) -> None:
    undisturbed(twin)
    first, run = start_worker(), request(integration)
    wait_until(in_state(run, RunState.DONE), first)
    standin.week = 2
    expected = undisturbed(twin)
    hold(standin, page=5)
    run = request(integration)
    wait_until(lambda: is_holding(standin), first)
    first.process.send_signal(signal.SIGSTOP)
    recover(standin)
    second = start_worker()
    wait_until(in_state(run, RunState.DONE), second)
    first.process.send_signal(signal.SIGCONT)
    wait_until(lambda: "taken over by another worker" in first.output, first)
    run.refresh_from_db()
    assert (run.state, run.attempts) == (RunState.DONE, 2)
    assert accounts(integration.school) == expected
    assert_nothing_is_doubled(run)


@pytest.mark.crash
def test_told_to_end_while_reading_it_hands_back_without_waiting_for_the_sis(
    integration: Integration, twin: Integration, standin: StandIn, start_worker: StartWorker
) -> None:
    """The page comes after the test, and the worker would wait an hour for it."""
    assert GRACE_SECONDS < 30, "the promise to operators"
    expected = undisturbed(twin)
    hold(standin, page=6)
    run = request(integration)
    first = start_worker(**PATIENT)
    wait_until(lambda: is_holding(standin), first)
    assert first.end(signal.SIGTERM) == 0
    assert is_holding(standin), "the worker waited for its page"
    run.refresh_from_db()
    assert (run.state, run.lease_until, run.attempts) == (RunState.FETCHING, None, 0)
    recover(standin)
    wait_until(in_state(run, RunState.DONE), start_worker())
    assert accounts(integration.school) == expected
    assert_nothing_is_doubled(run)


@pytest.mark.crash
def test_three_kills_park_the_run_and_the_next_one_works(
    integration: Integration, administrator: User, standin: StandIn, start_worker: StartWorker
) -> None:
    hold(standin, page=3)
    run = request(integration)
    for number in (1, 2, 3):
        worker = start_worker()
        wait_until(taken_over(run, number), worker)
        worker.end(signal.SIGKILL)
    last = start_worker()
    wait_until(in_state(run, RunState.FAILED), last)
    assert (run.error_code, run.attempts) == ("worker_died", 3)
    assert run.error_what and run.error_remedy
    assert not StudentAccount.objects.exists()
    wait_until(lambda: run.notices.filter(state="sent").count() == 1, last)
    assert_nothing_is_doubled(run)
    recover(standin)
    again = request(integration)
    wait_until(in_state(again, RunState.DONE), last)
    assert StudentAccount.objects.count() == again.counts["new"] > 0


def lease_left(run: Run) -> timedelta:
    """Return for how long no other worker may take the run, by the database's own clock."""
    column = ExpressionWrapper(F("lease_until") - Now(), output_field=DurationField())
    left: timedelta = Run.objects.values_list(column, flat=True).get(pk=run.pk)
    return left


@pytest.mark.crash
@pytest.mark.parametrize("at", [RunState.FETCHING, RunState.APPLYING])
def test_with_the_usual_lease_a_killed_run_is_over_within_two_minutes_and_the_next_due_one_happens(
    at: RunState,
    integration: Integration,
    twin: Integration,
    standin: StandIn,
    start_worker: StartWorker,
) -> None:
    standin.latency = 0
    undisturbed(twin)
    first, run = start_worker(usual=True), request(integration)
    wait_until(in_state(run, RunState.DONE), first)
    standin.week = 2
    expected = undisturbed(twin)
    changing = Change.objects.filter(run__school=twin.school, kind="updated").first()
    assert changing
    account = StudentAccount.objects.get(school=integration.school, sis_id=changing.sis_id)
    with ExitStack() as until:
        if at == RunState.FETCHING:
            hold(standin, page=5)
        else:
            until.enter_context(row_locked(account))
        run = request(integration)
        wait_until(in_state(run, at), first)
        wait_until(lambda: at == RunState.APPLYING or is_holding(standin), first)
        first.end(signal.SIGKILL)
        left = lease_left(run)
    recover(standin)
    # A sweep after the end of the lease takes the run over: both are within the promise.
    assert left + 2 * timedelta(seconds=config.sweep_seconds) < timedelta(seconds=120)
    second = start_worker(usual=True)
    wait_until(in_state(run, RunState.DONE), second)
    assert run.attempts == 2, "taken over once, by the first sweep that could"
    assert accounts(integration.school) == expected

    schedules.ensure(integration)
    Schedule.objects.filter(integration=integration).update(
        enabled=True, next_due_at=timezone.now()
    )
    due = Run.objects.filter(integration=integration, trigger=Trigger.SCHEDULE)
    wait_until(lambda: due.filter(state=RunState.DONE).exists(), second)
    assert due.count() == 1
