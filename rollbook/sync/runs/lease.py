"""Keeps the lease of a claimed run while work goes on, and gives it back when the worker stops."""

import logging
import threading
import time
from types import TracebackType

from django.db import connection

from rollbook.config import config
from rollbook.sync import queue
from rollbook.sync.models import Run, RunState
from rollbook.sync.runs import claims
from rollbook.sync.runs.states import LeaseLost

log = logging.getLogger(__name__)

_leases: dict[int, "Lease"] = {}  # of this process


class HandBack(Exception):
    """This worker is stopping: the run goes back for another."""


class Lease:
    """Renews the lease of a run on a connection of its own, every third of the lease's length."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._over = threading.Event()
        self._lost = False
        self._checked_at = time.monotonic()
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
        """Raise LeaseLost where another worker has the run, HandBack where this one is stopping."""
        self._checked_at = time.monotonic()
        if self._lost:
            raise LeaseLost(str(self._run.pk))
        if queue.stopping.is_set():
            raise HandBack(str(self._run.pk))

    @property
    def waits_for_sis(self) -> bool:
        """Whether the SIS of this run has sent nothing for a third of the lease's length."""
        silent_seconds = time.monotonic() - self._checked_at
        return self._run.state == RunState.FETCHING and silent_seconds > config.lease_seconds / 3

    def hand_back(self) -> None:
        """Give the run back unfinished."""
        claims.hand_back(self._run)

    def _beat(self) -> None:
        try:
            while not self._over.wait(config.lease_seconds / 3):
                try:
                    self._lost = not claims.heartbeat(self._run)
                except Exception as error:  # noqa: BLE001 - without its beats a run is lost
                    # The database may be back for the next beat; the lease itself decides.
                    log.warning(
                        "run %s: heartbeat not written: %s",
                        self._run.pk,
                        type(error).__name__,
                        extra={"run": str(self._run.pk)},
                    )
                    connection.close()
        finally:
            connection.close()


def hand_back_all() -> None:
    """Give back every run of this process, as the last thing a stopping worker does."""
    for lease in list(_leases.values()):
        lease.hand_back()


def runs_at_work() -> tuple[int, int]:
    """Return how many runs of this process are at work, and how many wait for a silent SIS."""
    waiting = [lease.waits_for_sis for lease in list(_leases.values())]
    return waiting.count(False), waiting.count(True)
