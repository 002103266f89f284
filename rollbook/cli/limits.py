"""`rollbook limits`: what holds a run of a school, its own figures, and wider ones for some days."""

from datetime import datetime
from typing import Any

import click

from rollbook.cli.answers import Answer, Document, Refusal, answers, not_found, table
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_school, school_option
from rollbook.cli.people import VIA
from rollbook.sync.models import LimitWidening
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import limits as limit_settings

DAY = click.DateTime(formats=["%Y-%m-%d"])


def _show(document: Document) -> None:
    table(
        ("Limit", "Figure"),
        [(name, "off" if value is None else value) for name, value in document["limits"].items()],
        "",
    )
    for each in document["widenings"]:
        figures = ", ".join(
            f"{name} {'off' if value is None else value}" for name, value in each["figures"].items()
        )
        click.echo(f"{each['first_day']} to {each['last_day']}: {figures} (number {each['id']})")


def _document(school: Any) -> Answer:
    widenings = [
        {
            "id": each.pk,
            "first_day": str(each.first_day),
            "last_day": str(each.last_day),
            "figures": each.figures,
        }
        for each in LimitWidening.objects.filter(school=school).order_by("first_day")
    ]
    today = limit_settings.today(school)._asdict()
    return Answer(
        {
            "limits": limit_settings.of_school(school)._asdict(),
            "today": today,
            "widenings": widenings,
        }
    )


@click.command("show")
@school_option
@answers(_show)
def show(school_name: str | None) -> Answer:
    """Show the limits of a school."""
    return _document(find_school(school_name))


def pairs_of(pairs: tuple[str, ...]) -> dict[str, Any]:
    """NAME=FIGURE, as typed: a number, `off`, or for vanished `on` and `off`."""
    told: dict[str, Any] = {}
    for pair in pairs:
        name, _sign, text = pair.partition("=")
        try:
            if name == "vanished":
                told[name] = {"on": True, "off": False}[text]
            elif name.endswith("_count"):
                told[name] = int(text)
            else:
                told[name] = None if text == "off" else float(text)
        except (ValueError, KeyError):
            raise Refusal(
                Exit.USAGE,
                "limit_unreadable",
                f"{pair!r} can't be read.",
                "Write leavers_percent=10 or emails_percent=off.",
            ) from None
    return told


def limit_refused(error: Any) -> Refusal:
    return Refusal(Exit.REFUSED, f"{error.field}_refused", error.what, "See rollbook limits show.")


@click.command("set")
@click.argument("figures", nargs=-1, required=True, metavar="NAME=FIGURE...")
@school_option
@click.option("--switch-off", is_flag=True, help="Confirm that a guard is switched off.")
@answers(_show)
def set_limits(figures: tuple[str, ...], school_name: str | None, switch_off: bool) -> Answer:
    """Set limits of a school. Switching one off (FIGURE off) has to be confirmed with --switch-off.

    \b
    Names: leavers_percent leavers_count emails_percent emails_count overlap_percent vanished
    Example:
      rollbook limits set leavers_percent=8 emails_count=20
    """
    school = find_school(school_name)
    try:
        limit_settings.save(school, None, pairs_of(figures), confirmed=switch_off, via=VIA)
    except SettingRefused as refused:
        raise limit_refused(refused) from refused
    return _document(school)


@click.command("widen")
@click.argument("figures", nargs=-1, required=True, metavar="NAME=FIGURE...")
@click.option("--from", "first", type=DAY, required=True, help="The first day, such as 2027-07-01.")
@click.option("--to", "last", type=DAY, required=True, help="The last day, included.")
@school_option
@answers(_show)
def widen(
    figures: tuple[str, ...], first: datetime, last: datetime, school_name: str | None
) -> Answer:
    """Use other limits for some days.

    \b
    Example:
      rollbook limits widen leavers_percent=30 vanished=off --from 2027-07-01 --to 2027-08-20
    """
    school = find_school(school_name)
    try:
        limit_settings.widen(school, None, first.date(), last.date(), pairs_of(figures), via=VIA)
    except SettingRefused as refused:
        raise limit_refused(refused) from refused
    return _document(school)


@click.command("end")
@click.argument("number", type=int)
@school_option
@answers(_show)
def end(number: int, school_name: str | None) -> Answer:
    """Remove the other limits of some days."""
    school = find_school(school_name)
    if not limit_settings.end_widening(school, None, number, via=VIA):
        not_found(
            "widening_not_found",
            f"There is no widening {number}.",
            "rollbook limits show lists them.",
        )
    return _document(school)
