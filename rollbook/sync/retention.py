"""Removes what is too old: rows of reports, fixed problems, mails, sessions.

Runs and the audit log stay.
"""

import logging
import time
from datetime import timedelta
from typing import Final

from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from rollbook.config import config
from rollbook.schools.mail import MailState
from rollbook.sync.models import ACTIVE_STATES, Change, Issue, Notice, Problem, Run

log = logging.getLogger(__name__)

# A worker makes its rounds three times a minute; nothing grows old that fast.
EVERY_SECONDS: Final = 3_600.0
RUNS_AT_A_TIME: Final = 20
_looked = 0.0


def is_past_keeping(run: Run) -> bool:
    """Return whether the rows of this run's report are removed, or soon will be."""
    return run.finished_at is not None and run.finished_at < timezone.now() - timedelta(
        days=config.report_days
    )


def sweep() -> None:
    """Remove what is too old, once an hour in each worker."""
    global _looked  # noqa: PLW0603 - one number for the process
    if _looked and time.monotonic() - _looked < EVERY_SECONDS:
        return
    _looked = time.monotonic()
    remove_old()


def remove_old() -> int:
    """Remove the rows of runs that ended longer ago than reports are kept, and other old rows.

    Returns how many runs had rows.
    """
    past = timezone.now() - timedelta(days=config.report_days)
    of_run = {"school": OuterRef("school"), "run": OuterRef("pk")}
    with_rows = Q(Exists(Change.objects.filter(**of_run))) | Q(
        Exists(Issue.objects.filter(**of_run))
    )
    old = (
        Run.objects.filter(with_rows, finished_at__lt=past)
        .exclude(state__in=ACTIVE_STATES)
        .order_by("finished_at")
    )
    number = 0
    while runs := list(old[:RUNS_AT_A_TIME]):
        for run in runs:  # each in a transaction of its own: the largest have 200,000 rows
            for rows in (Change, Issue):
                rows.objects.filter(school=run.school_id, run=run.pk).delete()
            number += 1
            log.info(
                "run %s: the rows of its report were removed after %d days",
                run.pk,
                config.report_days,
            )
    Notice.objects.filter(created_at__lt=past).exclude(state=MailState.WAITING).delete()
    Problem.objects.filter(fixed_at__lt=past).delete()
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    return number
