"""When an integration runs by itself: its days, times and pauses."""

from datetime import datetime, time
from functools import cache
from itertools import islice
from typing import Any
from zoneinfo import available_timezones

from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.roster.school_calendar import Pause, due_times, next_due
from rollbook.schools import audit, clock
from rollbook.schools.models import User
from rollbook.sync.models import Integration, Schedule
from rollbook.sync.refusals import SettingRefused

MOST_PAUSES, LONGEST_NAME = 50, 60


def ensure(integration: Integration) -> Schedule:
    """Return the schedule of an integration; a new one is weekly, Sunday 02:00 Asia/Singapore."""
    schedule, created = Schedule.objects.get_or_create(
        integration=integration, defaults={"school": integration.school}
    )
    if created:
        schedule.next_due_at = next_due(schedule.timetable, clock.now())
        schedule.save(update_fields=["next_due_at"])
    return schedule


@transaction.atomic
def save(
    integration: Integration,
    by: User | None,
    typed: Schedule,
    via: str = "web",
    now: datetime | None = None,
) -> Schedule:
    """Save when an integration runs by itself, as `checked` returned it.

    A changed schedule forgets the due times before `now`. Saved without a change, a run that was
    missed is still started.
    """
    schedule = _locked(integration)
    before = (schedule.enabled, schedule.timetable)
    schedule.enabled, schedule.timezone = typed.enabled, typed.timezone
    schedule.days, schedule.times = typed.days, typed.times
    if (schedule.enabled, schedule.timetable) != before:
        moment = now or clock.now()
        schedule.next_due_at = next_due(schedule.timetable, moment) if schedule.enabled else None
    schedule.save()
    audit.record(
        "schedule.saved",
        school=integration.school,
        actor=by,
        subject=str(integration.pk),
        via=via,
        enabled=schedule.enabled,
        days=schedule.days,
        times=schedule.times,
        timezone=schedule.timezone,
    )
    return schedule


def checked(*, enabled: bool, days: list[int], times: list[str], zone: str) -> Schedule:
    """Return the schedule that was typed, not saved. Raises SettingRefused.

    The zone's letters may be upper or lower case.
    """
    zone_name = zones().get(zone.strip().replace(" ", "_").casefold())
    if zone_name is None:
        raise SettingRefused("timezone", _("Choose a time zone from the list."))
    try:
        typed_times = {time.fromisoformat(at.strip()) for at in times if at.strip()}
    except ValueError as error:
        raise SettingRefused("times", _("Write times as 02:00 or 14:30.")) from error
    if enabled and not days:
        raise SettingRefused("days", _("Choose at least one day, or switch the schedule off."))
    if enabled and not typed_times:
        raise SettingRefused("times", _("Choose at least one time, or switch the schedule off."))
    time_texts = sorted({at.strftime("%H:%M") for at in typed_times})
    return Schedule(enabled=enabled, days=sorted(set(days)), times=time_texts, timezone=zone_name)


@cache
def zones() -> dict[str, str]:
    """Return every time zone that this machine knows, by its name in lower case."""
    return {name.casefold(): name for name in available_timezones()}


@transaction.atomic
def add_pause(integration: Integration, by: User | None, pause: Pause, via: str = "web") -> bool:
    """Let scheduled runs rest, or only add, for some days.

    Returns False where there is this very pause already. Raises SettingRefused.
    """
    if pause.last < pause.first:
        raise SettingRefused("last", _("The last day comes before the first."))
    schedule = _locked(integration)
    name = pause.name.strip()[:LONGEST_NAME]
    entry = [pause.first.isoformat(), pause.last.isoformat(), pause.only_adds, name]
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
    """Remove the pause of these days, given as "2026-06-15". Returns False where there is none."""
    schedule = _locked(integration)
    others = [entry for entry in schedule.pauses if entry[:2] != [first, last]]
    if others == schedule.pauses:
        return False
    _save_pauses(schedule, others, by, via)
    return True


def _locked(integration: Integration) -> Schedule:
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
    """Return the next due times, in UTC; none while the schedule is switched off.

    The first is the stored one. It has passed where no worker has started its run yet.
    """
    if not schedule.enabled:
        return []
    moment = now or clock.now()
    stored = [] if schedule.next_due_at is None else [schedule.next_due_at]
    later = due_times(schedule.timetable, max([moment, *stored]))
    return [*stored, *islice(later, count - len(stored))]
