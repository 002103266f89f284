"""`rollbook merge`: merges two accounts of one student, and takes it back."""

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.documents import of_student
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_student
from rollbook.cli.options import school_option
from rollbook.cli.output import Document, Output, Refusal, prints
from rollbook.students import merging, unmerging
from rollbook.students.refused import Refused


def _show(document: Document) -> None:
    student = document["student"]
    if document["stays"]:
        click.echo(f"Not put back, because changed since: {', '.join(document['stays'])}")
    name = f"{student['first_name']} {student['last_name']}"
    click.echo(f"{name}, {student['email']} ({student['id']})")


@click.command()
@click.argument("kept_name", metavar="KEPT")
@click.argument("other_name", metavar="OTHER")
@school_option
@click.option(
    "--take",
    "taken",
    multiple=True,
    metavar="FIELD",
    help="Take this field's value from OTHER. Can be repeated.",
)
@click.option("--undo", is_flag=True, help="Take back the merge of OTHER into KEPT.")
@prints(_show)
def merge(
    kept_name: str, other_name: str, school_name: str | None, taken: tuple[str, ...], undo: bool
) -> Output:
    """Merge two accounts of one student. OTHER is closed and points to KEPT.

    Both are given as an account id, SIS ID or e-mail.

    \b
    Example:
      rollbook merge 2112 ana.garcia@lincoln.example --take email
    """
    kept_account = find_student(school_name, kept_name)
    other_account = find_student(school_name, other_name)
    for field in taken:
        if field not in merging.FIELDS:
            raise Refusal(
                Exit.USAGE,
                "field_unknown",
                f"There is no field {field!r}. Nothing was merged.",
                f"The fields are: {', '.join(merging.FIELDS)}.",
            )
    not_put_back: list[str] = []
    try:
        if undo:
            not_put_back = unmerging.take_back(other_account, None, via=VIA)
        else:
            merging.merge(kept_account, other_account, None, taken, via=VIA)
    except Refused as refused:
        raise Refusal(
            Exit.REFUSED, "merge_refused", str(refused), "Nothing was changed."
        ) from refused
    kept_account.refresh_from_db()
    document = {
        "student": of_student(kept_account),
        "other": str(other_account.pk),
        "stays": not_put_back,
    }
    return Output(document)
