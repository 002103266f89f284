"""How a schedule is said: in one sentence, by its next runs on each clock concerned, and by what a change of the clocks does to it."""

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


class OnClock(NamedTuple):
    """One instant on the clocks of one zone. `whose` says why the zone is shown."""

    zone: str
    whose: str
    words: str
    iso: str


def sentence(schedule: Schedule) -> str:
    """When it runs, as a person says it: Every Sunday at 2:00 AM, Asia/Singapore."""
    if not schedule.enabled:
        return _("Switched off: nothing runs by itself")
    times = [dateformat.time_format(at, "g:i A") for at in sorted(schedule.timetable.times)]
    words = {"days": _days(schedule.days), "times": _and(times), "zone": schedule.timezone}
    return _("%(days)s at %(times)s, %(zone)s") % words


def _days(days: Iterable[int]) -> str:
    chosen = frozenset(days)
    if chosen == WEEK:
        return _("Every day")
    if chosen == WORKDAYS:
        return _("Monday to Friday")
    return _("Every %(days)s") % {"days": _and(str(WEEKDAYS[day]) for day in sorted(chosen))}


def _and(words: Iterable[str]) -> str:
    return get_text_list(list(words), _("and"))


class NextRun(NamedTuple):
    """A due time on each clock concerned, and what a pause makes of it."""

    clocks: list[OnClock]
    paused: str


def next_runs(schedule: Schedule, school_zone: str, now: datetime) -> list[NextRun]:
    """The next three runs, each on the school's clocks, in UTC, and on the schedule's own where those differ."""
    return [
        NextRun(
            on_clocks(instant, school_zone, schedule.timezone),
            pause_words(pause_at(schedule.breaks, instant, schedule.timezone)),
        )
        for instant in schedules.upcoming(schedule, 3, now)
    ]


def pause_words(pause: Pause | None) -> str:
    """What a pause does to a run that is due in it: "Skipped: Summer until 20 Aug 2027"."""
    if pause is None:
        return ""
    words = {"name": pause.name or _("pause"), "day": dateformat.format(pause.last, "j M Y")}
    if pause.only_adds:
        return _("Only adds and updates, no leavers: %(name)s until %(day)s") % words
    return _("Skipped: %(name)s until %(day)s") % words


def on_clocks(instant: datetime, school_zone: str, schedule_zone: str) -> list[OnClock]:
    whose = {school_zone: _("your school"), "UTC": "", schedule_zone: _("this schedule")}
    if school_zone == schedule_zone:
        whose[school_zone] = _("your school and this schedule")
    return [_on_clock(instant, zone, why) for zone, why in whose.items()]


def _on_clock(instant: datetime, zone: str, whose: str) -> OnClock:
    there = local_time(instant, zone)
    offset = there.strftime("%z")
    named = (
        _("%(whose)s, UTC%(offset)s") % {"whose": whose, "offset": f"{offset[:3]}:{offset[3:5]}"}
        if whose
        else ""
    )
    return OnClock(zone, named, moment_words(there), there.isoformat())


def moment_words(there: datetime) -> str:
    """A day and a time: Sat, Nov 28, 2:00 PM."""
    return dateformat.format(there, "D, M j, g:i A")


def clock_words(schedule_zone: str, school_zone: str, now: datetime) -> str:
    """What happens to the runs when clocks are changed."""
    zones = {"zone": schedule_zone, "school": school_zone}
    moves = changes_clocks(schedule_zone, now)
    if schedule_zone == school_zone and not moves:
        return _("Clocks in %(zone)s are not changed during the year.") % zones
    if schedule_zone == school_zone:
        return " ".join(
            (
                _("When clocks change in %(zone)s, runs keep their time on the clock.") % zones,
                _odd_times(),
            )
        )
    school_moves = changes_clocks(school_zone, now)
    if not moves and not school_moves:
        return (
            _(
                "Clocks are changed neither in %(zone)s nor in %(school)s, so the time stays the same on both."
            )
            % zones
        )
    if not moves:
        return (
            _(
                "Clocks in %(zone)s are never changed, those in %(school)s are: when that happens, runs come an hour earlier or later "
                "on your school's clocks."
            )
            % zones
        )
    told = _(
        "Runs follow the clocks of %(zone)s. When those change and %(school)s does not, runs come an hour earlier or later on your "
        "school's clocks."
    )
    return " ".join((told % zones, _odd_times()))


def _odd_times() -> str:
    return _(
        "A time that is skipped when clocks go forward runs an hour later; one that comes twice when they go back runs once."
    )


def changes_clocks(zone: str, now: datetime) -> bool:
    """Whether the clocks of a zone are changed within the coming year."""
    there = zone_named(zone)
    return (
        len({(now + timedelta(weeks=week)).astimezone(there).utcoffset() for week in range(53)}) > 1
    )
