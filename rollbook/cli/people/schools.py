"""`rollbook school`: adds, lists, changes and deletes schools."""

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.documents import moment, of_school
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_school
from rollbook.cli.output import Document, Output, Refusal, prints, say, table
from rollbook.schools.models import School
from rollbook.sync import deleting
from rollbook.sync.models import Schedule
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import school as school_setup


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
    school = _added(school_setup.SchoolSettings(name, timezone))
    return Output({"school": of_school(school)})


def _added(settings: school_setup.SchoolSettings) -> School:
    """Return a new school. Raises a Refusal with the codes of this command."""
    try:
        return school_setup.add(settings, None, VIA)
    except school_setup.NameTaken as taken:
        remedy = "Choose another name: commands find a school by its name."
        raise Refusal(Exit.REFUSED, "school_exists", taken.what, remedy) from taken
    except SettingRefused as refused:
        code = {"name": "name_missing", "timezone": "timezone_unknown"}[refused.field]
        remedy = "No school was added."
        if refused.field == "timezone":
            remedy = f"{remedy} A time zone is an IANA name, such as America/New_York."
        raise Refusal(Exit.USAGE, code, refused.what, remedy) from refused


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


def _show_saved(document: Document) -> None:
    school = document["school"]
    click.echo(f"Saved: {school['name']}, {school['timezone']}.")
    for run in document["next_runs"]:
        click.echo(f"Next run of {run['source']}: {run['at']}")


@click.command("set")
@click.argument("school_name", metavar="SCHOOL")
@click.option("--name", default=None, help="The new name.")
@click.option("--timezone", default=None, help="The new IANA time zone.")
@click.option(
    "--move-schedules/--keep-schedules",
    default=True,
    show_default=True,
    help="Whether schedules in the school's old time zone get the new one.",
)
@prints(_show_saved)
def set_school(
    school_name: str, name: str | None, timezone: str | None, move_schedules: bool
) -> Output:
    """Rename a school, or change its time zone.

    \b
    Example:
      rollbook school set "Lincoln High School" --timezone America/Chicago
    """
    school = find_school(school_name)
    settings = school_setup.SchoolSettings(
        name=school.name if name is None else name,
        timezone=school.timezone if timezone is None else timezone,
        move_schedules=move_schedules,
    )
    school_setup.save(school, None, settings, VIA)
    due = Schedule.objects.filter(school=school, next_due_at__isnull=False)
    runs = [
        {"source": each.integration.source, "at": moment(each.next_due_at)}
        for each in due.select_related("integration").order_by("next_due_at")
    ]
    return Output({"school": of_school(school), "next_runs": runs})


def _show_deletion(document: Document) -> None:
    click.echo(f"{document['school']['name']} is closed. A worker deletes its rows.")
    say("`rollbook audit` shows when all of them are gone.")


@click.command("delete")
@click.argument("school_name", metavar="SCHOOL")
@click.option("--confirm", "typed", default="", metavar="NAME", help="The name of the school.")
@click.option("--yes", is_flag=True, help="Delete it now. Without this, only say what would go.")
@prints(_show_deletion)
def delete_school(school_name: str, typed: str, yes: bool) -> Output:
    """Delete a school with all that belongs to it, for good.

    That are students, runs, reports, schedules, credentials and the access of its people.

    \b
    Example:
      rollbook students export -o students.xlsx --school Lincoln
      rollbook school delete Lincoln --confirm Lincoln --yes
    """
    school = find_school(school_name)
    contents = deleting.contents_of(school)
    if not typed or not yes:
        what = (
            f"This would delete {school.name}: {contents.students:,} students, "
            f"{contents.runs:,} runs, {contents.integrations} connected SISs and the access of "
            f"{contents.people} people. Nothing was deleted."
        )
        remedy = f'To delete it for good, add --confirm "{school.name}" --yes.'
        raise Refusal(Exit.REFUSED, "deletion_unconfirmed", what, remedy)
    deleting.request(school, None, typed, VIA)
    return Output({"school": of_school(school), "deleted": contents._asdict()})
