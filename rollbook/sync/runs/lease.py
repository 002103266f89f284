"""Keeps a claimed run ours while work goes on: a heartbeat on a connection of its own, and handing back when the worker is told to stop."""

import logging
import threading
import time
from types import TracebackType

from django.db import DatabaseError, connection

from rollbook.config import config
from rollbook.sync import queue
from rollbook.sync.models import Run, RunState
from rollbook.sync.runs import states

log = logging.getLogger(__name__)

_leases: dict[int, "Lease"] = {}  # of this process


class Lease:
    """Renews the lease of a run every third of its length. `check` raises once the run is lost or the worker is to stop."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._over = threading.Event()
        self._lost = False
        self._heard = time.monotonic()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat-{run.pk}", daemon=True)

    def __enter__(self) -> "Lease":
        _leases[id(self)] = self
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _leases.pop(id(self), None)
        self._over.set()
        self._thread.join()

    def check(self) -> None:
        """Raise LeaseLost where another worker has the run, HandBack where this worker is stopping."""
        self._heard = time.monotonic()
        if self._lost:
            raise states.LeaseLost(str(self._run.pk))
        if queue.stopping.is_set():
            raise HandBack(str(self._run.pk))

    @property
    def is_silent(self) -> bool:
        """Whether the run waits for its SIS, which has said nothing for a third of the lease."""
        return (
            self._run.state == RunState.FETCHING
            and time.monotonic() - self._heard > config.lease_seconds / 3
        )

    def _beat(self) -> None:
        try:
            while not self._over.wait(config.lease_seconds / 3):
                try:
                    self._lost = not states.heartbeat(self._run)
                except (
                    DatabaseError
                ) as error:  # it may be back for the next beat; the lease itself decides
                    log.warning(
                        "run %s: heartbeat not written: %s",
                        self._run.pk,
                        type(error).__name__,
                        extra={"run": str(self._run.pk)},
                    )
                    connection.close()
        finally:
            connection.close()


class HandBack(Exception):
    """This worker is stopping; the run goes back for another."""


def hand_back_all() -> None:
    """Give back every run of this process, as the last thing a stopping worker does."""
    for each in list(_leases.values()):
        states.hand_back(each._run)


def held() -> tuple[int, int]:
    """How many runs of this process are at work, and how many wait for a SIS that is silent."""
    silent = [each.is_silent for each in list(_leases.values())]
    return silent.count(False), silent.count(True)
