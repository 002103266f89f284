"""When a scheduled run is due: chosen days and times in a named zone, as instants in UTC.

Days are counted in naive local time, and the zone is added afterwards. So a time that exists twice,
when clocks go back, comes once (the first one). A time that doesn't exist, when they go forward,
comes once, as long after midnight as on other days.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from rollbook.roster.translation import gettext_noop as _

DAYS: Final = (
    *(_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday")),
    *(_("Saturday"), _("Sunday")),
)


class Timetable(NamedTuple):
    """Weekdays from 0, Monday, to 6, Sunday, with local times in a zone with an IANA name.

    Without days or times a run is never due.
    """

    days: frozenset[int]
    times: tuple[time, ...]
    zone: str


class Pause(NamedTuple):
    """A first and a last day between which no scheduled run starts.

    With `only_adds` runs start, and leave leavers alone.
    """

    first: date
    last: date
    only_adds: bool = False
    name: str = ""


def pause_at(pauses: Iterable[Pause], instant: datetime, zone: str) -> Pause | None:
    """Return the pause at an instant, by the clocks of a zone.

    Of several, one in which no run starts comes first.
    """
    day = instant.astimezone(ZoneInfo(zone)).date()
    return min(
        (pause for pause in pauses if pause.first <= day <= pause.last),
        key=lambda pause: (pause.only_adds, pause),
        default=None,
    )


DEFAULT_TIMETABLE: Final = Timetable(frozenset({6}), (time(2, 0),), "Asia/Singapore")


def due_times(timetable: Timetable, after: datetime) -> Iterator[datetime]:
    """Yield the instants in UTC at which a run is due, later than `after`, which is aware.

    They come earliest first and without end, or there is none at all.
    """
    if not timetable.days or not timetable.times:
        return
    zone = ZoneInfo(timetable.zone)
    # A time of the day before that doesn't exist may fall after midnight.
    day = after.astimezone(zone).date() - timedelta(days=1)
    last = after.astimezone(UTC)
    while True:
        if day.weekday() in timetable.days:
            instants = {datetime.combine(day, at, zone).astimezone(UTC) for at in timetable.times}
            for instant in sorted(instants):
                if instant > last:
                    last = instant
                    yield instant
        day += timedelta(days=1)


def next_due(timetable: Timetable, after: datetime) -> datetime | None:
    """Return the first instant in UTC after `after` at which a run is due; None for never."""
    return next(due_times(timetable, after), None)
