"""Runs that are cancelled or switched off while a real worker waits for their SIS."""

import signal
from collections.abc import Callable

import pytest

from rollbook.schools.models import School
from rollbook.standins.faults import Fault
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync.models import CancelReason, Integration, Run, RunState
from rollbook.sync.runs import cancelling
from tests.connecting import connected
from tests.crash.scene import (
    PATIENT,
    StartWorker,
    hold,
    in_state,
    is_holding,
    recover,
    request,
    requests_for_data,
)
from tests.processes import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def switch(**switches: bool) -> Callable[[Run], bool]:
    """Return what changes these switches of the integration of a run."""
    return lambda run: bool(Integration.objects.filter(runs=run).update(**switches))


@pytest.mark.parametrize(
    "fault",
    [Fault("silent"), Fault("status", path="/ws/v1/metadata", status=429, retry_after="300")],
    ids=["waits for an answer", "waits as Retry-After asks"],
)
def test_a_worker_that_waits_for_its_sis_stops_when_the_run_is_cancelled(
    fault: Fault, integration: Integration, standin: StandIn, start_worker: StartWorker
) -> None:
    """Its request may take an hour, and the waits of `Retry-After` five minutes."""
    standin.faults = [fault]
    worker = start_worker("--concurrency", "4", **PATIENT)
    ways: list[tuple[str, Callable[[Run], bool]]] = [
        (CancelReason.PERSON, lambda run: cancelling.cancel(run, None)),
        (CancelReason.INACTIVE, switch(active=False)),
        (CancelReason.TEST_RUN, switch(test_run=True)),
    ]
    runs = []
    for reason, end in ways:
        school = School.objects.create(name=reason)
        run = request(connected(school, None, standin))
        runs.append((run, reason, end))
    wait_until(lambda: requests_for_data(standin) == len(runs), worker)
    for run, reason, end in runs:
        assert end(run)
        wait_until(in_state(run, RunState.CANCELLED), worker)
        assert (run.cancelled_because, run.attempts) == (reason, 1)
    wait_until(lambda: worker.output.count(": cancelled") >= len(runs), worker)
    assert requests_for_data(standin) == len(runs), "a second request was made"
    assert not StudentAccount.objects.exists()
    recover(standin)
    again = request(integration)
    wait_until(in_state(again, RunState.DONE), worker)


def test_a_run_whose_worker_was_killed_is_cancelled_and_nobody_takes_it_over(
    integration: Integration, standin: StandIn, start_worker: StartWorker
) -> None:
    hold(standin, page=5)
    run, worker = request(integration), start_worker()
    wait_until(lambda: is_holding(standin), worker)
    worker.end(signal.SIGKILL)
    assert cancelling.cancel(run, None)
    recover(standin)
    again = request(integration)
    wait_until(in_state(again, RunState.DONE), start_worker())
    run.refresh_from_db()
    assert (run.state, run.attempts) == (RunState.CANCELLED, 1)
    assert StudentAccount.objects.count() == again.counts["new"]
