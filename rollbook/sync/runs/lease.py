"""Keeps the leases of claimed runs while work goes on, and gives them back when the worker stops.

One thread of the process looks after all its runs, on one database connection.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final

from django.db import connection

from rollbook import scope
from rollbook.config import config
from rollbook.sources.interruption import Interruption
from rollbook.sync import queue
from rollbook.sync.models import WORKING_STATES, CancelReason, Run, RunState
from rollbook.sync.runs import claims
from rollbook.sync.runs.cancelling import SwitchedOff, reason_to_end
from rollbook.sync.runs.states import LeaseLost

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 2.0  # between two looks whether a run was cancelled or switched off
# A run that has waited so long for its SIS, in all, has a slow one: from then on it needs no place
# while it waits.
PATIENCE_SECONDS: Final = 5.0


class HandBack(Exception):
    """This worker is stopping: the run goes back for another."""


class Lease:
    """The lease of one run. It is renewed every third of its length.

    When the run has to end, its conversation with the SIS is interrupted, and `check` raises why.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.interruption = Interruption()
        self.renewed_at = time.monotonic()
        self._lost = False
        self._reason: CancelReason | None = None
        self._waited = 0.0  # seconds that the run has waited for its SIS, those of now left out
        self._waiting_since: float | None = None

    def __enter__(self) -> "Lease":
        _watch.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _watch.remove(self)

    def check(self) -> None:
        """Raise LeaseLost, SwitchedOff, or HandBack where this worker is stopping."""
        if self._lost:
            raise LeaseLost(str(self.run.pk))
        if self._reason is not None:
            raise SwitchedOff(self._reason)
        if queue.stopping.is_set():
            raise HandBack(str(self.run.pk))

    def lose(self) -> None:
        """Note that this worker no longer has the run, and interrupt its conversation."""
        self._lost = True
        self.interruption.interrupt()

    def end_if(self, reason: CancelReason | None) -> None:
        """Note that the run has to end, if there is a reason, and interrupt its conversation."""
        if reason is not None:
            self._reason = reason
            self.interruption.interrupt()

    def renew(self) -> None:
        """Renew the lease, or note that it is lost."""
        if claims.heartbeat(self.run):
            self.renewed_at = time.monotonic()
        else:
            self.lose()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time inside as waiting for the SIS."""
        since = self._waiting_since = time.monotonic()
        try:
            yield
        finally:
            self._waiting_since = None
            self._waited += time.monotonic() - since

    @property
    def has_slow_sis(self) -> bool:
        """Whether this run has waited long enough for its SIS, in all, to call it slow."""
        since = self._waiting_since
        now = 0.0 if since is None else time.monotonic() - since
        return self._waited + now >= PATIENCE_SECONDS

    @property
    def waits_for_sis(self) -> bool:
        """Whether this run waits for a slow SIS now."""
        return self._waiting_since is not None and self.has_slow_sis

    def hand_back(self) -> None:
        """Give the run back unfinished."""
        claims.hand_back(self.run)


class _Watch:
    """The leases of this process, and the thread that looks after them while there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._leases: list[Lease] = []
        self._thread: threading.Thread | None = None
        self._over = threading.Event()  # ends the present thread; each thread has its own

    def add(self, lease: Lease) -> None:
        with self._lock:
            self._leases.append(lease)
            if self._thread is None:
                self._over = threading.Event()
                self._thread = threading.Thread(
                    target=self._work, args=(self._over,), name="leases", daemon=True
                )
                self._thread.start()

    def remove(self, lease: Lease) -> None:
        """Forget a lease. With the last one, wait until the thread has closed its connection."""
        thread = None
        with self._lock:
            self._leases.remove(lease)
            if not self._leases:
                thread, self._thread = self._thread, None
                self._over.set()
        if thread is not None:
            thread.join()

    def leases(self) -> list[Lease]:
        """Return the leases of this process, as they are now."""
        with self._lock:
            return list(self._leases)

    def _work(self, over: threading.Event) -> None:
        try:
            while not over.wait(LOOK_SECONDS):
                try:
                    with scope.of_installation(scope.Across.LEASES):
                        self._look()
                except Exception as error:  # noqa: BLE001 - without its looks leases are lost
                    # The database may be back for the next look; the lease itself decides.
                    log.warning("leases not renewed: %s", type(error).__name__)
                    connection.close()
        finally:
            connection.close()

    def _look(self) -> None:
        """Interrupt the runs that have to end, and renew the leases of the others in time."""
        leases = {lease.run.pk: lease for lease in self.leases()}
        if queue.stopping.is_set():
            for lease in leases.values():
                lease.interruption.interrupt()
        columns = ("pk", "fence", "state", "integration__active", "integration__test_run")
        rows = Run.objects.filter(pk__in=leases).values_list(*columns)
        for pk, fence, state, active, test_run in rows:
            lease = leases[pk]
            if fence != lease.run.fence or state not in WORKING_STATES:
                lease.lose()
            elif state == RunState.FETCHING and active is not None:
                lease.end_if(reason_to_end(lease.run, active=active, test_run=test_run))
        beat_seconds = config.lease_seconds / 3
        for lease in leases.values():
            if time.monotonic() - lease.renewed_at >= beat_seconds:
                lease.renew()


_watch = _Watch()


def hand_back_all() -> None:
    """Give back every run of this process, as the last thing a stopping worker does."""
    with scope.of_installation(scope.Across.LEASES):
        for lease in _watch.leases():
            lease.hand_back()


def runs_waiting() -> int:
    """Return how many runs of this process wait for a slow SIS now."""
    return sum(lease.waits_for_sis for lease in _watch.leases())
