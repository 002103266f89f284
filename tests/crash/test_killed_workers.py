"""Workers killed in the middle of a run: another finishes it, and the accounts are as if nothing had happened."""

import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import psycopg
import pytest
from django.conf import settings
from django.utils import timezone

from rollbook.schools.models import User
from rollbook.standins.faults import Fault
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync import undoing as undo
from rollbook.sync.models import Change, Integration, Run, RunState, Schedule, Trigger
from rollbook.sync.setup import schedules
from tests.crash.scene import (
    StartWorker,
    accounts,
    assert_nothing_is_doubled,
    in_state,
    request,
    taken_over,
    undisturbed,
)
from tests.processes import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
WITHIN = 60.0  # seconds; the lease of these workers is 5, and the promise for the usual 45 is 120


def row_held(account: StudentAccount) -> AbstractContextManager[psycopg.Connection[object]]:
    """Somebody else holds the row of one account, so that applying waits."""
    return held(f"SELECT 1 FROM students_studentaccount WHERE id = '{account.pk}' FOR UPDATE")


def table_held(name: str) -> AbstractContextManager[psycopg.Connection[object]]:
    """Somebody else keeps everybody from writing to a table."""
    return held(f"LOCK TABLE {name} IN EXCLUSIVE MODE")


@contextmanager
def held(statement: str) -> Iterator[psycopg.Connection[object]]:
    """Another connection has done this and doesn't end its transaction. Closing it lets go."""
    at = settings.DATABASES["default"]
    where = {
        "host": at["HOST"],
        "port": at["PORT"] or None,
        "user": at["USER"],
        "password": at["PASSWORD"],
        "dbname": at["NAME"],
    }
    with psycopg.connect(**{name: value for name, value in where.items() if value}) as connection:
        connection.execute(statement.encode())
        yield connection
        connection.rollback()


def hold(standin: StandIn, page: int) -> None:
    standin.faults = [Fault("hold", page=page, release="page")]


def is_holding(standin: StandIn) -> bool:
    return "page" in standin.holding


def well(standin: StandIn) -> None:
    standin.faults = []


def test_killed_while_reading_another_worker_finishes(
    integration: Integration, twin: Integration, standin: StandIn, start_worker: StartWorker
) -> None:
    expected = undisturbed(twin)
    hold(standin, page=7)
    run = request(integration)
    first = start_worker()
    wait_until(lambda: is_holding(standin) and Change.objects.filter(run=run).exists(), first)
    first.end(signal.SIGKILL)
    well(standin)
    assert not StudentAccount.objects.filter(school=integration.school).exists()
    second = start_worker()
    wait_until(in_state(run, RunState.DONE), second, WITHIN)
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
    wait_until(in_state(run, RunState.DONE), second, WITHIN)
    standin.week = 2
    expected = undisturbed(twin)
    hold(standin, number)
    run = request(integration)
    wait_until(lambda: is_holding(standin), second)
    second.end(signal.SIGKILL)
    well(standin)
    wait_until(in_state(run, RunState.DONE), start_worker(), WITHIN)
    assert accounts(integration.school) == expected
    assert_nothing_is_doubled(run)


@pytest.mark.crash
def test_killed_while_applying_another_worker_finishes(
    integration: Integration, twin: Integration, standin: StandIn, start_worker: StartWorker
) -> None:
    undisturbed(twin)
    first, run = start_worker(), request(integration)
    wait_until(in_state(run, RunState.DONE), first, WITHIN)
    before = accounts(integration.school)
    standin.week = 2
    expected = undisturbed(twin)
    changing = Change.objects.filter(run__school=twin.school, kind="updated").first()
    assert changing
    with row_held(StudentAccount.objects.get(school=integration.school, sis_id=changing.sis_id)):
        run = request(integration)
        wait_until(in_state(run, RunState.APPLYING), first)
        time.sleep(0.5)  # into the statement that waits
        first.end(signal.SIGKILL)
        second = start_worker()
        wait_until(taken_over(run, 2), second, WITHIN)
        assert accounts(integration.school) == before
    wait_until(in_state(run, RunState.DONE), second, WITHIN)
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
    wait_until(in_state(run, RunState.DONE), first, WITHIN)
    before = accounts(integration.school)
    with table_held("sync_change"):
        undoing = undo.preview(run, None)
        wait_until(in_state(undoing, RunState.FETCHING), first)
        time.sleep(0.5)  # into the statement that waits
        first.end(signal.SIGKILL)
    second = start_worker()
    wait_until(in_state(undoing, RunState.PREVIEW), second, WITHIN)
    assert undoing.fence == 2
    assert accounts(integration.school) == before
    assert (
        undoing.counts["undone_deactivated"]
        == run.counts["new"]
        == Change.objects.filter(run=undoing).count()
    )
    assert_nothing_is_doubled(undoing)
    assert undo.confirm(undoing, None)
    wait_until(in_state(undoing, RunState.DONE), second, WITHIN)
    assert set(StudentAccount.objects.values_list("status", flat=True)) == {"deactivated"}


