"""Spare slots of a worker: a run that only waits for its SIS lends its slot to a waiting run.

A worker syncs a limited number of schools at the same time, to bound the work. Waiting for a SIS
that hangs is no work, and may take half an hour: without this, one hanging server of a few schools
would keep all others waiting for as long.
"""

import logging
import threading
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now

from rollbook.config import config
from rollbook.sync import pipeline, queue
from rollbook.sync.models import Run, RunState
from rollbook.sync.runs import lease

log = logging.getLogger(__name__)

MOST: Final = 8  # times the worker's own slots: a bound on threads and database connections
_lent: list[threading.Thread] = []


def lend() -> int:
    """Start runs that have waited for a while in the slots of runs whose SIS is silent.

    Returns how many.
    """
    _lent[:] = [thread for thread in _lent if thread.is_alive()]
    working, silent = lease.runs_at_work()
    free = min(
        silent, config.worker_concurrency - working, MOST * config.worker_concurrency - len(_lent)
    )
    if free <= 0 or queue.stopping.is_set():
        return 0
    # Younger ones may still get a slot of their own.
    patient = Now() - timedelta(seconds=config.sweep_seconds / 2)
    waiting = Run.objects.filter(state=RunState.QUEUED, requested_at__lt=patient).order_by(
        "requested_at"
    )
    ids = list(waiting.values_list("pk", flat=True)[:free])
    for run_id in ids:
        thread = threading.Thread(
            target=_work_on, args=(run_id,), name=f"lent-{run_id}", daemon=True
        )
        _lent.append(thread)
        thread.start()
        log.info("run %s: gets the slot of a run that waits for its SIS", run_id)
    return len(ids)


def end() -> None:
    """Wait for the runs in lent slots. When the worker stops, they give themselves back."""
    for thread in _lent:
        thread.join()


def _work_on(run_id: UUID) -> None:
    try:
        pipeline.run_sync(run_id)
    finally:
        connection.close()
