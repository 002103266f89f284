"""A schedule in words: one sentence, its next runs in each zone, and changes of clocks."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import dateformat
from django.utils.dates import WEEKDAYS
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from rollbook.roster.school_calendar import Pause, pause_at
from rollbook.schools.clock import local_time, zone_named
from rollbook.sync.models import Schedule
from rollbook.sync.setup import schedules

WEEK = frozenset(range(7))
WORKDAYS = frozenset(range(5))


class LocalTime(NamedTuple):
    """One instant in one zone, in `words` and as `iso`. `label` says whose zone it is."""

    zone: str
    label: str
    words: str
    iso: str


class NextRun(NamedTuple):
    """A due time in each zone, and what a pause does to it; "" without a pause."""

    clocks: list[LocalTime]
    paused: str


def sentence(schedule: Schedule) -> str:
    """Return when a schedule runs, such as "Every Sunday at 2:00 AM, Asia/Singapore"."""
    if not schedule.enabled:
        return _("Switched off: nothing runs by itself")
    times = [dateformat.time_format(at, "g:i A") for at in sorted(schedule.timetable.times)]
    words = {"days": _days(schedule.days), "times": _joined(times), "zone": schedule.timezone}
    return _("%(days)s at %(times)s, %(zone)s") % words


def _days(days: Iterable[int]) -> str:
    chosen = frozenset(days)
    if chosen == WEEK:
        return _("Every day")
    if chosen == WORKDAYS:
        return _("Monday to Friday")
    return _("Every %(days)s") % {"days": _joined(str(WEEKDAYS[day]) for day in sorted(chosen))}


def _joined(words: Iterable[str]) -> str:
    return get_text_list(list(words), _("and"))


def next_runs(schedule: Schedule, school_zone: str, now: datetime) -> list[NextRun]:
    """Return the next three runs, each in the school's zone, in UTC and in the schedule's zone."""
    runs = []
    for instant in schedules.upcoming(schedule, 3, now):
        pause = pause_at(schedule.breaks, instant, schedule.timezone)
        clocks = _local_times(instant, school_zone, schedule.timezone)
        runs.append(NextRun(clocks, _pause_words(pause)))
    return runs


def _pause_words(pause: Pause | None) -> str:
    """Return what a pause does to a run, such as "Skipped: Summer until 20 Aug 2027"."""
    if pause is None:
        return ""
    words = {"name": pause.name or _("pause"), "day": dateformat.format(pause.last, "j M Y")}
    if pause.only_adds:
        return _("Only adds and updates, no leavers: %(name)s until %(day)s") % words
    return _("Skipped: %(name)s until %(day)s") % words


def _local_times(instant: datetime, school_zone: str, schedule_zone: str) -> list[LocalTime]:
    """Return the instant in each of the zones once."""
    labels = {school_zone: _("your school"), "UTC": "", schedule_zone: _("this schedule")}
    if school_zone == schedule_zone:
        labels[school_zone] = _("your school and this schedule")
    return [_local_time(instant, zone, label) for zone, label in labels.items()]


def _local_time(instant: datetime, zone: str, label: str) -> LocalTime:
    local = local_time(instant, zone)
    if label:
        offset = local.strftime("%z")
        words = {"whose": label, "offset": f"{offset[:3]}:{offset[3:5]}"}
        label = _("%(whose)s, UTC%(offset)s") % words
    return LocalTime(zone, label, moment_words(local), local.isoformat())


def moment_words(local: datetime) -> str:
    """Return a day and a time, such as "Sat, Nov 28, 2:00 PM"."""
    return dateformat.format(local, "D, M j, g:i A")


def clock_words(schedule_zone: str, school_zone: str, now: datetime) -> str:
    """Return what happens to the runs when the clocks change in either zone."""
    zones = {"zone": schedule_zone, "school": school_zone}
    schedule_changes = _changes_clocks(schedule_zone, now)
    school_changes = _changes_clocks(school_zone, now)
    if schedule_zone == school_zone and not schedule_changes:
        return _("Clocks in %(zone)s are not changed during the year.") % zones
    if schedule_zone == school_zone:
        words = _("When clocks change in %(zone)s, runs keep their time on the clock.") % zones
        return f"{words} {_odd_times()}"
    if not schedule_changes and not school_changes:
        return _("Clocks change neither in %(zone)s nor in %(school)s, so both times stay.") % zones
    if not schedule_changes:
        words = _(
            "Clocks in %(zone)s never change, but those in %(school)s do. "
            "After each change, runs start an hour earlier or later at your school."
        )
        return words % zones
    words = _(
        "Runs follow the clocks in %(zone)s. "
        "When those change but the clocks in %(school)s don't, "
        "runs start an hour earlier or later at your school."
    )
    return f"{words % zones} {_odd_times()}"


def _odd_times() -> str:
    return _(
        "A time that is skipped when clocks go forward runs an hour later. "
        "A time that comes twice when clocks go back runs once."
    )


def _changes_clocks(zone: str, now: datetime) -> bool:
    """Whether the clocks of a zone change within the coming year."""
    place = zone_named(zone)
    moments = (now + timedelta(weeks=week) for week in range(53))
    return len({moment.astimezone(place).utcoffset() for moment in moments}) > 1
