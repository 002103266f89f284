"""`rollbook schedule`: when a school's integration runs by itself, and the next three runs on three clocks."""

from datetime import datetime
from typing import Any

import click

from rollbook.cli.answers import Answer, Document, Refusal, answers, say, table
from rollbook.cli.documents import moment
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_integration, find_school, school_option
from rollbook.cli.people import VIA
from rollbook.roster.school_calendar import DAYS, Pause, pause_at
from rollbook.schools.clock import local_time
from rollbook.sync.models import Schedule
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import schedules

source_option = click.option(
    "--source", default=None, help="Needed only where a school has several integrations."
)


def _show(document: Document) -> None:
    each = document["schedule"]
    rows = [
        ("School", each["school"]["name"]),
        ("SIS", each["label"]),
        (
            "Runs",
            f"{', '.join(each['days'])} at {', '.join(each['times'])}, {each['timezone']}"
            if each["enabled"]
            else "not by itself",
        ),
    ]
    table(("", ""), rows, "")
    if each["next_runs"]:
        click.echo("")
        zones = (each["timezone"], each["school"]["timezone"])
        runs = [
            [
                *(_on_clock(at[where]) for where in ("schedule", "school", "utc")),
                _paused(at["pause"]),
            ]
            for at in each["next_runs"]
        ]
        table((f"Next runs in {zones[0]}", f"at the school, {zones[1]}", "UTC", ""), runs, "")
    if each["enabled"] and not each["active"]:
        say(
            "Active is switched off for this integration: nothing runs. rollbook integration set --active"
        )
    elif each["enabled"] and each["test_run"]:
        say("Test Run is on: scheduled runs are rehearsals and change no account.")


def _paused(pause: Document | None) -> str:
    if pause is None:
        return ""
    return f"{'only adds' if pause['only_adds'] else 'skipped'}: {pause['name'] or 'pause'} until {pause['last']}"


def _on_clock(at: str) -> str:
    """2026-11-29T02:00:00+08:00 as Sunday 2026-11-29 02:00."""
    return datetime.fromisoformat(at).strftime("%A %Y-%m-%d %H:%M")


@click.command("show")
@school_option
@source_option
@answers(_show)
def show_schedule(school_name: str | None, source: str | None) -> Answer:
    """Show when runs start by themselves."""
    return Answer(
        {
            "schedule": _of_schedule(
                schedules.ensure(find_integration(find_school(school_name), source))
            )
        }
    )


@click.command("set")
@school_option
@source_option
@click.option(
    "--days", default=None, metavar="DAYS", help="sunday; monday,wednesday; mon-fri; daily."
)
@click.option(
    "--times", default=None, metavar="TIMES", help="One or more, with commas: 02:00 or 06:30,18:30."
)
@click.option(
    "--zone", default=None, help="The IANA time zone of these times, such as Asia/Singapore."
)
@click.option(
    "--on/--off",
    "enabled",
    default=None,
    help="Off: nothing starts by itself; days and times are kept.",
)
@answers(_show)
def set_schedule(school_name: str | None, source: str | None, **said: Any) -> Answer:
    """Set when runs start by themselves. What isn't named stays as it is.

    \b
    Examples:
      rollbook schedule set --days sunday --times 02:00 --zone Asia/Singapore
      rollbook schedule set --days mon-fri --times 05:30,17:30 --zone America/New_York
      rollbook schedule set --off
    """
    integration = find_integration(find_school(school_name), source)
    before = schedules.ensure(integration)
    wanted = {
        "enabled": before.enabled if said["enabled"] is None else said["enabled"],
        "days": before.days if said["days"] is None else _days(said["days"]),
        "times": before.times if said["times"] is None else said["times"].split(","),
        "zone": before.timezone if said["zone"] is None else said["zone"],
    }
    try:
        saved = schedules.save(integration, None, schedules.checked(**wanted), via=VIA)
    except SettingRefused as refused:
        remedy = "`rollbook schedule set --help` shows how to give it."
        raise Refusal(Exit.REFUSED, f"{refused.field}_refused", refused.what, remedy) from refused
    return Answer({"schedule": _of_schedule(saved)})


@click.command("pause")
@school_option
@source_option
@click.option(
    "--from",
    "first",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="The first day, in the schedule's zone.",
)
@click.option(
    "--to", "last", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The last day."
)
@click.option("--only-adds", is_flag=True, help="Runs start, but leave leavers alone.")
@click.option("--name", default="", help="What the next three runs call it.")
@click.option("--remove", is_flag=True, help="Take back the pause of just these days.")
@answers(_show)
def pause(
    school_name: str | None,
    source: str | None,
    first: Any,
    last: Any,
    only_adds: bool,
    name: str,
    remove: bool,
) -> Answer:
    """Skip scheduled runs for some days. What is triggered by a person runs as always.

    \b
    Example:
      rollbook schedule pause --from 2027-06-15 --to 2027-08-20 --name Summer
    """
    integration = find_integration(find_school(school_name), source)
    try:
        if remove:
            schedules.remove_pause(
                integration, None, first.date().isoformat(), last.date().isoformat(), via=VIA
            )
        else:
            schedules.add_pause(
                integration, None, Pause(first.date(), last.date(), only_adds, name), via=VIA
            )
    except SettingRefused as refused:
        raise Refusal(Exit.REFUSED, f"{refused.field}_refused", refused.what) from refused
    return Answer({"schedule": _of_schedule(schedules.ensure(integration))})


def _days(text: str) -> list[int]:
    """Weekdays from names, as people write them: `daily`, `mon-fri`, `Sunday, Wednesday`. A range may pass the week's end."""
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
    wanted = name.strip().lower()
    found = [
        number
        for number, day in enumerate(DAYS)
        if len(wanted) >= 3 and day.lower().startswith(wanted)
    ]
    if not found:
        raise Refusal(
            Exit.USAGE,
            "day_unknown",
            f"{name.strip()!r} is not a day.",
            "Give names: sunday, or mon-fri, or daily.",
        )
    return found[0]


def _of_schedule(each: Schedule) -> Document:
    integration, school = each.integration, each.integration.school
    return {
        "school": {"id": str(school.pk), "name": school.name, "timezone": school.timezone},
        "source": integration.source,
        "label": integration.source_type.label,
        "active": integration.active,
        "test_run": integration.test_run,
        "enabled": each.enabled,
        "days": [DAYS[day].lower() for day in each.days],
        "times": each.times,
        "timezone": each.timezone,
        "pauses": [_of_pause(pause) for pause in each.breaks],
        "next_runs": [
            {
                "utc": moment(at),
                "schedule": local_time(at, each.timezone).isoformat(),
                "school": local_time(at, school.timezone).isoformat(),
                "pause": _of_pause(found)
                if (found := pause_at(each.breaks, at, each.timezone))
                else None,
            }
            for at in schedules.upcoming(each)
        ],
    }


def _of_pause(pause: Pause) -> Document:
    return {
        "first": pause.first.isoformat(),
        "last": pause.last.isoformat(),
        "only_adds": pause.only_adds,
        "name": pause.name,
    }
