"""`rollbook work-list`: the problems across runs, and the file for the registrar."""

from pathlib import Path

import click
from django.db.models import QuerySet

from rollbook.cli.answers import Answer, Document, Refusal, answers, say, table
from rollbook.cli.documents import of_problem
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_school, school_option
from rollbook.cli.people import VIA
from rollbook.schools import audit
from rollbook.sync.models import Problem
from rollbook.sync.report.registrar_file import registrar_problems, write_csv, write_xlsx
from rollbook.sync.report.work_list import ProblemQuery, filtered_problems, listed_problems


def _show(document: Document) -> None:
    if document["file"]:
        click.echo(f"Wrote {document['file']}: {document['total']:,} corrections.")
        return
    rows = [
        (
            each["severity"],
            each["sis_id"],
            each["name"],
            each["source_field"] or each["field"],
            each["what"],
            each["first_seen_at"],
        )
        for each in document["problems"]
    ]
    table(
        ("Severity", "SIS ID", "Student", "Field", "Problem", "Since (UTC)"), rows, "No problems."
    )
    if document["total"] > len(rows):
        say(f"{len(rows):,} of {document['total']:,}. See more with --limit.")


@click.command()
@school_option
@click.option(
    "--state",
    type=click.Choice(["open", "new", "fixed"]),
    default="open",
    help="new: since the last run; fixed: in 30 days.",
)
@click.option(
    "--severity",
    type=click.Choice(["error", "warning", "note"]),
    default=None,
    help="error: the record was skipped.",
)
@click.option(
    "--who",
    type=click.Choice(["registrar", "administrator", "us"]),
    default=None,
    help="Who can mend it.",
)
@click.option("--search", default="", metavar="TEXT", help="Part of a name, SIS ID or value.")
@click.option("--limit", default=1_000, show_default=True, type=click.IntRange(1, 1_000_000))
@click.option(
    "--registrar-file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Write the corrections for the registrar to this .xlsx or .csv file.",
)
@answers(_show)
def work_list(
    school_name: str | None,
    state: str,
    severity: str | None,
    who: str | None,
    search: str,
    limit: int,
    registrar_file: Path | None,
) -> Answer:
    """List the open problems of all runs.

    \b
    Examples:
      rollbook work-list --state new --who registrar
      rollbook work-list --registrar-file corrections.xlsx
    """
    school = find_school(school_name)
    wanted = ProblemQuery(search.strip(), state, severity or "", who or "")
    if registrar_file is not None:
        found = registrar_problems(school, wanted)
        _write(found, registrar_file)
        total = found.count()
        audit.record(
            "problems.exported",
            school=school,
            actor=None,
            via=VIA,
            problems=total,
            kind=registrar_file.suffix[1:],
        )
        return Answer({"total": total, "problems": [], "file": str(registrar_file)})
    found = filtered_problems(school, wanted)
    shown = [of_problem(line) for line in listed_problems(found[:limit])]
    audit.record(
        "problems.listed",
        school=school,
        actor=None,
        via=VIA,
        shown=len(shown),
        searched=bool(search),
    )
    return Answer({"total": found.count(), "problems": shown, "file": None})


def _write(found: QuerySet[Problem], target: Path) -> None:
    if not target.parent.is_dir():
        raise Refusal(
            Exit.USAGE,
            "folder_missing",
            f"There is no folder {target.parent}.",
            "Make it, or write somewhere else.",
        )
    if target.suffix == ".csv":
        with target.open("w", newline="", encoding="utf-8") as text:
            write_csv(found, text)
    elif target.suffix == ".xlsx":
        with target.open("wb") as file:
            write_xlsx(found, file)
    else:
        raise Refusal(
            Exit.USAGE,
            "kind_unknown",
            f"{target} is neither .xlsx nor .csv.",
            "End the name in .xlsx or .csv.",
        )
