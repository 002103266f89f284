"""The schedule of an integration: what is shown of it, what is saved, what is refused and where."""

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.roster.school_calendar import next_due
from rollbook.schools import clock
from rollbook.schools.models import AuditEntry, School
from rollbook.sync.models import Integration, Schedule
from rollbook.sync.setup import schedules
from rollbook.web.set_up.schedule_words import clock_words, sentence

pytestmark = pytest.mark.django_db

FILLED = {
    "enabled": "on",
    "rhythm": "weekly",
    "days": ["6"],
    "times": ["02:00"],
    "timezone": "Asia/Singapore",
    "action": "save",
}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch, connected: Integration) -> Callable[[str], None]:
    """Let the database's clock show another time, and schedules be as if saved then."""

    def turn(text: str) -> None:
        moment = datetime.fromisoformat(text)
        monkeypatch.setattr(clock, "now", lambda: moment)
        for schedule in Schedule.objects.all():
            schedule.next_due_at = next_due(schedule.timetable, moment)
            schedule.save()

    return turn


@pytest.fixture
def address(school: School, connected: Integration) -> str:
    return reverse("schedule", args=[school.pk, connected.source])


def words(response: Any) -> str:
    """A page as it is read: without tags, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def post(client: Client, address: str, **changed: Any) -> Any:
    htmx = changed.pop("htmx", False)
    data = {key: value for key, value in (FILLED | changed).items() if value is not None}
    return client.post(address, data, headers=HTMX if htmx else {})


def test_the_default_is_said_in_words_and_its_next_runs_in_three_zones(
    admin: Client, address: str, at: Callable[[str], None]
) -> None:
    at("2026-10-24T00:00:00Z")
    page = words(admin.get(address))
    assert "Every Sunday at 2:00 AM, Asia/Singapore" in page
    assert "your school, UTC-04:00 Sat, Oct 24, 2:00 PM UTC Sat, Oct 24, 6:00 PM" in page
    assert "this schedule, UTC+08:00 Sun, Oct 25, 2:00 AM" in page
    assert "UTC-05:00 Sat, Nov 7, 1:00 PM UTC Sat, Nov 7, 6:00 PM" in page, (
        "clocks have gone back in New York"
    )
    assert "Clocks in Asia/Singapore never change, but those in America/New_York do." in page
    assert "* *" not in page, "never a cron line"


def test_what_is_typed_is_shown_before_it_is_saved(
    admin: Client, address: str, at: Callable[[str], None]
) -> None:
    at("2026-11-23T12:00:00Z")
    typed = {"rhythm": "daily", "times": ["06:30", "18:00"], "timezone": "america/new york"}
    page = words(post(admin, address, **typed, action="preview", htmx=True))
    assert "Every day at 6:30 AM and 6:00 PM, America/New_York" in page
    assert (
        "your school and this schedule, UTC-05:00 Mon, Nov 23, 6:00 PM UTC Mon, Nov 23, 11:00 PM"
        in page
    )
    assert "this schedule, UTC+" not in page
    assert "When clocks change in America/New_York, runs keep their time on the clock." in page
    assert "How often" not in page, "the part alone"
    assert Schedule.objects.get().days == [6]
    whole = post(admin, address, **typed, action="preview")
    assert "How often" in words(whole), "without JavaScript"
    assert "Every day at 6:30 AM" in words(whole)


def test_saving_says_when_the_next_run_is(
    admin: Client, address: str, at: Callable[[str], None]
) -> None:
    at("2026-11-23T12:00:00Z")
    response = post(admin, address, days=["1", "3"], times=["02:00", "", "14:30"])
    page = words(admin.get(response["Location"]))
    saved = Schedule.objects.get()
    assert (saved.enabled, saved.days, saved.times, saved.timezone) == (
        True,
        [1, 3],
        ["02:00", "14:30"],
        "Asia/Singapore",
    )
    assert "Saved. The next run is due Mon, Nov 23, 1:00 PM (America/New_York)." in page
    assert "Every Tuesday and Thursday at 2:00 AM and 2:30 PM, Asia/Singapore" in page
    assert AuditEntry.objects.filter(action="schedule.saved", actor__isnull=False).count() == 1


def test_switched_off_nothing_is_due(admin: Client, address: str) -> None:
    page = words(admin.get(post(admin, address, enabled=None, days=[])["Location"]))
    assert Schedule.objects.get().next_due_at is None
    assert "Nothing runs by itself now" in page
    assert "Switched off: nothing runs by itself" in page


@pytest.mark.parametrize(
    ("changed", "id", "message"),
    [
        ({"days": []}, "id_days_error", "Choose at least one day, or switch the schedule off."),
        (
            {"times": ["", ""]},
            "id_times_error",
            "Choose at least one time, or switch the schedule off.",
        ),
        ({"times": ["25:00"]}, "id_times_error", "Write times as 02:00 or 14:30."),
        ({"timezone": "Mars/Base"}, "id_timezone_error", "Choose a time zone from the list."),
        ({"timezone": ""}, "id_timezone_error", "Choose a time zone from the list."),
        ({"days": ["7"]}, "id_days_error", "7"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(
    admin: Client, address: str, changed: dict[str, Any], id: str, message: str
) -> None:
    response = post(admin, address, **changed)
    page = response.content.decode()
    assert response.status_code == 200
    assert f'id="{id}"' in page
    assert message in page.split(f'id="{id}"')[1].split("</div>")[0]
    assert Schedule.objects.get().times == ["02:00"], "nothing was saved"
    assert (
        message in words(post(admin, address, **changed, action="preview", htmx=True))
        or message == "7"
    )


def test_times_are_added_and_removed_with_and_without_scripts(admin: Client, address: str) -> None:
    part = post(
        admin, address, times=["02:00", "09:00"], action="add-time", htmx=True
    ).content.decode()
    assert part.count('type="time"') == 3
    assert "<html" not in part
    assert "autofocus" in part.split("09:00")[1]
    assert 'hx-swap-oob="true"' in part, "the next runs follow"
    whole = post(admin, address, times=["02:00", "09:00"], action="remove-time-0").content.decode()
    assert whole.count('type="time"') == 1
    assert 'value="09:00"' in whole
    assert (
        "Add a time"
        not in post(
            admin, address, times=["02:00", "09:00", "10:00"], action="add-time"
        ).content.decode()
    ), "four are enough"
    assert Schedule.objects.get().times == ["02:00"]


def test_the_schools_zone_and_the_default_come_first(admin: Client, address: str) -> None:
    offered = re.findall(r'<option value="([^"]+)"', admin.get(address).content.decode())
    assert offered[:2] == ["America/New_York", "Asia/Singapore"]
    assert "Australia/Lord_Howe" in offered
    assert len(offered) == len(set(offered))


def test_a_counselor_and_another_school_see_no_schedule(
    counselor_client: Client, elsewhere: Client, school: School, address: str
) -> None:
    for client, status in ((counselor_client, 403), (elsewhere, 404)):
        assert client.get(address).status_code == status
        assert post(client, address, enabled=None).status_code == status
    own = School.objects.get(name="Other School")
    assert elsewhere.get(reverse("schedule", args=[own.pk, "powerschool"])).status_code == 404
    assert Schedule.objects.get().enabled


def test_an_sis_that_is_not_connected_has_no_schedule(
    admin: Client, school: School, connected: Integration
) -> None:
    assert admin.get(reverse("schedule", args=[school.pk, "veracross"])).status_code == 404


def test_the_screens_around_it_say_the_schedule_and_lead_there(
    admin: Client, school: School, address: str, connected: Integration
) -> None:
    screens = {
        "upload": reverse("upload", args=[school.pk]),
        "configure-sis": reverse("configure-sis", args=[school.pk]),
        "select-mapping": reverse("select-mapping", args=[school.pk, connected.pk]),
    }
    for name, screen in screens.items():
        page = admin.get(screen).content.decode()
        assert f'href="{address}"' in page, name
        assert "Every Sunday at 2:00 AM, Asia/Singapore" in page, name


def test_rehearsals_are_said_wherever_a_run_is_awaited(
    admin: Client, school: School, address: str, connected: Integration
) -> None:
    screens = [
        address,
        *(reverse(name, args=[school.pk]) for name in ("upload", "history", "configure-sis")),
    ]
    for screen in screens:
        assert "Test Run is on for PowerSchool: scheduled runs are rehearsals only." in words(
            admin.get(screen)
        ), screen
    connected.active = False
    connected.save()
    for screen in screens:
        page = words(admin.get(screen))
        assert (
            "Active is off for PowerSchool. Nothing runs, neither on schedule nor when triggered."
            in page
        ), screen
        assert "rehearsals only" not in page, screen
    assert "Active is off, so none of these starts." in words(admin.get(address))


@pytest.mark.parametrize(
    ("zone", "of_school", "said"),
    [
        (
            "Asia/Singapore",
            "Asia/Singapore",
            "Clocks in Asia/Singapore are not changed during the year.",
        ),
        (
            "Asia/Singapore",
            "Asia/Tokyo",
            "Clocks change neither in Asia/Singapore nor in Asia/Tokyo",
        ),
        (
            "Europe/London",
            "Europe/London",
            "When clocks change in Europe/London, runs keep their time on the clock.",
        ),
        ("Europe/London", "Asia/Tokyo", "Runs follow the clocks in Europe/London."),
        (
            "Europe/London",
            "America/New_York",
            "A time that is skipped when clocks go forward runs an hour later",
        ),
    ],
)
def test_what_a_change_of_clocks_does_is_said(zone: str, of_school: str, said: str) -> None:
    assert said in clock_words(zone, of_school, datetime(2026, 11, 23, 12, tzinfo=UTC))


def test_a_schedule_is_said_as_people_say_it() -> None:
    def said(days: list[int], *times: str) -> str:
        return sentence(schedules.checked(enabled=True, days=days, times=list(times), zone="UTC"))

    assert said([0, 1, 2, 3, 4], "00:00") == "Monday to Friday at 12:00 AM, UTC"
    assert said([6, 0, 2], "12:00") == "Every Monday, Wednesday and Sunday at 12:00 PM, UTC"
    assert (
        said(list(range(7)), "23:30", "07:00", "12:15")
        == "Every day at 7:00 AM, 12:15 PM and 11:30 PM, UTC"
    )
