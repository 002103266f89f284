"""`rollbook school`: adds and lists schools."""

from zoneinfo import available_timezones

import click
from django.db import transaction

from rollbook.cli import audit_log
from rollbook.cli.documents import of_school
from rollbook.cli.exit_codes import Exit
from rollbook.cli.output import Document, Output, Refusal, prints, say, table
from rollbook.schools.models import School


def _show(document: Document) -> None:
    click.echo(f"Added {document['school']['name']} ({document['school']['id']}).")
    say("Next: rollbook user add ada@lincoln.example --role administrator")


@click.command("add")
@click.argument("name")
@click.option(
    "--timezone",
    default="Asia/Singapore",
    show_default=True,
    help="The IANA time zone of the school, such as America/New_York.",
)
@prints(_show)
def add_school(name: str, timezone: str) -> Output:
    """Add a school.

    \b
    Example:
      rollbook school add "Lincoln High School" --timezone America/New_York
    """
    name = name.strip()
    if not name:
        raise Refusal(
            Exit.USAGE, "name_missing", "The name is empty. No school was added.", "Give a name."
        )
    if timezone not in available_timezones():
        raise Refusal(
            Exit.USAGE,
            "timezone_unknown",
            f"{timezone!r} is not a time zone. No school was added.",
            "Give an IANA name, such as America/New_York.",
        )
    if School.objects.filter(name__iexact=name).exists():
        raise Refusal(
            Exit.REFUSED,
            "school_exists",
            f"There is a school {name!r} already. Nothing was added.",
            "Choose another name: commands find a school by its name.",
        )
    with transaction.atomic():
        school = School.objects.create(name=name, timezone=timezone)
        audit_log.record("school.added", school, str(school.pk))
    return Output({"school": of_school(school)})


def _show_list(document: Document) -> None:
    rows = [(school["name"], school["timezone"], school["id"]) for school in document["schools"]]
    empty = 'No school yet. Add one: rollbook school add "Lincoln High School"'
    table(("School", "Time zone", "Id"), rows, empty)


@click.command("list")
@prints(_show_list)
def list_schools() -> Output:
    """List the schools of this installation."""
    schools = School.objects.order_by("name")
    return Output({"schools": [of_school(school) for school in schools]})
