"""What the crash tests share: a roster of many pages, workers that take over soon, and a school whose runs nothing disturbs."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.processes import Started, rollbook

if TYPE_CHECKING:
    from rollbook.standins.standin import StandIn
    from rollbook.sync.models import Integration
    from tests.crash.scene import StartWorker

SOON = {"ROLLBOOK_LEASE_SECONDS": "5", "ROLLBOOK_SWEEP_SECONDS": "1"}


@pytest.fixture
def standin() -> "Iterator[StandIn]":
    """A PowerSchool with ten pages, slow enough that a plan is half stored when the worker is killed."""
    from rollbook.standins import powerschool

    with powerschool.serve(students=500, seed=11, page_size_max=50, latency_ms=600) as running:
        yield running


@pytest.fixture
def start_worker(transactional_db: None, tmp_path: Path) -> "Iterator[StartWorker]":
    """Start one more worker each time it is called; one that takes over soon, or with the usual lease."""
    numbers = itertools.count(1)
    with ExitStack() as ending:

        def start(*options: str, usual: bool = False) -> Started:
            log = tmp_path / f"worker-{next(numbers)}.log"
            return ending.enter_context(
                rollbook(
                    "worker",
                    *options,
                    log=log,
                    ready=lambda started: "worker is ready" in started.output,
                    **({} if usual else SOON),
                )
            )

        yield start


@pytest.fixture
def twin(integration: "Integration", standin: "StandIn") -> "Integration":
    """Another school on the same SIS, synced in this process: what accounts are like without a crash."""
    from rollbook.schools.models import School
    from rollbook.sync.setup import integrations

    return integrations.save_connection(
        School.objects.create(name="Twin"),
        None,
        integrations.ConnectionSettings(
            source="powerschool",
            variant="",
            choices={},
            credentials={
                "client_id": standin.client_id,
                "client_secret": standin.client_secret,
                "client_url": standin.url,
            },
            grades=integration.grades,
            active=True,
            test_run=False,
            notify_on_errors=True,
        ),
    )
