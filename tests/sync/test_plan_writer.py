"""A thread stores the large batches of a plan, in their order."""

import threading
from functools import partial

import pytest

from rollbook.standins.standin import StandIn
from rollbook.sync import pipeline
from rollbook.sync.models import Integration, Run, RunState, Trigger
from rollbook.sync.planning import reading, writing
from rollbook.sync.planning.writing import LARGE, PlanWriter
from rollbook.sync.runs import requests
from rollbook.sync.runs.lease import Lease
from rollbook.sync.runs.states import LeaseLost
from tests.sync.test_pipeline import complete, held


@pytest.mark.django_db(transaction=True)
def test_a_plan_stored_by_a_thread_is_complete(
    integration: Integration, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "LARGE", 1)
    monkeypatch.setattr(reading, "BATCH", 10)
    run = requests.request(integration, trigger=Trigger.PERSON).run
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert (run.state, run.students_done) == (RunState.DONE, run.counts["read"])
    assert held() == complete(standin, {9, 10, 11, 12})
    assert not [each for each in threading.enumerate() if each.name.startswith("plan")]


def test_large_batches_are_stored_in_their_order() -> None:
    stored: list[tuple[int, bool]] = []
    here = threading.current_thread()

    def save(number: int) -> None:
        stored.append((number, threading.current_thread() is here))

    with PlanWriter(Lease(Run())) as writer:
        for number, rows in enumerate((LARGE, 1, LARGE, LARGE, 0)):
            writer.write(partial(save, number), rows)
    assert stored == [(0, False), (1, True), (2, False), (3, False), (4, True)]


def lose_the_lease() -> None:
    raise LeaseLost


def test_nothing_is_stored_after_a_batch_that_failed() -> None:
    stored: list[int] = []
    with pytest.raises(LeaseLost), PlanWriter(Lease(Run())) as writer:
        writer.write(lose_the_lease, LARGE)
        writer.write(lambda: stored.append(1), LARGE)
    assert stored == []


def test_the_last_batch_is_waited_for() -> None:
    with pytest.raises(LeaseLost), PlanWriter(Lease(Run())) as writer:
        writer.write(lose_the_lease, LARGE)


def test_an_error_of_planning_stays_the_error() -> None:
    with pytest.raises(ZeroDivisionError), PlanWriter(Lease(Run())) as writer:
        writer.write(lose_the_lease, LARGE)
        raise ZeroDivisionError
