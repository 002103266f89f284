"""When a scheduled run is due: chosen days and times in a named zone, as instants in UTC.

Days are stepped through in naive local time and the zone is attached after, so that a time that exists twice when clocks go back comes
once (the first one), and a time that doesn't exist when they go forward comes once, as far after midnight as if they hadn't.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Timetable(NamedTuple):
    """`days` are weekdays from 0, Monday, to 6, Sunday; `times` are local; `zone` is an IANA name. Empty days or times: never due."""

    days: frozenset[int]
    times: tuple[time, ...]
    zone: str


class Pause(NamedTuple):
    """Days, both counted, on which scheduled runs don't start, or (`only_adds`) leave leavers alone."""

    first: date
    last: date
    only_adds: bool = False
    name: str = ""


def pause_at(pauses: Iterable[Pause], instant: datetime, zone: str) -> Pause | None:
    """The pause that an instant falls into, on the clocks of a zone. Where several do, one in which nothing starts comes first."""
    day = instant.astimezone(ZoneInfo(zone)).date()
    return min(
        (pause for pause in pauses if pause.first <= day <= pause.last),
        key=lambda pause: (pause.only_adds, pause),
        default=None,
    )


DEFAULT_TIMETABLE: Final = Timetable(frozenset({6}), (time(2, 0),), "Asia/Singapore")


def due_times(timetable: Timetable, after: datetime) -> Iterator[datetime]:
    """All instants in UTC at which a run is due, later than `after` (aware), earliest first; endless, or none at all."""
    if not timetable.days or not timetable.times:
        return
    zone = ZoneInfo(timetable.zone)
    day = after.astimezone(zone).date() - timedelta(
        days=1
    )  # a time that doesn't exist may fall on the day before's midnight
    last = after.astimezone(UTC)
    while True:
        if day.weekday() in timetable.days:
            for instant in sorted(
                {datetime.combine(day, at, zone).astimezone(UTC) for at in timetable.times}
            ):
                if instant > last:
                    last = instant
                    yield instant
        day += timedelta(days=1)


def next_due(timetable: Timetable, after: datetime) -> datetime | None:
    """The first instant in UTC at which a run is due, later than `after`; None for a timetable without days or times."""
    return next(due_times(timetable, after), None)