@pytest.mark.crash
def test_a_worker_that_was_taken_for_dead_wakes_and_writes_nothing(
    integration: Integration, twin: Integration, standin: StandIn, start_worker: StartWorker
) -> None:
    undisturbed(twin)
    first, run = start_worker(), request(integration)
    wait_until(in_state(run, RunState.DONE), first, WITHIN)
    standin.week = 2
    expected = undisturbed(twin)
    hold(standin, page=5)
    run = request(integration)
    wait_until(lambda: is_holding(standin), first)
    first.process.send_signal(signal.SIGSTOP)
    well(standin)
    second = start_worker()
    wait_until(in_state(run, RunState.DONE), second, WITHIN)
    first.process.send_signal(signal.SIGCONT)
    wait_until(lambda: "taken over by another worker" in first.output, first)
    run.refresh_from_db()
    assert (run.state, run.attempts) == (RunState.DONE, 2)
    assert accounts(integration.school) == expected
    assert_nothing_is_doubled(run)


@pytest.mark.crash
def test_told_to_end_while_reading_it_hands_back_within_30_seconds(
    integration: Integration, twin: Integration, standin: StandIn, start_worker: StartWorker
) -> None:
    expected = undisturbed(twin)
    hold(standin, page=6)
    run = request(integration)
    first = start_worker()
    wait_until(lambda: is_holding(standin), first)
    began = time.monotonic()
    assert first.end(signal.SIGTERM) == 0
    assert time.monotonic() - began < 30
    run.refresh_from_db()
    assert (run.state, run.lease_until, run.attempts) == (RunState.FETCHING, None, 0)
    well(standin)
    wait_until(in_state(run, RunState.DONE), start_worker(), WITHIN)
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
        wait_until(taken_over(run, number), worker, WITHIN)
        worker.end(signal.SIGKILL)
    last = start_worker()
    wait_until(in_state(run, RunState.FAILED), last, WITHIN)
    assert (run.error_code, run.attempts) == ("worker_died", 3)
    assert run.error_what and run.error_remedy
    assert not StudentAccount.objects.exists()
    wait_until(lambda: run.notices.filter(state="sent").count() == 1, last)
    assert_nothing_is_doubled(run)
    well(standin)
    again = request(integration)
    wait_until(in_state(again, RunState.DONE), last, WITHIN)
    assert StudentAccount.objects.count() == again.counts["new"] > 0


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
    wait_until(in_state(run, RunState.DONE), first, WITHIN)
    standin.week = 2
    expected = undisturbed(twin)
    changing = Change.objects.filter(run__school=twin.school, kind="updated").first()
    assert changing
    with ExitStack() as until:
        if at == RunState.FETCHING:
            hold(standin, page=5)
        else:
            until.enter_context(
                row_held(
                    StudentAccount.objects.get(school=integration.school, sis_id=changing.sis_id)
                )
            )
        run = request(integration)
        wait_until(in_state(run, at), first)
        wait_until(lambda: at == RunState.APPLYING or is_holding(standin), first)
        first.end(signal.SIGKILL)
        killed = time.monotonic()
    well(standin)
    second = start_worker(usual=True)
    wait_until(in_state(run, RunState.DONE), second, 120)
    assert time.monotonic() - killed < 120
    assert accounts(integration.school) == expected

    schedules.ensure(integration)
    Schedule.objects.filter(integration=integration).update(
        enabled=True, next_due_at=timezone.now()
    )
    due = Run.objects.filter(integration=integration, trigger=Trigger.SCHEDULE)
    wait_until(lambda: due.filter(state=RunState.DONE).exists(), second, WITHIN)
    assert due.count() == 1
