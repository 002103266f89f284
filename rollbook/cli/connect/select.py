"""`rollbook integration select`: which schools and grades of the SIS are pulled in."""

from typing import NamedTuple

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_integration, find_school
from rollbook.cli.options import grouped, school_option, source_option
from rollbook.cli.output import Document, Output, Refusal, not_found, prints, table
from rollbook.sources.discovery import SchoolInSis
from rollbook.sync.models import Integration
from rollbook.sync.setup import connection_tests, integrations, roster_choice
from rollbook.sync.setup.roster_choice import GradeOption, RosterChoice


class Changes(NamedTuple):
    """What to change: names of grades, and keys of schools."""

    grades: tuple[str, ...]
    without_grades: tuple[str, ...]
    schools: tuple[str, ...]


def _show(document: Document) -> None:
    selection = document["selection"]
    rows = [
        ("yes" if each["chosen"] else "no", each["name"], f"{each['students']:,}")
        for each in selection["grades"]
    ]
    table(("Pulled in", "Grade", "Students"), rows, "No grades.")
    schools = [
        ("yes" if each["chosen"] else "no", each["key"], each["name"])
        for each in selection["schools"]
    ]
    if schools:
        table(("Pulled in", "School", "Name"), schools, "")


@click.command("select")
@school_option
@source_option
@grouped(
    "changes",
    Changes,
    click.option("--grade", "grades", multiple=True, metavar="NAME", help="Pull this grade in."),
    click.option(
        "--without-grade",
        "without_grades",
        multiple=True,
        metavar="NAME",
        help="Don't pull this grade in.",
    ),
    click.option(
        "--sis-school",
        "schools",
        multiple=True,
        metavar="KEY",
        help="Pull in only the students of this school of the SIS, and of others named so.",
    ),
)
@prints(_show)
def select(school_name: str | None, source: str | None, changes: Changes) -> Output:
    """Show or choose the grades and schools of a SIS. They have the SIS's own names.

    They are those that the last `rollbook integration check` or connection test has read.

    \b
    Examples:
      rollbook integration select --sis-school 300
      rollbook integration select --grade "Year 13" --without-grade Nursery
    """
    integration = find_integration(find_school(school_name), source)
    test = connection_tests.latest(integration.school, integration.source, integration.variant)
    if test is None or not test.grades:
        raise Refusal(
            Exit.REFUSED,
            "sis_not_asked",
            "The SIS was not asked for its grades in the last 24 hours. Nothing was saved.",
            "Run `rollbook integration check` first.",
        )
    grades = roster_choice.offered_grades(integration, connection_tests.grades_of(test))
    schools = connection_tests.schools_of(test)
    if any(changes):
        choice = RosterChoice(
            _decided(grades, changes), _chosen(integration, schools, changes.schools)
        )
        integrations.save_roster(
            integration, None, choice, several_schools=len(schools) > 1, via=VIA
        )
        grades = choice.grades
    return Output({"selection": _document(integration, grades, schools)})


def _decided(options: list[GradeOption], changes: Changes) -> list[GradeOption]:
    names = {each.name for each in options}
    for name in (*changes.grades, *changes.without_grades):
        if name not in names:
            not_found(
                "grade_not_found",
                f"The SIS has no grade {name!r}. Nothing was saved.",
                f"It has: {', '.join(names)}.",
            )
    chosen = {each.name for each in options if each.chosen} | set(changes.grades)
    return roster_choice.decided(options, chosen - set(changes.without_grades), {})


def _chosen(
    integration: Integration, schools: list[SchoolInSis], keys: tuple[str, ...]
) -> list[SchoolInSis]:
    known = {each.key: each for each in schools}
    if not keys:
        keys = tuple(each["key"] for each in integration.schools)
        return [known[key] for key in keys if key in known]
    for key in keys:
        if key not in known:
            not_found(
                "sis_school_not_found",
                f"The SIS has no school {key!r}. Nothing was saved.",
                f"It has: {', '.join(known)}.",
            )
    return [known[key] for key in keys]


def _document(
    integration: Integration, grades: list[GradeOption], schools: list[SchoolInSis]
) -> Document:
    chosen = {each["key"] for each in integration.schools}
    return {
        "source": integration.source,
        "grades": [each.stored() for each in grades],
        "schools": [
            {"key": each.key, "name": each.name, "chosen": each.key in chosen} for each in schools
        ],
    }
