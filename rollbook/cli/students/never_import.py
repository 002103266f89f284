"""`rollbook never-import`: the students for whom no run makes an account."""

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.documents import moment
from rollbook.cli.lookup import find_school
from rollbook.cli.options import Decorator, school_option
from rollbook.cli.output import Document, Output, not_found, prints, table
from rollbook.cli.students.student_rules import student_refusals
from rollbook.roster.values.parsing import email_key
from rollbook.schools.models import School
from rollbook.students import never_import_list
from rollbook.students.models import NeverImport

sis_id_option: Decorator = click.option("--sis-id", default="", help="The student's SIS ID.")
email_option: Decorator = click.option(
    "--email", default="", help="The student's e-mail in the SIS."
)


def _show(document: Document) -> None:
    keys = ("field", "key", "reason", "at", "id")
    rows = [[entry[key] for key in keys] for entry in document["entries"]]
    table(("By", "SIS ID or e-mail", "Reason", "Since", "Id"), rows, "The list is empty.")


@click.command("list")
@school_option
@prints(_show)
def list_entries(school_name: str | None) -> Output:
    """List the students for whom no run makes an account."""
    return _output(find_school(school_name))


@click.command("add")
@school_option
@sis_id_option
@email_option
@click.option("--reason", default="", help="The reason, shown in the list.")
@prints(_show)
def add_entry(school_name: str | None, sis_id: str, email: str, reason: str) -> Output:
    """Put a student on the list. An existing account stays as it is."""
    school = find_school(school_name)
    with student_refusals():
        never_import_list.add(school, None, sis_id=sis_id, email=email, reason=reason, via=VIA)
    return _output(school)


@click.command("remove")
@school_option
@sis_id_option
@email_option
@prints(_show)
def remove_entry(school_name: str | None, sis_id: str, email: str) -> Output:
    """Take a student off the list. The next run makes the account."""
    school = find_school(school_name)
    keys = {"sis_id": sis_id.strip(), "email": email_key(email.strip())}
    entries = NeverImport.objects.filter(school=school)
    matching = [entry for entry in entries if entry.key == keys[entry.field]]
    if not matching:
        not_found(
            "entry_not_found",
            "The list has no such entry. Nothing was changed.",
            "`rollbook never-import list` shows all entries.",
        )
    for entry in matching:
        never_import_list.remove(entry, None, via=VIA)
    return _output(school)


def _output(school: School) -> Output:
    entries = NeverImport.objects.filter(school=school).order_by("-at")
    return Output({"entries": [_of_entry(entry) for entry in entries]})


def _of_entry(entry: NeverImport) -> Document:
    return {
        "id": str(entry.pk),
        "field": entry.field,
        "key": entry.key,
        "reason": entry.reason,
        "at": moment(entry.at),
    }
