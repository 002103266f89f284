"""`rollbook problems`: what was wrong in one run."""

import click

from rollbook.cli import audit_log
from rollbook.cli.documents import of_run
from rollbook.cli.lookup import find_run
from rollbook.cli.options import limit_option, school_option, severity_option
from rollbook.cli.output import Document, Output, prints, say_rest, table
from rollbook.cli.row_documents import of_issue
from rollbook.sync.models import Issue


def _show(document: Document) -> None:
    rows = []
    for problem in document["problems"]:
        field = problem["source_field"] or problem["field"]
        student = (problem["severity"], problem["sis_id"], problem["name"])
        rows.append((*student, field, problem["what"], problem["remedy"]))
    table(("Severity", "SIS ID", "Student", "Field", "Problem", "What to do"), rows, "No problems.")
    say_rest(document["total"], len(rows))


@click.command()
@click.argument("run_name", metavar="[RUN]", default="last")
@school_option
@severity_option
@limit_option(1_000)
@prints(_show)
def problems(run_name: str, school_name: str | None, severity: str | None, limit: int) -> Output:
    """List the problems that a run found. Without RUN: the last run.

    Each problem says what is wrong and what to do.

    \b
    Example:
      rollbook problems last --severity error
    """
    run = find_run(run_name, school_name)
    issues = Issue.objects.filter(school_id=run.school_id, run=run).order_by("severity", "id")
    if severity:
        issues = issues.filter(severity=severity)
    listed = [of_issue(issue, run) for issue in issues[:limit]]
    audit_log.record("run.problems_listed", run.school, str(run.pk), shown=len(listed))
    return Output({"run": of_run(run), "total": issues.count(), "problems": listed})
