"""`rollbook merge`: two accounts of one person become one, and back."""

import click

from rollbook.cli.answers import Answer, Document, Refusal, answers
from rollbook.cli.documents import of_student
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import school_option
from rollbook.cli.people import VIA
from rollbook.cli.rules import find_student
from rollbook.students import merging
from rollbook.students.single_rules import Refused


def _show(document: Document) -> None:
    kept = document["student"]
    if document["stays"]:
        click.echo(f"Stayed, because they were changed since: {', '.join(document['stays'])}")
    click.echo(f"{kept['first_name']} {kept['last_name']}, {kept['email']} ({kept['id']})")


@click.command()
@click.argument("kept", metavar="KEPT")
@click.argument("other", metavar="OTHER")
@school_option
@click.option(
    "--take",
    "taken",
    multiple=True,
    metavar="FIELD",
    help="A field whose value is the other's; repeat it for more.",
)
@click.option("--undo", is_flag=True, help="Take the merge of OTHER into KEPT back.")
@answers(_show)
def merge(
    kept: str, other: str, school_name: str | None, taken: tuple[str, ...], undo: bool
) -> Answer:
    """Merge two accounts of one student. OTHER is closed and points to KEPT; --undo takes it back.

    \b
    Example:
      rollbook merge 2112 ana.garcia@lincoln.example --take email
    """
    here, there = find_student(school_name, kept), find_student(school_name, other)
    unknown = [field for field in taken if field not in merging.FIELDS]
    if unknown:
        raise Refusal(
            Exit.USAGE,
            "field_unknown",
            f"There is no field {unknown[0]!r}.",
            f"Known are: {', '.join(merging.FIELDS)}.",
        )
    try:
        stays = merging.take_back(there, None, via=VIA) if undo else []
        if not undo:
            merging.merge(here, there, None, taken, via=VIA)
    except Refused as refused:
        raise Refusal(Exit.REFUSED, "merge_refused", str(refused), "") from refused
    here.refresh_from_db()
    return Answer({"student": of_student(here), "other": str(there.pk), "stays": stays})
