"""`rollbook limits`: the safety limits that put a run on hold, and other limits for some days."""

from datetime import datetime
from typing import Any

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_school
from rollbook.cli.options import day_option, school_option
from rollbook.cli.output import Document, Output, Refusal, not_found, prints, table
from rollbook.schools.models import School
from rollbook.sync.models import LimitWidening
from rollbook.sync.setup import limits

figures_argument = click.argument("figures", nargs=-1, required=True, metavar="NAME=FIGURE...")


def parse_figures(pairs: tuple[str, ...]) -> dict[str, Any]:
    """Return limits by name from NAME=FIGURE: a number, `off`, or for vanished `on` or `off`."""
    figures: dict[str, Any] = {}
    for pair in pairs:
        name, _, text = pair.partition("=")
        try:
            figures[name] = _figure(name, text)
        except (ValueError, KeyError):
            raise Refusal(
                Exit.USAGE,
                "limit_unreadable",
                f"{pair!r} is not a limit. Nothing was saved.",
                "Write it like leavers_percent=10 or emails_percent=off.",
            ) from None
    return figures


def _figure(name: str, text: str) -> float | None:
    if name == "vanished":
        return {"on": True, "off": False}[text]
    if name.endswith("_count"):
        return int(text)
    return None if text == "off" else float(text)


def _show(document: Document) -> None:
    rows = [(name, _figure_text(value)) for name, value in document["limits"].items()]
    table(("Limit", "Figure"), rows)
    for days in document["widenings"]:
        figures = [f"{name} {_figure_text(value)}" for name, value in days["figures"].items()]
        period = f"{days['first_day']} to {days['last_day']}"
        click.echo(f"{period}: {', '.join(figures)} (number {days['id']})")


def _figure_text(value: Any) -> str:
    return "off" if value is None else str(value)


def _output(school: School) -> Output:
    widenings = [
        {
            "id": widening.pk,
            "first_day": str(widening.first_day),
            "last_day": str(widening.last_day),
            "figures": widening.figures,
        }
        for widening in LimitWidening.objects.filter(school=school).order_by("first_day")
    ]
    document = {
        "limits": limits.of_school(school)._asdict(),
        "today": limits.today(school)._asdict(),
        "widenings": widenings,
    }
    return Output(document)


@click.command("show")
@school_option
@prints(_show)
def show(school_name: str | None) -> Output:
    """Show the limits of a school. Days with other limits are listed below them."""
    return _output(find_school(school_name))


@click.command("set")
@figures_argument
@school_option
@click.option("--switch-off", is_flag=True, help="Confirm that a limit is switched off.")
@prints(_show)
def set_limits(figures: tuple[str, ...], school_name: str | None, switch_off: bool) -> Output:
    """Set limits of a school. To switch one off, write NAME=off and add --switch-off.

    \b
    Names: leavers_percent leavers_count new_percent new_count emails_percent emails_count
    names_percent names_count years_percent years_count blanks_percent blanks_count
    errors_percent errors_count overlap_percent vanished
    Example:
      rollbook limits set leavers_percent=8 emails_count=20
    """
    school = find_school(school_name)
    limits.save(school, None, parse_figures(figures), confirmed=switch_off, via=VIA)
    return _output(school)


@click.command("widen")
@figures_argument
@day_option("--from", "first", "The first day.", required=True)
@day_option("--to", "last", "The last day, included.", required=True)
@school_option
@prints(_show)
def widen(
    figures: tuple[str, ...], first: datetime, last: datetime, school_name: str | None
) -> Output:
    """Use other limits for some days. Useful at the start of a school year.

    \b
    Example:
      rollbook limits widen leavers_percent=30 vanished=off --from 2027-07-01 --to 2027-08-20
    """
    school = find_school(school_name)
    limits.widen(school, None, first.date(), last.date(), parse_figures(figures), via=VIA)
    return _output(school)


@click.command("end")
@click.argument("number", type=int)
@school_option
@prints(_show)
def end(number: int, school_name: str | None) -> Output:
    """Remove the other limits of some days. `rollbook limits show` lists their numbers."""
    school = find_school(school_name)
    if not limits.end_widening(school, None, number, via=VIA):
        not_found(
            "widening_not_found",
            f"There are no limits with number {number}. Nothing was changed.",
            "`rollbook limits show` lists the numbers.",
        )
    return _output(school)
