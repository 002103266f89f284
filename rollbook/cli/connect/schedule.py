"""`rollbook schedule`: when runs start by themselves, and the pauses in between."""

from datetime import datetime
from typing import Any, NamedTuple

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.documents import moment
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_integration, find_school
from rollbook.cli.options import day_option, grouped, school_option, source_option
from rollbook.cli.output import Document, Output, Refusal, prints, say, table
from rollbook.roster.school_calendar import DAYS, Pause, pause_at
from rollbook.schools.clock import local_time
from rollbook.sync.models import Schedule
from rollbook.sync.setup import schedules


def _show(document: Document) -> None:
    schedule = document["schedule"]
    times = f"{', '.join(schedule['days'])} at {', '.join(schedule['times'])}"
    rows = [
        ("School", schedule["school"]["name"]),
        ("SIS", schedule["label"]),
        ("Runs", f"{times}, {schedule['timezone']}" if schedule["enabled"] else "not by itself"),
    ]
    table(("", ""), rows)
    if schedule["next_runs"]:
        click.echo("")
        _show_next_runs(schedule)
    if schedule["enabled"] and not schedule["active"]:
        say("The integration's Active switch is off, so nothing runs. To switch it on:")
        say(f"rollbook integration set {schedule['source']} --keep-secrets --active")
    elif schedule["enabled"] and schedule["test_run"]:
        say("Test Run is on: scheduled runs only report and change no account.")


def _show_next_runs(schedule: Document) -> None:
    """Print the next runs on three clocks: the schedule's, the school's and UTC."""
    rows = []
    for run in schedule["next_runs"]:
        clocks = [_day_and_time(run[zone]) for zone in ("schedule", "school", "utc")]
        rows.append((*clocks, _pause_text(run["pause"])))
    in_school = f"at the school, {schedule['school']['timezone']}"
    table((f"Next runs in {schedule['timezone']}", in_school, "UTC", ""), rows)


def _day_and_time(instant: str) -> str:
    """Return 2026-11-29T02:00:00+08:00 as Sunday 2026-11-29 02:00."""
    return datetime.fromisoformat(instant).strftime("%A %Y-%m-%d %H:%M")


def _pause_text(pause: Document | None) -> str:
    if pause is None:
        return ""
    effect = "only adds" if pause["only_adds"] else "skipped"
    return f"{effect}: {pause['name'] or 'pause'} until {pause['last']}"


@click.command("show")
@school_option
@source_option
@prints(_show)
def show_schedule(school_name: str | None, source: str | None) -> Output:
    """Show when runs start by themselves. The next three are shown on three clocks."""
    integration = find_integration(find_school(school_name), source)
    return Output({"schedule": _of_schedule(schedules.ensure(integration))})


class Changed(NamedTuple):
    """The settings of a schedule that were given; None for those that stay."""

    days: str | None
    times: str | None
    zone: str | None
    enabled: bool | None


@click.command("set")
@school_option
@source_option
@grouped(
    "changed",
    Changed,
    click.option(
        "--days", default=None, help="Days, such as sunday, mon-fri, daily or monday,wednesday."
    ),
    click.option(
        "--times", default=None, help="One or more times, with commas: 02:00 or 06:30,18:30."
    ),
    click.option("--zone", default=None, help="The IANA time zone of the times: Asia/Singapore."),
    click.option(
        "--on/--off",
        "enabled",
        default=None,
        help="Off: runs don't start by themselves. Days and times are kept.",
    ),
)
@prints(_show)
def set_schedule(school_name: str | None, source: str | None, changed: Changed) -> Output:
    """Set when runs start by themselves. Options that are not given stay as they are.

    \b
    Examples:
      rollbook schedule set --days sunday --times 02:00 --zone Asia/Singapore
      rollbook schedule set --days mon-fri --times 05:30,17:30 --zone America/New_York
      rollbook schedule set --off
    """
    integration = find_integration(find_school(school_name), source)
    before = schedules.ensure(integration)
    settings: dict[str, Any] = {
        "enabled": before.enabled if changed.enabled is None else changed.enabled,
        "days": before.days if changed.days is None else _days(changed.days),
        "times": before.times if changed.times is None else changed.times.split(","),
        "zone": before.timezone if changed.zone is None else changed.zone,
    }
    saved = schedules.save(integration, None, schedules.checked(**settings), via=VIA)
    return Output({"schedule": _of_schedule(saved)})


