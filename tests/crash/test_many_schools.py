"""Twenty schools and two workers: one SIS that hangs holds up nobody else, and no school gets another's students."""

import itertools
import time

import pytest

from rollbook.schools.models import School
from rollbook.standins import powerschool
from rollbook.standins.faults import Fault
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync import queue
from rollbook.sync.models import Integration, Run, RunState
from rollbook.sync.setup import integrations
from tests.crash.scene import StartWorker, request
from tests.processes import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PAIRS = list(itertools.combinations(range(13), 2))[
    :20
]  # each school pulls in other grades, so that its students tell it from the rest


def connect(number: int, sis: StandIn) -> Integration:
    return integrations.save_connection(
        School.objects.create(name=f"School {number}"),
        None,
        integrations.ConnectionSettings(
            source="powerschool",
            variant="",
            choices={},
            credentials={
                "client_id": sis.client_id,
                "client_secret": sis.client_secret,
                "client_url": sis.url,
            },
            grades=list(PAIRS[number]),
            active=True,
            test_run=False,
            notify_on_errors=True,
        ),
    )


def own_students(sis: StandIn, integration: Integration) -> set[str]:
    """Who belongs to a school by its SIS's own list: in its grades, with every required field filled."""
    rows = (
        row
        for row in sis.roster()
        if row.enroll_status == 0 and row.grade_level in integration.grades
    )
    return {str(row.dcid) for row in rows if row.email and row.graduation_year}


def test_a_hanging_sis_holds_up_no_other_school(start_worker: StartWorker) -> None:
    with (
        powerschool.serve(students=260, seed=3, page_size_max=100, latency_ms=100) as sis,
        powerschool.serve(students=60, seed=4, faults=[Fault("silent")]) as hanging,
    ):
        silent = connect(0, hanging)
        others = [connect(number, sis) for number in range(1, 20)]
        both = [start_worker("--concurrency", "4"), start_worker("--concurrency", "4")]
        wait_until(lambda: queue.workers_alive() == 2, both[0])
        stuck = request(
            silent
        )  # first, so that it keeps one of the eight places from the beginning
        wait_until(
            lambda: Run.objects.filter(pk=stuck.pk, state=RunState.FETCHING).exists(), both[0]
        )
        began = time.monotonic()
        for integration in others:
            request(integration)
        wait_until(
            lambda: Run.objects.filter(state=RunState.DONE).count() == 19, both[0], seconds=60
        )
        took = time.monotonic() - began

        stuck.refresh_from_db()
        assert (stuck.state, stuck.attempts) == (RunState.FETCHING, 1)
        assert took < 30  # one request may take 60: nobody waited for the one that hangs
        for integration in others:
            held = StudentAccount.objects.filter(school=integration.school).values_list(
                "sis_id", flat=True
            )
            assert len(held) == len(set(held)) and set(held) == own_students(sis, integration), (
                integration.school
            )
        assert not StudentAccount.objects.filter(school=silent.school).exists()
        assert Run.objects.exclude(pk=stuck.pk).filter(attempts=1).count() == 19
        logs = [worker.output.count("claimed as") for worker in both]
        assert min(logs) > 0, f"one worker did everything: {logs}"


@pytest.mark.crash
def test_more_hanging_schools_than_places_hold_up_no_other_for_a_minute(
    start_worker: StartWorker,
) -> None:
    """A server that hangs may be that of many schools. Their runs keep waiting, in places that they lend to others."""
    with (
        powerschool.serve(students=260, seed=3, page_size_max=100) as sis,
        powerschool.serve(students=60, seed=4, faults=[Fault("silent")]) as hanging,
    ):
        stuck = [connect(number, hanging) for number in range(5)]
        others = [connect(number, sis) for number in range(5, 15)]
        worker = start_worker("--concurrency", "2")
        first = [request(integration) for integration in stuck]
        wait_until(lambda: Run.objects.filter(state=RunState.FETCHING).count() >= 2, worker)
        began = time.monotonic()
        pressed = {
            request(others[0]).pk for _ in range(100)
        }  # one school presses the button a hundred times
        for integration in others[1:]:
            request(integration)
        wait_until(
            lambda: Run.objects.filter(state=RunState.DONE).count() == len(others),
            worker,
            seconds=60,
        )
        assert time.monotonic() - began < 60
        assert len(pressed) < 10, "one run at a time, however often it is asked for"
        for integration in others:
            held = StudentAccount.objects.filter(school=integration.school).values_list(
                "sis_id", flat=True
            )
            assert set(held) == own_students(sis, integration)
        for run in first:
            run.refresh_from_db()
            assert (run.state, run.attempts) == (RunState.FETCHING, 1), (
                "they wait on, and lost nothing"
            )
        assert worker.end() == 0
        for run in first:
            run.refresh_from_db()
            assert (run.lease_until, run.attempts) == (None, 0), "handed back"
