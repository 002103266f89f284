"""Removes what is too old: rows of reports, fixed problems, mails, sessions, audit entries.

Runs stay. Students who left are erased by `sync.erasing`.
"""

import logging
import time
from datetime import datetime, timedelta
from typing import Final

from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Q

from rollbook.config import config
from rollbook.schools import audit_chain, clock
from rollbook.schools.mail import MailState
from rollbook.schools.models import EmergencyNotice, StaffInvitation
from rollbook.students.models import AccountEvent, EmailAlias, EventAction, Invitation
from rollbook.sync.models import (
    ACTIVE_STATES,
    Change,
    ConnectionDraft,
    ConnectionTest,
    Issue,
    MissingAccount,
    Notice,
    Problem,
    Run,
)

log = logging.getLogger(__name__)

# A worker makes its rounds three times a minute; nothing grows old that fast.
EVERY_SECONDS: Final = 3_600.0
RUNS_AT_A_TIME: Final = 20
# A merge can be taken back as long as both accounts are there.
NEEDED_EVENTS: Final = (EventAction.MERGED, EventAction.MERGED_AWAY)
SET_UP_HOURS: Final = 24  # of connection tests, and of what was typed and not saved


class _LastSweep:
    """When this process swept last, on its monotonic clock; 0 for never."""

    at = 0.0


def is_past_keeping(run: Run) -> bool:
    """Return whether the rows of this run's report are removed, or soon will be."""
    return run.finished_at is not None and run.finished_at < _oldest_kept()


def sweep() -> None:
    """Remove what is too old, once an hour in each worker."""
    if _LastSweep.at and time.monotonic() - _LastSweep.at < EVERY_SECONDS:
        return
    _LastSweep.at = time.monotonic()
    remove_old()


def remove_old() -> int:
    """Remove the rows of runs that ended longer ago than reports are kept, and other old rows.

    Returns how many runs had rows.
    """
    oldest = _oldest_kept()
    of_run = {"school": OuterRef("school"), "run": OuterRef("pk")}
    has_changes = Q(Exists(Change.objects.filter(**of_run)))
    has_issues = Q(Exists(Issue.objects.filter(**of_run)))
    has_missing = Q(Exists(MissingAccount.objects.filter(**of_run)))
    has_rows = has_changes | has_issues | has_missing
    ended = Run.objects.filter(has_rows, finished_at__lt=oldest)
    old = ended.exclude(state__in=ACTIVE_STATES).order_by("finished_at")
    number = 0
    while runs := list(old[:RUNS_AT_A_TIME]):
        for run in runs:
            _remove_rows(run)
        number += len(runs)
    Notice.objects.filter(created_at__lt=oldest).exclude(state=MailState.WAITING).delete()
    Problem.objects.filter(fixed_at__lt=oldest).delete()
    EmailAlias.objects.filter(kept_until__lt=clock.now()).delete()
    invitations = Invitation.objects.filter(created_at__lt=oldest)
    invitations.exclude(state=MailState.WAITING).delete()
    AccountEvent.objects.filter(at__lt=oldest).exclude(action__in=NEEDED_EVENTS).delete()
    audit_chain.remove_old(config.audit_days)
    StaffInvitation.objects.filter(created_at__lt=oldest).delete()
    EmergencyNotice.objects.filter(created_at__lt=oldest).delete()
    Session.objects.filter(expire_date__lt=clock.now()).delete()
    a_day_ago = clock.now() - timedelta(hours=SET_UP_HOURS)
    ConnectionDraft.objects.filter(updated_at__lt=a_day_ago).delete()
    ConnectionTest.objects.filter(started_at__lt=a_day_ago).delete()
    return number


def _remove_rows(run: Run) -> None:
    """Remove the rows of one run, each table in its own transaction: some have 200,000 rows."""
    Change.objects.filter(school=run.school_id, run=run.pk).delete()
    Issue.objects.filter(school=run.school_id, run=run.pk).delete()
    MissingAccount.objects.filter(school=run.school_id, run=run.pk).delete()
    text = "run %s: the rows of its report were removed after %d days"
    log.info(text, run.pk, config.report_days)


def _oldest_kept() -> datetime:
    """Return the moment before which nothing is kept."""
    return clock.now() - timedelta(days=config.report_days)
