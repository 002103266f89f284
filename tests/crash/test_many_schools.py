"""Many schools and few workers: a SIS that hangs delays no other school, and students never mix."""

import itertools

import pytest

from rollbook.schools.models import School
from rollbook.standins import powerschool
from rollbook.standins.faults import Fault
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync import queue
from rollbook.sync.models import Integration, Run, RunState
from tests.connecting import connected
from tests.crash.scene import PATIENT, StartWorker, in_state, request, requests_for_data
from tests.processes import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
# Each school selects two other grades, so that its students can be told from the rest.
PAIRS = list(itertools.combinations(range(13), 2))[:20]


def connect(number: int, sis: StandIn) -> Integration:
    """Make a school and connect it with the SIS."""
    school = School.objects.create(name=f"School {number}")
    return connected(school, None, sis, grades=list(PAIRS[number]))


def own_students(sis: StandIn, integration: Integration) -> set[str]:
    """Return the students of a school by the list of its SIS.

    They are in its grades and have a value in every required field.
    """
    rows = (
        row
        for row in sis.roster()
        if row.enroll_status == 0 and row.grade_level in integration.grades
    )
    return {str(row.dcid) for row in rows if row.email and row.graduation_year}


def sis_ids_of(integration: Integration) -> list[str | None]:
    """Return the SIS IDs of the accounts of a school."""
    accounts = StudentAccount.objects.filter(school=integration.school)
    return list(accounts.values_list("sis_id", flat=True))


def test_a_hanging_sis_holds_up_no_other_school(start_worker: StartWorker) -> None:
    with (
        powerschool.serve(students=260, seed=3, page_size_max=100, latency_ms=100) as sis,
        powerschool.serve(students=60, seed=4, faults=[Fault("silent")]) as hanging,
    ):
        silent = connect(0, hanging)
        others = [connect(number, sis) for number in range(1, 20)]
        both = [start_worker("--concurrency", "4", **PATIENT) for _ in range(2)]
        wait_until(lambda: queue.workers_alive() == 2, both[0])
        stuck = request(silent)  # first, so that it takes one of the eight places at once
        wait_until(lambda: requests_for_data(hanging) == 1, both[0])
        for integration in others:
            request(integration)
        wait_until(lambda: Run.objects.filter(state=RunState.DONE).count() == 19, both[0])

        stuck.refresh_from_db()
        assert (stuck.state, stuck.attempts) == (RunState.FETCHING, 1)
        assert requests_for_data(hanging) == 1, "its first request takes an hour: no run waited"
        for integration in others:
            sis_ids = sis_ids_of(integration)
            assert len(sis_ids) == len(set(sis_ids)), integration.school
            assert set(sis_ids) == own_students(sis, integration), integration.school
        assert not StudentAccount.objects.filter(school=silent.school).exists()
        assert Run.objects.exclude(pk=stuck.pk).filter(attempts=1).count() == 19
        logs = [worker.output.count("claimed as") for worker in both]
        assert min(logs) > 0, f"one worker did everything: {logs}"


@pytest.mark.parametrize("fault", [Fault("silent"), Fault("latency", seconds=3)], ids=str)
def test_one_place_behind_slow_servers_goes_on_to_the_next_run_and_the_next(
    fault: Fault, start_worker: StartWorker
) -> None:
    """Each lends the only place; without that, three servers of an hour a page would keep it."""
    with (
        powerschool.serve(students=60, seed=3) as sis,
        powerschool.serve(students=260, seed=4, page_size_max=10, faults=[fault]) as slow,
    ):
        stuck = [request(connect(number, slow)) for number in range(3)]
        healthy = [request(connect(number, sis)) for number in range(3, 6)]
        worker = start_worker("--concurrency", "1", **PATIENT)
        for run in healthy:
            wait_until(in_state(run, RunState.DONE), worker)
        for run in stuck:
            run.refresh_from_db()
            assert (run.state, run.attempts) == (RunState.FETCHING, 1)


@pytest.mark.crash
def test_more_hanging_schools_than_places_hold_up_no_other_school(
    start_worker: StartWorker,
) -> None:
    """Let the server of many schools hang: their runs wait on, and lend their places to others."""
    with (
        powerschool.serve(students=260, seed=3, page_size_max=100) as sis,
        powerschool.serve(students=60, seed=4, faults=[Fault("silent")]) as hanging,
    ):
        stuck = [connect(number, hanging) for number in range(5)]
        others = [connect(number, sis) for number in range(5, 15)]
        worker = start_worker("--concurrency", "2", **PATIENT)
        first = [request(integration) for integration in stuck]
        wait_until(lambda: Run.objects.filter(state=RunState.FETCHING).count() >= 2, worker)
        pressed = {request(others[0]).pk for _ in range(100)}
        for integration in others[1:]:
            request(integration)
        # By school: the one that pressed so often may have had several runs.
        done = Run.objects.filter(state=RunState.DONE).values("school").distinct()
        wait_until(lambda: done.count() == len(others), worker)
        assert requests_for_data(hanging) <= len(stuck), "no hanging request ended meanwhile"
        assert len(pressed) < 10, "one run at a time, however often it is asked for"
        for integration in others:
            assert set(sis_ids_of(integration)) == own_students(sis, integration)
        for run in first:
            run.refresh_from_db()
            assert (run.state, run.attempts) == (RunState.FETCHING, 1), "it no longer waits"
        assert worker.end() == 0
        for run in first:
            run.refresh_from_db()
            assert (run.lease_until, run.attempts) == (None, 0), "handed back"
