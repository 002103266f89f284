"""Fixtures of the crash tests: a slow SIS, workers that take over soon, and a school to compare."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from rollbook.schools.models import School
from rollbook.standins import powerschool
from rollbook.standins.standin import StandIn
from rollbook.sync.models import Integration
from tests.connecting import connected
from tests.crash.scene import SOON, StartWorker
from tests.processes import Started, rollbook, worker_is_ready


@pytest.fixture
def standin() -> Iterator[StandIn]:
    """A PowerSchool with ten pages, so slow that a worker can be killed with half a plan stored."""
    with powerschool.serve(students=500, seed=11, page_size_max=50, latency_ms=600) as running:
        yield running


@pytest.fixture
def start_worker(transactional_db: None, tmp_path: Path) -> Iterator[StartWorker]:
    """Return a function that starts one more worker; with `usual` one with the usual lease."""
    numbers = itertools.count(1)
    with ExitStack() as ending:

        def start(*options: str, usual: bool = False, **environment: str) -> Started:
            log = tmp_path / f"worker-{next(numbers)}.log"
            settings = environment if usual else SOON | environment
            starting = rollbook("worker", *options, log=log, ready=worker_is_ready, **settings)
            return ending.enter_context(starting)

        yield start


@pytest.fixture
def twin(integration: Integration, standin: StandIn) -> Integration:
    """Another school on the same SIS, synced in this process: its accounts know no crash."""
    return connected(School.objects.create(name="Twin"), None, standin, grades=integration.grades)
