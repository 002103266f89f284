"""`rollbook students`: lists and exports the students of a school."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click
from django.db.models import QuerySet

from rollbook.cli.answers import Answer, Document, Refusal, answers, json_option, say, table
from rollbook.cli.documents import of_student
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_school, school_option
from rollbook.cli.people import VIA
from rollbook.schools import audit
from rollbook.schools.models import School
from rollbook.students import listing
from rollbook.students.models import StudentAccount
from rollbook.sync.report import student_list
from rollbook.sync.report.work_list import has_open_problem

STATUSES = ("active", "deactivated", "left", "graduated", "merged")


def _show_students(document: Document) -> None:
    rows = [
        (
            each["last_name"],
            each["first_name"],
            each["email"],
            each["graduation_year"],
            each["status"],
            each["sis_id"],
        )
        for each in document["students"]
    ]
    table(
        ("Last name", "First name", "E-mail", "Graduates", "Status", "SIS ID"), rows, "No students."
    )
    if document["total"] > len(rows):
        say(f"{len(rows):,} of {document['total']:,}. See more with --limit and --offset.")


FILTERS: Final = (
    school_option,
    click.option(
        "--search",
        default="",
        metavar="TEXT",
        help="Words of a name or e-mail, a student number or SIS ID; accents don't matter.",
    ),
    click.option("--status", type=click.Choice(STATUSES), default=None),
    click.option("--graduation-year", type=int, default=None, metavar="YEAR"),
    click.option(
        "--open-problem",
        is_flag=True,
        help="Only those about whom the work list has an error or a warning.",
    ),
)


def filtered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Which students a command is about."""
    for option in reversed(FILTERS):
        function = option(function)
    return function


def _found(
    school: School,
    search: str,
    status: str | None,
    graduation_year: int | None,
    open_problem: bool,
) -> QuerySet[StudentAccount]:
    found = listing.students(
        school, listing.Filter(search=search, year=graduation_year, status=status or "")
    )
    return listing.ordered(found.filter(has_open_problem()) if open_problem else found, "name")


@click.group(invoke_without_command=True)
@filtered
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1_000_000))
@click.option("--offset", default=0, show_default=True, type=click.IntRange(0))
@json_option
@click.pass_context
def students(context: click.Context, /, **options: Any) -> None:
    """List or search the students of a school. This is noted in the audit log.

    \b
    Examples:
      rollbook students --search garcia
      rollbook students --graduation-year 2028 --limit 1000 --json
      rollbook students export -o students.csv --status active
    """
    if context.invoked_subcommand is None:
        _list(**options)


@answers(_show_students)
def _list(
    school_name: str | None,
    search: str,
    status: str | None,
    graduation_year: int | None,
    open_problem: bool,
    limit: int,
    offset: int,
) -> Answer:
    school = find_school(school_name)
    found = _found(school, search, status, graduation_year, open_problem)
    total = found.count()
    shown = [of_student(each) for each in found[offset : offset + limit]]
    audit.record(
        "students.listed",
        school=school,
        actor=None,
        via=VIA,
        shown=len(shown),
        searched=bool(search),
    )
    return Answer({"total": total, "students": shown})


def _show_exported(document: Document) -> None:
    click.echo(f"Wrote {document['students']:,} students to {document['file']}.")


@students.command("export")
@filtered
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The file to write: .csv or .xlsx.",
)
@answers(_show_exported)
def export(
    school_name: str | None,
    search: str,
    status: str | None,
    graduation_year: int | None,
    open_problem: bool,
    output: Path,
) -> Answer:
    """Write the students to a file, as csv or, where its name ends in .xlsx, for Excel. This is noted in the audit log.

    \b
    Example:
      rollbook students export -o class-of-2028.xlsx --graduation-year 2028
    """
    kind = output.suffix.lower().removeprefix(".")
    if kind not in {"csv", "xlsx"}:
        raise Refusal(
            Exit.USAGE,
            "format_unknown",
            f"{output.name} ends neither in .csv nor in .xlsx.",
            "Say so with the file's name.",
        )
    if not output.parent.is_dir():
        raise Refusal(
            Exit.USAGE,
            "folder_missing",
            f"There is no folder {output.parent}.",
            "Make it, or write somewhere else.",
        )
    school = find_school(school_name)
    found = _found(school, search, status, graduation_year, open_problem)
    number = found.count()
    if kind == "xlsx":
        with output.open("wb") as file:
            student_list.write_xlsx(found, file)
    else:
        with output.open("w", encoding="utf-8", newline="") as lines:
            lines.writelines(student_list.csv_lines(found))
    audit.record(
        "students.exported", school=school, actor=None, via=VIA, students=number, kind=kind
    )
    return Answer({"students": number, "file": str(output)})
