"""The time by the database's clock, and moments on a school's clocks as values and as text."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import connection
from django.utils.formats import date_format


class InZone(Protocol):
    """A school, as far as its clocks are concerned: `timezone` is an IANA name."""

    @property
    def timezone(self) -> str: ...


def now() -> datetime:
    """Return the time by the database's clock, in UTC.

    Processes on several machines share it: a machine whose clock is wrong neither starts runs too
    early nor removes what is still needed.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment.astimezone(UTC)


def seconds_ahead() -> float:
    """Return how far this machine's clock is ahead of the database's; negative if it is behind."""
    before = datetime.now(UTC)
    database_time = now()
    asked_at = before + (datetime.now(UTC) - before) / 2
    return (asked_at - database_time).total_seconds()


def zone_named(name: str) -> ZoneInfo:
    """Return the zone with this IANA name, or UTC where this machine does not know the name.

    A zone that was renamed or removed must not close the whole school.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def zone_of(school: InZone) -> ZoneInfo:
    """Return the school's zone, or UTC where this machine does not know it."""
    return zone_named(school.timezone)


def local_time(moment: datetime, zone: str) -> datetime:
    """Return the same moment on the clocks of a zone."""
    return moment.astimezone(zone_named(zone))


def local_day(moment: datetime, school: InZone) -> date:
    """Return the calendar day that a moment falls on at the school."""
    return moment.astimezone(zone_of(school)).date()


def end_of_day(day: date, school: InZone) -> datetime:
    """Return the moment, in UTC, at which a calendar day ends at the school."""
    midnight = datetime.combine(day + timedelta(days=1), time(0), zone_of(school))
    return midnight.astimezone(UTC)


def time_text(moment: datetime | None, zone: str) -> str:
    """Return a moment as "2026-06-15 14:00:00 (Asia/Singapore)", or "" for None."""
    if moment is None:
        return ""
    there = local_time(moment, zone)
    return f"{there:%Y-%m-%d %H:%M:%S} ({there.tzinfo})"


def day_text(moment: datetime, school: InZone) -> str:
    """Return the day of a moment at the school, written out in the reader's language."""
    return date_format(moment.astimezone(zone_of(school)), "DATE_FORMAT")
