"""`rollbook why`: why a student has no account."""

import click

from rollbook.cli import audit_log
from rollbook.cli.lookup import find_school
from rollbook.cli.options import school_option
from rollbook.cli.output import Document, Output, prints
from rollbook.sync.report import why_missing


def _show(document: Document) -> None:
    for reason in document["answers"]:
        click.echo(f"{reason['what']}\n  {reason['remedy']}")


@click.command()
@click.argument("text", metavar="TEXT")
@school_option
@prints(_show)
def why(text: str, school_name: str | None) -> Output:
    """Explain why a student has no account. TEXT is a name, e-mail or SIS ID.

    The reasons come from the accounts, problems and last runs. The SIS is not asked.

    \b
    Example:
      rollbook why "Ada Lovelace"
    """
    school = find_school(school_name)
    reasons = why_missing.why(school, text)
    audit_log.record("students.asked_why", school, results=len(reasons))
    return Output({"answers": [_of_reason(reason) for reason in reasons]})


def _of_reason(reason: why_missing.Finding) -> Document:
    return {
        "code": reason.code,
        "about": reason.about or None,
        "what": reason.what,
        "remedy": reason.remedy,
        "student": str(reason.account) if reason.account else None,
        "run": str(reason.run) if reason.run else None,
    }
