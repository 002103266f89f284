"""Cancelling a run: it ends before it is applied, or not at all."""

import threading
from contextvars import copy_context

import pytest
from django.db import connection, transaction

from rollbook.schools.models import AuditEntry, User
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.models import (
    CANCELLABLE_STATES,
    CancelReason,
    Integration,
    Mode,
    Run,
    RunState,
    Trigger,
)
from rollbook.sync.planning import from_roster
from rollbook.sync.runs import cancelling, claims, decisions, requests, states
from rollbook.sync.runs.lease import Lease
from rollbook.sync.words.cancelling import cancel_words, cancelled_words

pytestmark = pytest.mark.django_db

OFF = {"active": False}
TESTING = {"test_run": True}


def a_run(integration: Integration, mode: Mode | None = None) -> Run:
    return requests.request(integration, trigger=Trigger.PERSON, mode=mode).run


def planned(integration: Integration) -> Run:
    """Return a run whose plan is stored, as a worker has it that is about to apply it."""
    run = claims.claim(a_run(integration).pk)
    assert run is not None
    with Lease(run) as lease:
        from_roster.plan(run, lease)
    return run


@pytest.mark.parametrize("state", RunState)
def test_a_run_is_cancelled_in_each_state_before_it_is_applied_and_in_no_other(
    state: RunState, integration: Integration, administrator: User
) -> None:
    run = a_run(integration)
    Run.objects.update(state=state)
    cancellable = state in {RunState.QUEUED, RunState.FETCHING, RunState.PLANNED}
    assert cancelling.cancel(run, administrator) == cancellable
    run.refresh_from_db()
    assert run.state == (RunState.CANCELLED if cancellable else state)
    assert run.cancelled_by == (administrator if cancellable else None)
    assert (run.finished_at is not None) == cancellable
    entries = AuditEntry.objects.filter(action="run.cancelled", subject=str(run.pk))
    assert [entry.actor for entry in entries] == ([administrator] if cancellable else [])
    assert not cancelling.cancel(run, administrator), "twice"


def test_after_a_cancelled_run_the_next_one_starts(integration: Integration) -> None:
    cancelling.cancel(a_run(integration), None)
    again = requests.request(integration, trigger=Trigger.PERSON)
    assert again.created
    pipeline.run_sync(again.run.pk)
    again.run.refresh_from_db()
    assert again.run.state == RunState.DONE


def test_a_worker_writes_nothing_of_a_run_that_was_cancelled_meanwhile(
    integration: Integration,
) -> None:
    reading = claims.claim(a_run(integration).pk)
    assert reading is not None and cancelling.cancel(reading, None)
    with pytest.raises(states.LeaseLost), Lease(reading) as lease:
        from_roster.plan(reading, lease)
    complete = planned(integration)
    assert cancelling.cancel(complete, None)
    with pytest.raises(states.LeaseLost):
        pipeline.apply(complete)
    assert not StudentAccount.objects.exists()


def test_a_run_that_fails_after_it_was_cancelled_stays_cancelled(integration: Integration) -> None:
    run = claims.claim(a_run(integration).pk)
    assert run is not None and cancelling.cancel(run, None)
    with pytest.raises(states.LeaseLost):
        states.fail(run, "sis_unreachable", "what", "remedy")
    run.refresh_from_db()
    assert (run.state, run.error_code) == (RunState.CANCELLED, "")


@pytest.mark.parametrize(
    ("switches", "reason"), [(OFF, CancelReason.INACTIVE), (TESTING, CancelReason.TEST_RUN)]
)
@pytest.mark.parametrize("at", [RunState.QUEUED, RunState.PLANNED])
def test_a_switch_ends_a_run_before_it_is_applied(
    at: RunState, switches: dict[str, bool], reason: CancelReason, integration: Integration
) -> None:
    run = a_run(integration) if at == RunState.QUEUED else planned(integration)
    Run.objects.update(lease_until=None)
    Integration.objects.update(**switches)
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert (run.state, run.cancelled_because) == (RunState.CANCELLED, reason)
    assert run.cancelled_by is None
    assert AuditEntry.objects.get(action="run.cancelled").detail == {"reason": reason.value}
    assert not StudentAccount.objects.exists()
    words = cancelled_words(run)
    assert words is not None and "PowerSchool" in words.what and words.remedy


def test_a_lease_ends_a_run_whose_integration_was_switched_off(integration: Integration) -> None:
    run = claims.claim(a_run(integration).pk)
    assert run is not None
    lease = Lease(run)
    closed: list[str] = []
    lease.interruption.add(lambda: closed.append("the conversation with the SIS"))
    lease.end_if(None)
    lease.check()
    lease.end_if(CancelReason.INACTIVE)
    with pytest.raises(cancelling.SwitchedOff):
        lease.check()
    assert closed


def test_a_live_run_that_was_asked_for_despite_test_run_goes_on(integration: Integration) -> None:
    Integration.objects.update(test_run=True)
    integration.refresh_from_db()
    run = a_run(integration, Mode.LIVE)
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.DONE
    assert StudentAccount.objects.exists()


def test_a_test_run_goes_on_when_test_run_is_switched_on_again(integration: Integration) -> None:
    run = a_run(integration, Mode.TEST)
    Integration.objects.update(test_run=True)
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.DONE


def test_a_run_that_a_person_approved_is_applied_whatever_the_switches_say(
    integration: Integration,
) -> None:
    run = planned(integration)
    states.hold(run)
    Integration.objects.update(**OFF, **TESTING)
    assert decisions.approve(run, None)
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.DONE


def test_a_switch_is_too_late_once_a_run_is_being_applied(integration: Integration) -> None:
    run = planned(integration)
    states.applying(run)
    Integration.objects.update(**OFF)
    pipeline.apply(run)
    run.refresh_from_db()
    assert run.state == RunState.DONE


@pytest.mark.parametrize("state", CANCELLABLE_STATES)
def test_the_person_who_cancels_reads_what_is_not_touched(
    state: RunState, integration: Integration, administrator: User
) -> None:
    run = a_run(integration)
    Run.objects.update(state=state)
    assert "No account is changed" in cancel_words(run)
    cancelling.cancel(run, administrator)
    run.refresh_from_db()
    words = cancelled_words(run)
    assert words is not None and words.what == "Cancelled by Ada Admin."


@pytest.mark.django_db(transaction=True)
def test_no_switch_changes_between_the_check_and_the_move_to_applying(
    integration: Integration,
) -> None:
    run = planned(integration)
    free: list[bool] = []

    def save() -> None:
        with transaction.atomic():
            free.append(Integration.objects.select_for_update(skip_locked=True).exists())
        connection.close()

    with transaction.atomic():
        cancelling.refuse_switched_off(run)
        other = threading.Thread(target=copy_context().run, args=(save,))
        other.start()
        other.join()
    assert free == [False]
