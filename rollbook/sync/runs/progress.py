"""How far the planning of a run is. Each note checks that the worker still has the run."""

from typing import Final

from django.db import transaction

from rollbook.sources.base import Page
from rollbook.sync import store
from rollbook.sync.models import WORKING_STATES, Run
from rollbook.sync.runs import claims
from rollbook.sync.runs.states import LeaseLost, owned

FIRST_CLAIM: Final = 1  # the fence of a run that no worker had before


def begin_plan(run: Run) -> None:
    """Delete what an earlier try has planned; the first try has nothing to delete.

    Raises LeaseLost: a worker that wakes late must not clear another's plan.
    """
    with transaction.atomic():
        note(run, [], 0)
        if run.fence > FIRST_CLAIM:
            store.clear_plan(run)


def note(run: Run, pages: list[Page], students_done: int) -> None:
    """Note that these pages have come, and how many students in all; renew the lease.

    The transaction holds the run's row from now on, so it must not outlast a frozen worker. Raises
    LeaseLost.
    """
    store.end_if_frozen(run)
    run.pages_done += sum(page.number > 0 for page in pages)
    run.students_done = students_done
    for page in pages:
        if page.number > 0:
            run.pages_total, run.students_total = page.pages, page.total
    written = (
        owned(run)
        .filter(state__in=WORKING_STATES)
        .update(
            pages_done=run.pages_done,
            pages_total=run.pages_total,
            students_done=students_done,
            students_total=run.students_total,
            lease_until=claims.new_lease(),
        )
    )
    if not written:
        raise LeaseLost(str(run.pk))
