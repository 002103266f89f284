"""`rollbook work-list`: the problems of all runs, and the file for the registrar."""

from pathlib import Path

import click
from django.db.models import QuerySet

from rollbook.cli import audit_log
from rollbook.cli.exit_codes import Exit
from rollbook.cli.files import check_folder, written, written_text
from rollbook.cli.lookup import find_school
from rollbook.cli.options import grouped, limit_option, school_option, severity_option
from rollbook.cli.output import Document, Output, Refusal, prints, say_rest, table
from rollbook.cli.row_documents import of_problem
from rollbook.schools.models import School
from rollbook.sync.models import Problem
from rollbook.sync.report.registrar_file import registrar_problems, write_csv, write_xlsx
from rollbook.sync.report.work_list import ProblemQuery, filtered_problems, listed_problems


def _show(document: Document) -> None:
    if document["file"]:
        click.echo(f"Wrote {document['total']:,} corrections to {document['file']}.")
        return
    rows = []
    for problem in document["problems"]:
        student = (problem["severity"], problem["sis_id"], problem["name"])
        field = problem["source_field"] or problem["field"]
        rows.append((*student, field, problem["what"], problem["first_seen_at"]))
    columns = ("Severity", "SIS ID", "Student", "Field", "Problem", "Since (UTC)")
    table(columns, rows, "No problems.")
    say_rest(document["total"], len(rows))


@click.command()
@school_option
@grouped(
    "query",
    ProblemQuery,
    click.option("--search", default="", metavar="TEXT", help="Part of a name, SIS ID or value."),
    click.option(
        "--state",
        type=click.Choice(["open", "new", "fixed"]),
        default="open",
        help="new: since the last run. fixed: within the last 30 days.",
    ),
    severity_option,
    click.option(
        "--who",
        type=click.Choice(["registrar", "administrator", "us"]),
        default=None,
        help="Only problems for this person to fix.",
    ),
)
@limit_option(1_000)
@click.option(
    "--registrar-file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Write the corrections for the registrar to this .xlsx or .csv file.",
)
@prints(_show)
def work_list(
    school_name: str | None, query: ProblemQuery, limit: int, registrar_file: Path | None
) -> Output:
    """List the open problems of all runs. A problem is open until a run no longer finds it.

    \b
    Examples:
      rollbook work-list --state new --who registrar
      rollbook work-list --registrar-file corrections.xlsx
    """
    school = find_school(school_name)
    query = ProblemQuery(query.search.strip(), query.state, query.severity or "", query.who or "")
    if registrar_file is not None:
        return _write_registrar_file(school, query, registrar_file)
    problems = filtered_problems(school, query)
    listed = [of_problem(problem) for problem in listed_problems(problems[:limit])]
    audit_log.record("problems.listed", school, shown=len(listed), searched=bool(query.search))
    return Output({"total": problems.count(), "problems": listed, "file": None})


def _write_registrar_file(school: School, query: ProblemQuery, file: Path) -> Output:
    problems = registrar_problems(school, query)
    _write(problems, file)
    total = problems.count()
    audit_log.record("problems.exported", school, problems=total, kind=file.suffix[1:])
    return Output({"total": total, "problems": [], "file": str(file)})


def _write(problems: QuerySet[Problem], file: Path) -> None:
    check_folder(file)
    if file.suffix == ".csv":
        with written_text(file) as text:
            write_csv(problems, text)
    elif file.suffix == ".xlsx":
        with written(file) as binary:
            write_xlsx(problems, binary)
    else:
        raise Refusal(
            Exit.USAGE,
            "kind_unknown",
            f"{file} is neither .xlsx nor .csv. Nothing was written.",
            "Give a name that ends in .xlsx or .csv.",
        )
