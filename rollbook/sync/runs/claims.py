"""Claims of runs: taking one when it is its turn, renewing its lease, giving it back.

A claim lasts as long as its lease, by the database's clock. Each claim raises the run's fence,
which every later write of the worker checks.
"""

import logging
from contextlib import suppress
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce, Greatest, Now
from django.utils.translation import gettext as _

from rollbook.config import config
from rollbook.sync import queue
from rollbook.sync.models import PREVIEWING, WORKING_STATES, Run, RunState
from rollbook.sync.runs import states
from rollbook.sync.runs.states import LeaseLost, owned

log = logging.getLogger(__name__)

FAIR_FOR: Final = timedelta(hours=1)  # how far back it counts that a school had its turn


def claim(run_id: UUID) -> Run | None:
    """Take a waiting run, or one whose worker fell silent. Returns None where there is none.

    A run that was being read starts again from the beginning; one whose plan is complete goes on
    from the plan.
    """
    row = Run.objects.filter(pk=run_id)
    free = row.filter(_no_lease(), state__in=(RunState.QUEUED, *WORKING_STATES))
    columns = {
        "fence": F("fence") + 1,
        "started_at": Coalesce(F("started_at"), Now()),
        "lease_until": new_lease(),
        "error_code": "",
        "error_what": "",
    }
    with transaction.atomic():
        if not queue.take(free, config.run_attempts, **columns):
            return None
        to_read = (RunState.QUEUED, RunState.FETCHING)
        states.move_rows(row, to_read, RunState.FETCHING, pages_done=0)
        return row.select_related("school", "integration").get()


def claim_next() -> Run | None:
    """Take the run whose turn it is. Returns None where none waits."""
    with transaction.atomic():
        # Each worker takes another row, and one that was claimed meanwhile is left out.
        free = waiting().select_for_update(skip_locked=True, of=("self",))
        run_id = free.values_list("pk", flat=True).first()
        return claim(run_id) if run_id is not None else None


def waiting() -> QuerySet[Run]:
    """Return the runs that nobody works on, in the order in which workers take them.

    A school with many previews to make has one of them at work, and its next one comes after the
    runs that other schools requested before that one began.
    """
    previews = Run.objects.filter(PREVIEWING, school=OuterRef("school"))
    at_work = previews.filter(state=RunState.FETCHING, lease_until__gte=Now())
    before = Q(requested_at__lt=OuterRef("requested_at")) | Q(
        requested_at=OuterRef("requested_at"), pk__lt=OuterRef("pk")
    )
    earlier = previews.filter(before, attempts__lt=config.run_attempts)
    latest_start = (
        Run.objects.filter(school=OuterRef("school"), requested_at__gte=Now() - FAIR_FOR)
        .exclude(started_at__isnull=True)
        .order_by("-started_at")
        .values("started_at")[:1]
    )
    runs = Run.objects.filter(
        _no_lease(),
        state__in=(RunState.QUEUED, *WORKING_STATES),
        attempts__lt=config.run_attempts,
    ).exclude(PREVIEWING & (Exists(at_work) | Exists(earlier)))
    turn = Greatest("requested_at", Subquery(latest_start))  # PostgreSQL's leaves NULL out
    return runs.order_by(turn, "requested_at", "pk")


def _no_lease() -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lt=Now())


def heartbeat(run: Run) -> bool:
    """Renew the lease of a claimed run. Returns False where this worker no longer has it.

    A row that a transaction holds is left alone, so that one run can't keep the others of this
    process waiting. `progress.note` renews the lease in such a transaction.
    """
    # One that was handed back a moment ago has no lease; renewing it would keep it from others.
    rows = owned(run).filter(state__in=WORKING_STATES, lease_until__isnull=False)
    with transaction.atomic():
        if rows.select_for_update(skip_locked=True).values_list("pk").first() is None:
            return rows.exists()
        return bool(rows.update(lease_until=new_lease()))


def new_lease() -> CombinedExpression:
    """Return the end of a lease that begins now, by the database's clock."""
    return Now() + timedelta(seconds=config.lease_seconds)


def hand_back(run: Run) -> None:
    """Give a run back unfinished, as on SIGTERM.

    The next worker takes it at once, and the try isn't counted. A row that a transaction holds is
    left alone: a run of this process may hold it while it waits for a lock itself, and the worker
    would never end. Another takes such a run when its lease runs out.
    """
    rows = owned(run).filter(state__in=WORKING_STATES)
    with transaction.atomic():
        if rows.select_for_update(skip_locked=True).values_list("pk").first() is not None:
            queue.give_back(rows, lease_until=None)


def note_database_trouble(run: Run, error: Exception) -> None:
    """Note on the run what ended this try, for the day when its tries are used up.

    The database may be away for this as well.
    """
    try:
        owned(run).filter(state__in=WORKING_STATES).update(
            error_code="database_failed", error_what=type(error.__cause__ or error).__name__
        )
    except DatabaseError as again:
        log.warning("run %s: not noted either: %s", run.pk, type(again).__name__)


def sweep() -> None:
    """End the runs that nobody works on and whose tries are used up."""
    silent = Run.objects.filter(_no_lease(), state__in=(RunState.QUEUED, *WORKING_STATES))
    for run in silent.filter(attempts__gte=config.run_attempts):
        _give_up(run)


def _give_up(run: Run) -> None:
    """End a run whose tries are used up as failed."""
    code = run.error_code or "worker_died"
    what = _(
        "This run was started several times, and each time its worker ended before it was done. "
        "No account was changed."
    )
    remedy = _(
        "Start it again. If that fails too, ask the operator of this installation for the worker's "
        "log."
    )
    if code == "database_failed":
        what = _(
            "The database failed each time this run was tried (%(error)s). No account was changed."
        ) % {"error": run.error_what}
        remedy = _(
            "Ask the operator of this installation to look at the database and its disk, then "
            "start it again."
        )
    with suppress(LeaseLost):
        states.fail(run, code, what, remedy)
