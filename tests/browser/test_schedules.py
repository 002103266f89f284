"""Schedules and notices on the screens: the next runs follow the choice, for each SIS."""

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from rollbook.sync.models import NoticeChoice, Schedule
from tests.browser.conftest import Visit, connect

if TYPE_CHECKING:
    from rollbook.standins.standin import StandIn

pytestmark = pytest.mark.django_db(transaction=True)

REHEARSALS = "scheduled runs are rehearsals only"


def test_set_a_schedule_and_leave_test_run_on(visit: Visit, standin: "StandIn") -> None:
    page = visit()
    connect(page, standin, test_run=True)
    page.get_by_role("link", name="Change the schedule").click()
    runs = page.get_by_role("region", name="The next three runs")
    expect(runs.get_by_text("Every Sunday at 2:00 AM, Asia/Singapore")).to_be_visible()
    expect(runs.get_by_role("listitem")).to_have_count(3)
    for zone in ("America/New_York", "UTC", "Asia/Singapore"):
        expect(runs.locator("dt", has_text=re.compile(rf"^{zone}"))).to_have_count(3)

    choose_other_times(page)
    expect(
        runs.get_by_text("Every Wednesday and Sunday at 6:30 AM and 2:00 PM, Europe/London")
    ).to_be_visible()
    expect(page.locator("#announce")).to_have_text(
        "Every Wednesday and Sunday at 6:30 AM and 2:00 PM, Europe/London"
    )
    expect(runs.get_by_text("each of these is a rehearsal")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(
        page.get_by_text(re.compile(r"Saved\. The next run is due .* \(America/New_York\)\."))
    ).to_be_visible()
    saved = Schedule.objects.get()
    assert (saved.days, saved.times, saved.timezone) == (
        [2, 6],
        ["06:30", "14:00"],
        "Europe/London",
    )

    expect(page.get_by_text(REHEARSALS)).to_be_visible()
    for name in ("Upload", "Sync history"):
        page.get_by_role("navigation", name="Main").get_by_role(
            "link", name=name, exact=True
        ).click()
        expect(page.get_by_text(REHEARSALS)).to_be_visible()


def choose_other_times(page: Page) -> None:
    """Another day, a second and a third time, one of them taken back, another zone."""
    page.get_by_label("Wednesday").check()
    page.get_by_label("Time 1", exact=True).fill("06:30")
    page.get_by_role("button", name="Add a time").click()
    expect(page.get_by_label("Time 2", exact=True)).to_be_focused()
    page.get_by_label("Time 2", exact=True).fill("09:15")
    page.get_by_role("button", name="Add a time").click()
    page.get_by_label("Time 3", exact=True).fill("14:00")
    page.get_by_role("button", name="Remove time 2").click()
    expect(page.get_by_label("Time 2", exact=True)).to_have_value("14:00")
    page.get_by_label("Time zone").fill("Europe/London")


def test_daily_needs_no_weekdays_and_what_makes_no_sense_is_said_at_once(
    visit: Visit, standin: "StandIn"
) -> None:
    page = visit()
    connect(page, standin, test_run=True)
    page.get_by_role("link", name="Change the schedule").click()
    runs = page.get_by_role("region", name="The next three runs")
    page.get_by_label("Sunday").uncheck()
    expect(runs.get_by_text("Choose at least one day")).to_be_visible()
    page.get_by_label("Daily").check()
    expect(page.get_by_label("Monday")).to_be_hidden()
    expect(runs.get_by_text("Every day at 2:00 AM, Asia/Singapore")).to_be_visible()
    page.get_by_label("Run on schedule").uncheck()
    expect(runs.get_by_text("Switched off: nothing runs by itself")).to_be_visible()


def test_choices_of_notifications_are_kept(visit: Visit) -> None:
    page = visit()
    page.get_by_role("link", name="Notifications").click()
    page.get_by_label("A run finished with changes").check()
    page.get_by_label("A run failed").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. You get mail about what is ticked below.")).to_be_visible()
    expect(page.get_by_label("A run finished with changes")).to_be_checked()
    expect(page.get_by_label("A run failed")).not_to_be_checked()
    assert NoticeChoice.objects.get().events == [
        "credentials_refused",
        "on_hold",
        "did_not_run",
        "problems",
        "changes",
    ]


def test_the_labels_of_the_credentials_follow_the_version_and_the_keyboard_stays_where_it_was(
    visit: Visit,
) -> None:
    page = visit()
    page.get_by_role("link", name="Start Setup and Integrate").click()
    page.get_by_role("radio", name="Veracross").check()
    for label in ("User Name", "Password", "Client"):
        expect(page.get_by_label(label, exact=True)).to_be_visible()
    page.get_by_label("Client", exact=True).fill("acs")
    page.get_by_role("radio", name="API v2").focus()
    page.keyboard.press("ArrowDown")
    for label in ("Client ID", "Client Secret", "School Route"):
        expect(page.get_by_label(label, exact=True)).to_be_visible()
    expect(page.get_by_label("School Route")).to_have_value("acs")
    expect(page.get_by_role("radio", name="API v3")).to_be_focused()
    expect(page.get_by_label("Client", exact=True)).to_have_count(0)
