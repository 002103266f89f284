"""Scheduled runs: each due time starts one run, whoever looks, however many workers do."""

import logging
from datetime import datetime, time
from functools import cache
from itertools import islice
from typing import Any
from zoneinfo import available_timezones

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from rollbook.roster.school_calendar import Pause, due_times, next_due, pause_at
from rollbook.schools import audit
from rollbook.schools.models import User
from rollbook.sync.mail import notices
from rollbook.sync.models import WORKING_STATES, Integration, Run, RunState, Schedule, Trigger
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.runs import states

log = logging.getLogger(__name__)

MOST_PAUSES, LONGEST_NAME = 50, 60


def ensure(integration: Integration) -> Schedule:
    """The schedule of an integration; a new one is weekly, Sunday 02:00 Asia/Singapore."""
    schedule, created = Schedule.objects.get_or_create(
        integration=integration, defaults={"school": integration.school}
    )
    if created:
        schedule.next_due_at = next_due(schedule.timetable, timezone.now())
        schedule.save(update_fields=["next_due_at"])
    return schedule


@transaction.atomic
def save(
    integration: Integration,
    by: User | None,
    *,
    enabled: bool,
    days: list[int],
    times: list[str],
    zone: str,
    via: str = "web",
    now: datetime | None = None,
) -> Schedule:
    """Save when an integration runs by itself. Due times before now are forgotten. Raises SettingRefused."""
    wanted = understood(enabled=enabled, days=days, times=times, zone=zone)
    ensure(integration)
    schedule = Schedule.objects.select_for_update().get(integration=integration)
    schedule.enabled, schedule.days, schedule.times, schedule.timezone = (
        enabled,
        wanted.days,
        wanted.times,
        wanted.timezone,
    )
    schedule.next_due_at = next_due(schedule.timetable, now or timezone.now()) if enabled else None
    schedule.save()
    audit.record(
        "schedule.saved",
        school=integration.school,
        actor=by,
        subject=str(integration.pk),
        via=via,
        enabled=enabled,
        days=schedule.days,
        times=schedule.times,
        timezone=schedule.timezone,
    )
    return schedule


def understood(*, enabled: bool, days: list[int], times: list[str], zone: str) -> Schedule:
    """The schedule that was typed, saved nowhere. Zones are found in any letter case. Raises SettingRefused."""
    known = zones().get(zone.strip().replace(" ", "_").casefold())
    if known is None:
        raise SettingRefused("timezone", _("Choose a time zone from the list."))
    try:
        chosen = sorted(
            {time.fromisoformat(at.strip()).strftime("%H:%M") for at in times if at.strip()}
        )
    except ValueError as error:
        raise SettingRefused("times", _("Write times as 02:00 or 14:30.")) from error
    if enabled and not days:
        raise SettingRefused("days", _("Choose at least one day, or switch the schedule off."))
    if enabled and not chosen:
        raise SettingRefused("times", _("Choose at least one time, or switch the schedule off."))
    return Schedule(enabled=enabled, days=sorted(set(days)), times=chosen, timezone=known)


@cache
def zones() -> dict[str, str]:
    """Every zone this machine knows, by its name in lower case."""
    return {name.casefold(): name for name in available_timezones()}


@transaction.atomic
def add_pause(integration: Integration, by: User | None, pause: Pause, via: str = "web") -> bool:
    """Let scheduled runs rest, or only add, for some days. False where just that stands already. Raises SettingRefused."""
    if pause.last < pause.first:
        raise SettingRefused("last", _("The last day comes before the first."))
    schedule = _held(integration)
    entry = [
        pause.first.isoformat(),
        pause.last.isoformat(),
        pause.only_adds,
        pause.name.strip()[:LONGEST_NAME],
    ]
    if entry in schedule.pauses:
        return False
    if len(schedule.pauses) >= MOST_PAUSES:
        raise SettingRefused("first", _("There are too many pauses. Remove those that are over."))
    _save_pauses(schedule, [*schedule.pauses, entry], by, via)
    return True


@transaction.atomic
def remove_pause(
    integration: Integration, by: User | None, first: str, last: str, via: str = "web"
) -> bool:
    """Take back the pause of these days, given as "2026-06-15". False where there is none."""
    schedule = _held(integration)
    left = [entry for entry in schedule.pauses if entry[:2] != [first, last]]
    if left == schedule.pauses:
        return False
    _save_pauses(schedule, left, by, via)
    return True


def _held(integration: Integration) -> Schedule:
    ensure(integration)
    return Schedule.objects.select_for_update().get(integration=integration)


def _save_pauses(schedule: Schedule, pauses: list[list[Any]], by: User | None, via: str) -> None:
    schedule.pauses = sorted(pauses)
    schedule.save(update_fields=["pauses"])
    audit.record(
        "pauses.saved",
        school=schedule.school,
        actor=by,
        subject=str(schedule.integration_id),
        via=via,
        pauses=schedule.pauses,
    )


def upcoming(schedule: Schedule, count: int = 3, now: datetime | None = None) -> list[datetime]:
    """The next due times, in UTC."""
    return (
        list(islice(due_times(schedule.timetable, now or timezone.now()), count))
        if schedule.enabled
        else []
    )


def run_due(now: datetime | None = None) -> int:
    """Start the run of every schedule that is due, one each, however many due times went by while nobody looked. Returns how many.

    Where another integration of the same school is at work, a due one waits for its end: by default all are due at the same time.
    """
    moment, started = now or timezone.now(), 0
    at_work = Run.objects.filter(
        school_id=OuterRef("school_id"), state__in=(RunState.QUEUED, *WORKING_STATES)
    )
    others_turn = Exists(at_work.exclude(integration_id=OuterRef("integration_id")))
    while True:
        with transaction.atomic():
            due = Schedule.objects.select_for_update(skip_locked=True).select_related(
                "integration__school"
            )
            schedule = (
                due.filter(~others_turn, enabled=True, next_due_at__lte=moment)
                .order_by("next_due_at")
                .first()
            )
            if schedule is None:
                return started
            due_at, schedule.next_due_at = (
                schedule.next_due_at,
                next_due(schedule.timetable, moment),
            )
            schedule.save(update_fields=["next_due_at"])
            pause = pause_at(schedule.breaks, due_at or moment, schedule.timezone)
            if pause is not None and not pause.only_adds:
                log.info(
                    "integration %s: due, not started: pause until %s",
                    schedule.integration_id,
                    pause.last,
                )
                continue
            started += start(schedule, due_at, only_adds=pause is not None)


def start(schedule: Schedule, due_at: datetime | None, only_adds: bool = False) -> bool:
    """Request the run of one due time; in some pauses it `only_adds`. Where it can't run, those who want to know are told."""
    integration = schedule.integration
    try:
        requested = states.request(
            integration,
            trigger=Trigger.SCHEDULE,
            due_at=due_at,
            only_adds=only_adds,
            via="schedule",
        )
    except states.RunRefused as refused:
        if refused.code != "inactive":  # switched off is what somebody wanted
            notices.did_not_run(integration, due_at, f"{refused.what} {refused.remedy}")
        log.info("integration %s: due, not started: %s", integration.pk, refused.code)
        return False
    if not requested.created:
        notices.did_not_run(integration, due_at, _reason(requested.run.state))
        log.info(
            "integration %s: due, not started: run %s is active", integration.pk, requested.run.pk
        )
    return requested.created


def _reason(state: str) -> str:
    if state == RunState.ON_HOLD:
        return _(
            "An earlier run is on hold. Look at it and approve or discard it; until then no scheduled run passes it."
        )
    return _("An earlier run of this school was still going on. The next scheduled run stands.")
