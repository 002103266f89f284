"""A command that does its run itself never misses a worker, however slow the machine is."""

from typing import Any

import pytest

from rollbook.cli import waiting
from rollbook.cli.output import Refusal
from rollbook.sync.models import Run, RunState


class SlowRun:
    """A run whose state takes long to read. It has no lease, and ends with the fourth look."""

    pk = "run"
    looks = 0
    state: str = RunState.APPLYING

    @property
    def is_active(self) -> bool:
        return self.state != RunState.DONE

    def refresh_from_db(self) -> None:
        self.looks += 1
        self.state = RunState.DONE if self.looks == 4 else RunState.APPLYING


class Quiet:
    def show(self, run: Run) -> None:
        """Show nothing."""


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(waiting, "WORKER_SECONDS", 0.0)
    monkeypatch.setattr(waiting, "_has_lease", lambda run: False)
    monkeypatch.setattr("rollbook.sync.queue.workers_alive", lambda: 0)


def test_a_run_that_is_done_here_needs_no_worker() -> None:
    run: Any = SlowRun()
    waiting._wait(run, None, Quiet(), lambda: True)
    assert run.looks == 4


def test_a_run_that_nobody_does_is_not_waited_for() -> None:
    run: Any = SlowRun()
    with pytest.raises(Refusal, match="no worker is running"):
        waiting._wait(run, None, Quiet(), lambda: False)
