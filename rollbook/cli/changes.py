"""`rollbook changes`: the rows of a run's plan, each with its reason."""

import click

from rollbook.cli.answers import Answer, Document, answers, say, table
from rollbook.cli.documents import of_change, of_run
from rollbook.cli.lookup import find_run, school_option
from rollbook.cli.people import VIA
from rollbook.schools import audit
from rollbook.sync.report.change_rows import plan_rows

KINDS = (
    *("new", "linked", "updated", "email_changed", "unchanged", "returning", "left", "graduated"),
    *("outside_selection", "not_in_roster", "protected", "never_imported"),
)


def _show(document: Document) -> None:
    rows = [
        (each["kind"], each["sis_id"], each["name"], _differs(each), each["why"])
        for each in document["changes"]
    ]
    table(("Kind", "SIS ID", "Student", "Was → becomes", "Why"), rows, "No rows.")
    if document["total"] > len(rows):
        say(f"{len(rows):,} of {document['total']:,}. See more with --limit and --offset.")


def _differs(change: Document) -> str:
    return "; ".join(
        f"{key}: {change['before'].get(key) or '–'} → {value or '–'}"
        for key, value in change["after"].items()
    )


@click.command()
@click.argument("name", metavar="[RUN]", default="last")
@school_option
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default=None,
    help="Only rows of this kind; email_changed: of any.",
)
@click.option(
    "--class",
    "student_class",
    default=None,
    metavar="CLASS",
    help='Only students of a class: "grade 12" or "year 2028".',
)
@click.option("--search", default="", metavar="TEXT", help="Part of a name, SIS ID or e-mail.")
@click.option("--limit", default=1_000, show_default=True, type=click.IntRange(1, 1_000_000))
@click.option("--offset", default=0, show_default=True, type=click.IntRange(0))
@answers(_show)
def changes(
    name: str,
    school_name: str | None,
    kind: str | None,
    student_class: str | None,
    search: str,
    limit: int,
    offset: int,
) -> Answer:
    """List what a run changed or would change. Without RUN: the last one.

    \b
    Examples:
      rollbook changes last --kind updated --json
      rollbook changes last --kind not_in_roster --class "grade 12"
    """
    run = find_run(name, school_name)
    found = plan_rows(run, search, kind, student_class)
    shown = [of_change(each, run) for each in found[offset : offset + limit]]
    audit.record(
        "changes.listed",
        school=run.school,
        actor=None,
        subject=str(run.pk),
        via=VIA,
        shown=len(shown),
    )
    return Answer({"run": of_run(run), "total": found.count(), "changes": shown})