class PauseOptions(NamedTuple):
    """The days of a pause, and what happens in them."""

    first: datetime
    last: datetime
    only_adds: bool
    name: str


@click.command("pause")
@school_option
@source_option
@grouped(
    "days",
    PauseOptions,
    day_option("--from", "first", "The first day, in the schedule's zone.", required=True),
    day_option("--to", "last", "The last day, included.", required=True),
    click.option("--only-adds", is_flag=True, help="Runs start, but don't close any account."),
    click.option("--name", default="", help="A name for the pause, such as Summer."),
)
@click.option("--remove", is_flag=True, help="Remove the pause of exactly these days.")
@prints(_show)
def pause(school_name: str | None, source: str | None, days: PauseOptions, remove: bool) -> Output:
    """Skip scheduled runs for some days. Runs that a person starts are not affected.

    \b
    Example:
      rollbook schedule pause --from 2027-06-15 --to 2027-08-20 --name Summer
    """
    integration = find_integration(find_school(school_name), source)
    first, last = days.first.date(), days.last.date()
    if remove:
        schedules.remove_pause(integration, None, first.isoformat(), last.isoformat(), via=VIA)
    else:
        schedules.add_pause(
            integration, None, Pause(first, last, days.only_adds, days.name), via=VIA
        )
    return Output({"schedule": _of_schedule(schedules.ensure(integration))})


def _days(text: str) -> list[int]:
    """Return weekdays from names, Monday 0: `daily`, `mon-fri` or `Sunday, Wednesday`.

    A range may pass the end of the week, as in `sat-mon`.
    """
    if text.strip().lower() in {"daily", "all"}:
        return list(range(7))
    days: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        start = _day(first)
        end = _day(last) if last else start
        days |= {(start + step) % 7 for step in range((end - start) % 7 + 1)}
    return sorted(days)


def _day(name: str) -> int:
    """Return the weekday of a name, or of at least its first three letters."""
    beginning = name.strip().lower()
    for number, day in enumerate(DAYS):
        if len(beginning) >= 3 and day.lower().startswith(beginning):
            return number
    raise Refusal(
        Exit.USAGE,
        "day_unknown",
        f"{name.strip()!r} is not a day. Nothing was saved.",
        "Write days like sunday, mon-fri or daily.",
    )


def _of_schedule(schedule: Schedule) -> Document:
    """Return a schedule with its pauses and the next runs on three clocks."""
    integration, school = schedule.integration, schedule.integration.school
    return {
        "school": {"id": str(school.pk), "name": school.name, "timezone": school.timezone},
        "source": integration.source,
        "label": integration.source_type.label,
        "active": integration.active,
        "test_run": integration.test_run,
        "enabled": schedule.enabled,
        "days": [DAYS[day].lower() for day in schedule.days],
        "times": schedule.times,
        "timezone": schedule.timezone,
        "pauses": [_of_pause(pause) for pause in schedule.breaks],
        "next_runs": [_of_next_run(schedule, at) for at in schedules.upcoming(schedule)],
    }


def _of_next_run(schedule: Schedule, at: datetime) -> Document:
    pause = pause_at(schedule.breaks, at, schedule.timezone)
    return {
        "utc": moment(at),
        "schedule": local_time(at, schedule.timezone).isoformat(),
        "school": local_time(at, schedule.integration.school.timezone).isoformat(),
        "pause": _of_pause(pause) if pause else None,
    }


def _of_pause(pause: Pause) -> Document:
    return {
        "first": pause.first.isoformat(),
        "last": pause.last.isoformat(),
        "only_adds": pause.only_adds,
        "name": pause.name,
    }
