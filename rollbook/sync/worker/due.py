"""Starts scheduled runs: one for each due time, however many workers look at the same time."""

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from rollbook import scope
from rollbook.roster.school_calendar import next_due, pause_at
from rollbook.schools import clock
from rollbook.sync.mail import notices
from rollbook.sync.models import WORKING_STATES, Run, RunState, Schedule, Trigger
from rollbook.sync.refusals import RunRefused
from rollbook.sync.runs import requests

log = logging.getLogger(__name__)


def run_due(now: datetime | None = None) -> int:
    """Start one run for every schedule that is due. Returns how many were started.

    A schedule whose due times went by while no worker looked gets one run for all of them.
    """
    moment = now or clock.now()
    _put_right(moment)
    started = 0
    while True:
        with transaction.atomic():
            schedule = _next_due_schedule(moment)
            if schedule is None:
                return started
            due_at = schedule.next_due_at
            schedule.next_due_at = next_due(schedule.timetable, moment)
            schedule.save(update_fields=["next_due_at"])
            pause = pause_at(schedule.breaks, due_at or moment, schedule.timezone)
            if pause is None or pause.only_adds:
                started += _start(schedule, due_at, only_adds=pause is not None)
            else:
                log.info(
                    "integration %s: due, not started: pause until %s",
                    schedule.integration_id,
                    pause.last,
                )


def _put_right(moment: datetime) -> None:
    """Correct due times in the future that are not the next ones of their timetable.

    A wrong clock or changed rules of a time zone leave such due times behind.
    """
    for schedule in Schedule.objects.filter(enabled=True).exclude(next_due_at__lte=moment):
        expected = next_due(schedule.timetable, moment)
        if schedule.next_due_at != expected:
            stored = Schedule.objects.filter(pk=schedule.pk, next_due_at=schedule.next_due_at)
            stored.update(next_due_at=expected)
            log.warning(
                "integration %s: due time put right: %s instead of %s",
                *(schedule.integration_id, expected, schedule.next_due_at),
            )


def _next_due_schedule(moment: datetime) -> Schedule | None:
    """Return the schedule that has been due longest, locked.

    One whose school has another integration at work waits for its end: by default all are due at
    the same time.
    """
    at_work = Run.objects.filter(
        school_id=OuterRef("school_id"), state__in=(RunState.QUEUED, *WORKING_STATES)
    )
    another_at_work = Exists(at_work.exclude(integration_id=OuterRef("integration_id")))
    schedules = Schedule.objects.select_for_update(skip_locked=True)
    due = schedules.filter(~another_at_work, enabled=True, next_due_at__lte=moment)
    return due.select_related("integration__school").order_by("next_due_at").first()


def _start(schedule: Schedule, due_at: datetime | None, only_adds: bool) -> bool:
    """Request the run of one due time. Returns whether there is a new run.

    Where there is none, notices say why.
    """
    integration = schedule.integration
    try:
        with scope.of_school(integration.school_id):
            requested = requests.request(
                integration,
                trigger=Trigger.SCHEDULE,
                options=requests.RunOptions(due_at=due_at, only_adds=only_adds),
                via="schedule",
            )
    except RunRefused as refused:
        if refused.code != "inactive":  # somebody switched it off on purpose
            notices.did_not_run(integration, due_at, f"{refused.what} {refused.remedy}")
        log.info("integration %s: due, not started: %s", integration.pk, refused.code)
        return False
    if not requested.created:
        run = requested.run
        notices.did_not_run(integration, due_at, _why_not_started(run))
        log.info("integration %s: due, not started: run %s is active", integration.pk, run.pk)
    return requested.created


def _why_not_started(active: Run) -> str:
    if active.state == RunState.ON_HOLD:
        return _(
            "An earlier run is on hold. Approve or discard it; until then no scheduled run starts."
        )
    return _("An earlier run of this school was still at work. The next scheduled run will start.")
