"""Due times over weeks and over both clock changes: each once, at the right instant."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.roster.school_calendar import (
    DEFAULT_TIMETABLE,
    Pause,
    Timetable,
    due_times,
    next_due,
    pause_at,
)

EVERY_DAY = frozenset(range(7))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_sunday_two_o_clock_in_singapore_is_saturday_in_new_york() -> None:
    summer, winter = (
        next_due(DEFAULT_TIMETABLE, utc("2026-07-01")),
        next_due(DEFAULT_TIMETABLE, utc("2026-12-01")),
    )
    assert summer and winter
    new_york = ZoneInfo("America/New_York")
    assert summer.astimezone(new_york).strftime("%A %H:%M") == "Saturday 14:00"
    assert winter.astimezone(new_york).strftime("%A %H:%M") == "Saturday 13:00"


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        # Clocks go forward: 02:30 doesn't exist, and comes once, half an hour after three.
        ("America/New_York", "2026-03-08", time(2, 30), "2026-03-08T07:30:00+00:00"),
        ("Europe/London", "2026-03-29", time(1, 30), "2026-03-29T01:30:00+00:00"),
        ("Australia/Sydney", "2026-10-04", time(2, 30), "2026-10-03T16:30:00+00:00"),
        # Clocks go back: 01:30 exists twice, and comes once, the first time.
        ("America/New_York", "2026-11-01", time(1, 30), "2026-11-01T05:30:00+00:00"),
        ("Europe/London", "2026-10-25", time(1, 30), "2026-10-25T00:30:00+00:00"),
        ("Australia/Sydney", "2026-04-05", time(2, 30), "2026-04-04T15:30:00+00:00"),
    ],
)
def test_a_time_that_does_not_exist_or_exists_twice_comes_once(
    zone: str, day: str, at: time, expected: str
) -> None:
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    due = list(
        islice(due_times(Timetable(EVERY_DAY, (at,), zone), midnight - timedelta(minutes=1)), 2)
    )
    assert due[0].isoformat() == expected
    assert timedelta(hours=22) < due[1] - due[0] < timedelta(hours=26)


@pytest.mark.parametrize(
    "zone",
    [
        "America/New_York",
        "Europe/London",
        "Australia/Sydney",
        "Australia/Lord_Howe",
        "Asia/Singapore",
    ],
)
def test_weekly_over_a_year_is_52_times_at_the_same_local_time(zone: str) -> None:
    due = list(
        islice(due_times(Timetable(frozenset({6}), (time(4, 0),), zone), utc("2026-01-01")), 52)
    )
    assert {each.astimezone(ZoneInfo(zone)).strftime("%A %H:%M") for each in due} == {
        "Sunday 04:00"
    }
    assert due == sorted(set(due))


def test_two_times_that_fall_on_one_instant_come_once() -> None:
    gap = Timetable(EVERY_DAY, (time(2, 30), time(3, 30)), "America/New_York")
    due = list(islice(due_times(gap, utc("2026-03-08T05:00")), 2))
    assert due == [utc("2026-03-08T07:30"), utc("2026-03-09T06:30")]


def test_without_days_or_times_nothing_is_ever_due() -> None:
    assert next_due(Timetable(frozenset(), (time(2, 0),), "UTC"), utc("2026-01-01")) is None
    assert next_due(Timetable(EVERY_DAY, (), "UTC"), utc("2026-01-01")) is None


@given(
    days=st.frozensets(st.integers(0, 6), min_size=1),
    times=st.lists(
        st.times().map(lambda at: at.replace(second=0, microsecond=0)),
        min_size=1,
        max_size=4,
        unique=True,
    ),
    zone=st.sampled_from(
        [
            "America/New_York",
            "Europe/London",
            "Australia/Sydney",
            "Africa/Casablanca",
            "Pacific/Apia",
            "America/Havana",
        ]
    ),
    after=st.integers(0, 25 * 365 * 24 * 60).map(
        lambda minutes: utc("2010-01-01") + timedelta(minutes=minutes)
    ),
)
def test_due_times_rise_and_do_not_depend_on_where_one_starts(
    days: frozenset[int], times: list[time], zone: str, after: datetime
) -> None:
    timetable = Timetable(days, tuple(times), zone)
    due = list(islice(due_times(timetable, after), 8))
    assert all(earlier < later for earlier, later in zip([after, *due], due, strict=False))
    assert [next_due(timetable, each) for each in due[:-1]] == due[1:]


def test_a_pause_counts_both_its_days_on_the_clocks_of_the_zone() -> None:
    summer, adds = (
        Pause(date(2026, 6, 15), date(2026, 8, 20), False, "Summer"),
        Pause(date(2026, 6, 1), date(2026, 6, 30), True),
    )
    zone = "Asia/Singapore"
    for instant, expected in (
        (datetime(2026, 5, 31, 15, 59, tzinfo=UTC), None),
        (datetime(2026, 5, 31, 16, 0, tzinfo=UTC), adds),
        (
            datetime(2026, 6, 14, 16, 0, tzinfo=UTC),
            summer,
        ),  # where nothing starts, nothing is added either
        (datetime(2026, 8, 20, 15, 59, tzinfo=UTC), summer),
        (datetime(2026, 8, 20, 16, 0, tzinfo=UTC), None),
    ):
        assert pause_at([adds, summer], instant, zone) == expected
