"""The places of a worker: which runs it takes, and how many at the same time.

A run needs a place while it works. A run that waits for a slow SIS lends its place to the next one,
or a few servers that hang would keep all other schools waiting for half an hour.
"""

import logging
import threading
from typing import Final
from uuid import UUID

from django.db import connection

from rollbook import scope
from rollbook.sync import pipeline, queue
from rollbook.sync.models import Run
from rollbook.sync.runs import claims, lease

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 1.0  # between two looks for a waiting run, where no job wakes us before
MOST_LENT: Final = 8  # times the worker's own places: a bound on threads and memory


class Places:
    """So many runs at work in this process, each in a thread of its own."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._wake = threading.Event()
        self._threads: set[threading.Thread] = set()
        self._filler = threading.Thread(target=self._keep_full, name="places", daemon=True)

    def open(self) -> None:
        """Begin to take runs."""
        self._filler.start()

    def wake(self) -> None:
        """Look for a waiting run now."""
        self._wake.set()

    def end(self) -> None:
        """Wait for the runs in the places. When the worker stops, they give themselves back."""
        self.wake()
        for thread in (self._filler, *list(self._threads)):
            thread.join()

    def _keep_full(self) -> None:
        while not queue.stopping.is_set():
            try:
                self._fill()
            except Exception as error:  # noqa: BLE001 - without this thread no run is taken
                log.warning("no run taken: %s", type(error).__name__)
                connection.close()
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()
        connection.close()

    def _fill(self) -> None:
        """Take waiting runs until no place is free."""
        while self._has_free() and not queue.stopping.is_set():
            with scope.of_installation(scope.Across.QUEUE):
                run = claims.claim_next()
            if run is None:
                return
            thread = threading.Thread(
                target=self._work_on, args=(run,), name=f"run-{run.pk}", daemon=True
            )
            self._threads.add(thread)
            thread.start()

    def _has_free(self) -> bool:
        taken = len(self._threads)
        at_work = taken - lease.runs_waiting()
        return at_work < self._number and taken < self._number * (1 + MOST_LENT)

    def _work_on(self, run: Run) -> None:
        try:
            pipeline.work_on(run)
        finally:
            connection.close()
            self._threads.discard(threading.current_thread())
            self.wake()


_places: list[Places] = []  # of this process: one, if it is a worker


def open_places(number: int) -> Places:
    """Let this process take so many runs at the same time from now on."""
    places = Places(number)
    _places.append(places)
    places.open()
    return places


def look_at(run_id: UUID) -> None:
    """Let this process take the run when it is its turn; one without places does it at once."""
    for places in _places:
        places.wake()
    if not _places:
        pipeline.run_sync(run_id)
