"""`rollbook changes`: the rows of a run's plan, each with its reason."""

from typing import NamedTuple

import click

from rollbook.cli import audit_log
from rollbook.cli.documents import of_run
from rollbook.cli.lookup import find_run
from rollbook.cli.options import grouped, limit_option, offset_option, school_option
from rollbook.cli.output import Document, Output, prints, say, say_rest, table
from rollbook.cli.row_documents import of_change, of_class_move
from rollbook.sync.report.change_rows import plan_rows
from rollbook.sync.report.class_moves import class_moves

KINDS = (
    "new",
    "linked",
    "updated",
    "email_changed",
    "unchanged",
    "returning",
    "left",
    "graduated",
    "email_freed",
    "outside_selection",
    "not_in_roster",
    "protected",
    "never_imported",
)


class RowFilter(NamedTuple):
    """Which rows of a plan are listed."""

    kind: str | None
    student_class: str | None
    search: str


class Page(NamedTuple):
    """Which part of the rows is printed."""

    limit: int
    offset: int


def _show(document: Document) -> None:
    for move in document["class_moves"]:
        say(move["words"])
    rows = []
    for change in document["changes"]:
        student = (change["kind"], change["sis_id"], change["name"])
        rows.append((*student, _differences(change), change["why"]))
    table(("Kind", "SIS ID", "Student", "Before → after", "Why"), rows, "No changes.")
    say_rest(document["total"], len(rows), "--limit and --offset")


def _differences(change: Document) -> str:
    before = change["before"]
    differences = [
        f"{field}: {before.get(field) or '–'} → {value or '–'}"
        for field, value in change["after"].items()
    ]
    return "; ".join(differences)


@click.command()
@click.argument("run_name", metavar="[RUN]", default="last")
@school_option
@grouped(
    "row_filter",
    RowFilter,
    click.option(
        "--kind",
        type=click.Choice(KINDS),
        default=None,
        help="Only changes of this kind. email_changed finds them in all kinds.",
    ),
    click.option(
        "--class",
        "student_class",
        default=None,
        metavar="CLASS",
        help='Only students of one class: "grade 12" or "year 2028".',
    ),
    click.option("--search", default="", metavar="TEXT", help="Part of a name, SIS ID or e-mail."),
)
@grouped("page", Page, limit_option(1_000), offset_option)
@prints(_show)
def changes(run_name: str, school_name: str | None, row_filter: RowFilter, page: Page) -> Output:
    """List what a run changed or would change. Without RUN: the last run.

    Each student has the values before and after, and the reason.

    \b
    Examples:
      rollbook changes last --kind updated --json
      rollbook changes last --kind not_in_roster --class "grade 12"
    """
    run = find_run(run_name, school_name)
    rows = plan_rows(run, row_filter.search, row_filter.kind, row_filter.student_class)
    listed = [of_change(row, run) for row in rows[page.offset : page.offset + page.limit]]
    audit_log.record("changes.listed", run.school, str(run.pk), shown=len(listed))
    document = {"run": of_run(run), "total": rows.count(), "changes": listed}
    return Output(document | {"class_moves": [of_class_move(move) for move in class_moves(run)]})
