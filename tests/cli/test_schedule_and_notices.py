"""When runs start by themselves and who is mailed about them, from the command line."""

from datetime import datetime

import pytest

from rollbook.cli import options
from rollbook.cli.people import notices
from rollbook.schools.mail import MailState
from rollbook.schools.models import AuditEntry, School, User
from rollbook.standins.standin import StandIn
from rollbook.sync import pipeline
from rollbook.sync.mail import choices as mail
from rollbook.sync.models import Integration, NoticeEvent, Schedule, Trigger
from rollbook.sync.runs import requests
from rollbook.sync.setup import credentials
from tests.cli.conftest import Command


def test_a_new_schedule_is_sunday_two_o_clock_in_singapore_on_three_clocks(
    inside: Command, integration: Integration
) -> None:
    shown = inside("schedule", "show", "--json")
    assert shown.code == 0, shown.err
    schedule = shown.json["schedule"]
    assert (schedule["days"], schedule["times"], schedule["timezone"], schedule["enabled"]) == (
        ["sunday"],
        ["02:00"],
        "Asia/Singapore",
        True,
    )
    assert len(schedule["next_runs"]) == 3
    for at in schedule["next_runs"]:
        there, school, utc = (
            datetime.fromisoformat(at[where]) for where in ("schedule", "school", "utc")
        )
        assert there == school == utc
        assert f"{there:%A %H:%M}" == "Sunday 02:00"
        assert f"{school:%A %H:%M}" in {
            "Saturday 13:00",
            "Saturday 14:00",
        }  # New York in winter and in summer
        assert f"{utc:%A %H:%M}" == "Saturday 18:00"
    text = inside("schedule", "show").out
    assert (
        "sunday at 02:00, Asia/Singapore" in text and "America/New_York" in text and "UTC" in text
    )


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("sunday", ["sunday"]),
        ("Mon, Wednesday", ["monday", "wednesday"]),
        ("sat-mon", ["monday", "saturday", "sunday"]),
        ("mon-fri", ["monday", "tuesday", "wednesday", "thursday", "friday"]),
        ("daily", ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]),
    ],
)
def test_days_are_given_by_name(
    inside: Command, integration: Integration, said: str, days: list[str]
) -> None:
    assert inside("schedule", "set", "--days", said, "--json").json["schedule"]["days"] == days


def test_what_is_not_named_stays_and_off_keeps_the_rest(
    inside: Command, integration: Integration
) -> None:
    inside(
        "schedule", "set", "--days", "mon-fri", "--times", "17:30,05:30", "--zone", "Europe/London"
    )
    off = inside("schedule", "set", "--off", "--json").json["schedule"]
    assert (off["enabled"], off["next_runs"], off["times"]) == (False, [], ["05:30", "17:30"])
    assert "not by itself" in inside("schedule", "show").out
    on = inside("schedule", "set", "--on", "--json").json["schedule"]
    assert (on["timezone"], len(on["next_runs"]), len(on["days"])) == ("Europe/London", 3, 5)
    assert Schedule.objects.get().next_due_at is not None
    entry = AuditEntry.objects.filter(action="schedule.saved").latest("at")
    assert (entry.via, entry.actor) == ("command line", None)


@pytest.mark.parametrize(
    ("arguments", "code", "name"),
    [
        (["--days", "someday"], 2, "day_unknown"),
        (["--days", "su"], 2, "day_unknown"),
        (["--days", "mon-"], 0, ""),
        (["--times", "25:00"], 3, "times_refused"),
        (["--times", ""], 3, "times_refused"),
        (["--zone", "Mars/Base"], 3, "timezone_refused"),
    ],
)
def test_what_can_t_be_is_refused_and_nothing_changes(
    inside: Command, integration: Integration, arguments: list[str], code: int, name: str
) -> None:
    ended = inside("schedule", "set", *arguments, "--json")
    assert ended.code == code
    if code:
        assert ended.json["error"]["code"] == name and ended.err
        assert inside("schedule", "show", "--json").json["schedule"]["times"] == ["02:00"]


def test_a_rehearsal_and_an_inactive_integration_are_said(
    inside: Command, integration: Integration
) -> None:
    Integration.objects.update(test_run=True)
    assert "only report" in inside("schedule", "show").err
    Integration.objects.update(active=False)
    assert "nothing runs" in inside("schedule", "show").err


def test_the_mail_of_a_failed_run_is_listed_with_its_trouble(
    inside: Command, integration: Integration, administrator: User, standin: StandIn
) -> None:
    assert inside("notices", "list").out.strip() == "No notices."
    credentials.store(integration, "client_secret", "wrong")
    run = requests.request(integration, trigger=Trigger.PERSON).run
    pipeline.run_sync(run.pk)
    [notice] = inside("notices", "list", "--json").json["notices"]
    assert (notice["to"], notice["event"], notice["state"]) == (
        administrator.email,
        "credentials_refused",
        "waiting",
    )
    assert (notice["run"], notice["tries"], notice["trouble"], notice["sent_at"]) == (
        str(run.pk),
        0,
        None,
        None,
    )
    assert inside("notices", "list", "--state", "undelivered", "--json").json["notices"] == []
    assert administrator.email in inside("notices", "list").out
    other = School.objects.create(name="Other School")
    assert inside("notices", "list", "--school", other.name, "--json").json["notices"] == []


def test_events_are_chosen_for_one_person(
    inside: Command, administrator: User, counselor: User
) -> None:
    chosen = inside(
        "notices",
        "choose",
        administrator.email,
        "--event",
        "changes",
        "--event",
        "failed",
        "--json",
    )
    assert chosen.json["choice"]["events"] == ["failed", "changes"]
    assert mail.chosen_events(administrator.memberships.get()) == ["failed", "changes"]
    assert inside("notices", "choose", counselor.email, "--json").json["choice"]["events"] == []
    assert (
        inside("notices", "choose", administrator.email, "--none")
        .out.strip()
        .endswith("about: nothing.")
    )
    assert mail.chosen_events(administrator.memberships.get()) == []
    assert AuditEntry.objects.filter(action="notices.chosen", via="command line").count() == 2


def test_only_people_of_the_school_and_known_events_can_be_chosen(
    inside: Command, administrator: User
) -> None:
    other = School.objects.create(name="Other School")
    refused = inside(
        "notices",
        "choose",
        administrator.email,
        "--school",
        other.name,
        "--event",
        "failed",
        "--json",
    )
    assert (refused.code, refused.json["error"]["code"]) == (6, "membership_not_found")
    assert inside("notices", "choose", administrator.email, "--event", "weather").code == 2
    assert (
        inside(
            "notices",
            "choose",
            administrator.email,
            "--school",
            "Lincoln High School",
            "--none",
            "--event",
            "failed",
        ).code
        == 2
    )


def test_the_command_knows_every_event_and_state() -> None:
    assert set(notices.EVENTS) == set(NoticeEvent.values)
    assert set(options.MAIL_STATES) == set(MailState.values)
