"""`rollbook audit`: who did what."""

import click

from rollbook.cli.documents import of_entry
from rollbook.cli.lookup import find_school
from rollbook.cli.options import newest_option, school_option
from rollbook.cli.output import Document, Output, prints, table
from rollbook.schools.models import AuditEntry


def _show_entries(document: Document) -> None:
    rows = []
    for entry in document["entries"]:
        detail = ", ".join(f"{name}={value}" for name, value in entry["detail"].items())
        by = entry["actor"] or entry["via"]
        rows.append((entry["at"], by, entry["action"], entry["subject"], detail))
    table(("At (UTC)", "By", "Action", "Subject", "Detail"), rows, "The audit log is empty.")


@click.command()
@school_option
@click.option(
    "--action", default=None, metavar="NAME", help="Only this action, such as run.requested."
)
@newest_option(50, most=1_000_000)
@prints(_show_entries)
def audit(school_name: str | None, action: str | None, limit: int) -> Output:
    """List who did what, newest first. Entries are never changed or removed.

    \b
    Example:
      rollbook audit --action run.requested
    """
    entries = AuditEntry.objects.select_related("actor").order_by("-at", "-id")
    if school_name is not None:
        entries = entries.filter(school=find_school(school_name))
    if action:
        entries = entries.filter(action=action)
    return Output({"entries": [of_entry(entry) for entry in entries[:limit]]})
