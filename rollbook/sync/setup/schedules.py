"""When an integration runs by itself: its days, times and pauses."""

from datetime import datetime, time
from functools import cache
from itertools import islice
from typing import Any
from zoneinfo import available_timezones

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from rollbook.roster.school_calendar import Pause, due_times, next_due
from rollbook.schools import audit
from rollbook.schools.models import User
from rollbook.sync.models import Integration, Schedule
from rollbook.sync.refusals import SettingRefused

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
