"""`rollbook audit`: who did what."""

from typing import Any

import click

from rollbook.cli.commands import AUDIT_COMMANDS
from rollbook.cli.documents import of_entry
from rollbook.cli.lazy import LazyGroup
from rollbook.cli.lookup import find_school
from rollbook.cli.options import newest_option, school_option
from rollbook.cli.output import Document, Output, json_option, prints, table
from rollbook.schools.models import AuditEntry


def _show_entries(document: Document) -> None:
    rows = []
    for entry in document["entries"]:
        detail = ", ".join(f"{name}={value}" for name, value in entry["detail"].items())
        by = entry["actor"] or entry["via"]
        rows.append((entry["at"], by, entry["action"], entry["subject"], detail))
    table(("At (UTC)", "By", "Action", "Subject", "Detail"), rows, "The audit log is empty.")


@prints(_show_entries)
def _listed(school_name: str | None, action: str | None, limit: int) -> Output:
    entries = AuditEntry.objects.select_related("actor").order_by("-at", "-id")
    if school_name is not None:
        entries = entries.filter(school=find_school(school_name))
    if action:
        entries = entries.filter(action=action)
    return Output({"entries": [of_entry(entry) for entry in entries[:limit]]})


@click.group(cls=LazyGroup, lazy=AUDIT_COMMANDS, invoke_without_command=True)
@school_option
@click.option(
    "--action", default=None, metavar="NAME", help="Only this action, such as run.requested."
)
@newest_option(50, most=1_000_000)
@json_option
@click.pass_context
def audit(context: click.Context, /, **options: Any) -> None:
    """List who did what, newest first. Entries can't be changed, and are kept 18 months.

    \b
    Examples:
      rollbook audit --action run.requested
      rollbook audit verify
    """
    if context.invoked_subcommand is None:
        _listed(**options)
