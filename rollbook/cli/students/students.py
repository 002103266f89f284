"""`rollbook students`: lists, searches and exports the students of a school."""

from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import click
from django.db.models import QuerySet

from rollbook.cli import audit_log
from rollbook.cli.commands import STUDENTS_COMMANDS
from rollbook.cli.documents import of_student
from rollbook.cli.exit_codes import Exit
from rollbook.cli.files import check_folder, output_option, written, written_text
from rollbook.cli.lazy import LazyGroup
from rollbook.cli.lookup import find_school
from rollbook.cli.options import grouped, limit_option, offset_option, school_option
from rollbook.cli.output import Document, Output, Refusal, json_option, prints, say_rest, table
from rollbook.schools.models import School
from rollbook.students import listing
from rollbook.students.models import StudentAccount
from rollbook.sync.report import student_list
from rollbook.sync.report.work_list import has_open_problem

STATUSES = ("active", "deactivated", "left", "graduated", "merged")


class StudentFilter(NamedTuple):
    """Which students a command is about."""

    search: str
    status: str | None
    graduation_year: int | None
    open_problem: bool

    def students(self, school: School) -> QuerySet[StudentAccount]:
        """Return the students of the school that match, by last name."""
        conditions = listing.StudentQuery(
            search=self.search, year=self.graduation_year, status=self.status or ""
        )
        students = listing.students(school, conditions)
        if self.open_problem:
            students = students.filter(has_open_problem())
        return listing.ordered(students, "name")


filter_options = grouped(
    "student_filter",
    StudentFilter,
    click.option(
        "--search",
        default="",
        metavar="TEXT",
        help="Part of a name or e-mail, a student number or SIS ID. Accents are ignored.",
    ),
    click.option(
        "--status",
        type=click.Choice(STATUSES),
        default=None,
        help="Only students with this status.",
    ),
    click.option(
        "--graduation-year",
        type=int,
        default=None,
        metavar="YEAR",
        help="Only students who graduate in this year.",
    ),
    click.option(
        "--open-problem", is_flag=True, help="Only students with an open error or warning."
    ),
)


def _show(document: Document) -> None:
    keys = ("last_name", "first_name", "email", "graduation_year", "status", "sis_id")
    rows = [[student[key] for key in keys] for student in document["students"]]
    columns = ("Last name", "First name", "E-mail", "Graduates", "Status", "SIS ID")
    table(columns, rows, "No students.")
    say_rest(document["total"], len(rows), "--limit and --offset")


@click.group(cls=LazyGroup, lazy=STUDENTS_COMMANDS, invoke_without_command=True)
@school_option
@filter_options
@limit_option(100)
@offset_option
@json_option
@click.pass_context
def students(context: click.Context, /, **options: Any) -> None:
    """List or search the students of a school. The audit log notes it.

    \b
    Examples:
      rollbook students --search garcia
      rollbook students --graduation-year 2028 --limit 1000 --json
      rollbook students export -o students.csv --status active
    """
    if context.invoked_subcommand is None:
        _list(**options)


@prints(_show)
def _list(
    school_name: str | None, student_filter: StudentFilter, limit: int, offset: int
) -> Output:
    school = find_school(school_name)
    matching = student_filter.students(school)
    total = matching.count()
    listed = [of_student(account) for account in matching[offset : offset + limit]]
    ids = [UUID(student["id"]) for student in listed]
    audit_log.record_shown(
        "students.listed", school, ids, shown=len(listed), searched=bool(student_filter.search)
    )
    return Output({"total": total, "students": listed})


def _show_exported(document: Document) -> None:
    click.echo(f"Wrote {document['students']:,} students to {document['file']}.")


@students.command("export")
@school_option
@filter_options
@output_option("The file to write: .csv or .xlsx.")
@prints(_show_exported)
def export(school_name: str | None, student_filter: StudentFilter, output: Path) -> Output:
    """Write students to a .csv or .xlsx file. The audit log notes it.

    \b
    Example:
      rollbook students export -o class-of-2028.xlsx --graduation-year 2028
    """
    kind = output.suffix.lower().removeprefix(".")
    if kind not in {"csv", "xlsx"}:
        raise Refusal(
            Exit.USAGE,
            "format_unknown",
            f"{output.name} is neither .csv nor .xlsx. Nothing was written.",
            "Give a name that ends in .csv or .xlsx.",
        )
    check_folder(output)
    school = find_school(school_name)
    matching = student_filter.students(school)
    total = matching.count()
    if kind == "xlsx":
        with written(output) as file:
            student_list.write_xlsx(matching, file)
    else:
        with written_text(output) as lines:
            lines.writelines(student_list.csv_lines(matching))
    ids = matching.values_list("pk", flat=True)
    audit_log.record_shown("students.exported", school, ids, students=total, kind=kind)
    return Output({"students": total, "file": str(output)})
