"""`rollbook school purge-leavers`: when students who left or graduated are erased."""

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_school
from rollbook.cli.options import school_option
from rollbook.cli.output import Document, Output, Refusal, prints
from rollbook.sync import erasing


def _show(document: Document) -> None:
    days = document["purge_leavers_after"]
    if days is None:
        click.echo("Students who left are never erased by themselves.")
    else:
        click.echo(f"Students are erased {days} days after they have left or graduated.")
        click.echo(f"{document['due']:,} of them are erased next.")


@click.command("purge-leavers")
@school_option
@click.option(
    "--after", type=int, default=None, metavar="DAYS", help="Erase them after this many days."
)
@click.option("--never", is_flag=True, help="Never erase them.")
@prints(_show)
def purge_leavers(school_name: str | None, after: int | None, never: bool) -> Output:
    """Show or set when students who left are erased.

    A worker erases them with their rows in all reports. Protected accounts stay. Without an option
    the rule is shown.

    \b
    Example:
      rollbook school purge-leavers --after 400
    """
    if never and after is not None:
        text = "Both --after and --never were given. Nothing was saved."
        raise Refusal(Exit.USAGE, "option_conflict", text, "Give one of them.")
    school = find_school(school_name)
    if never or after is not None:
        erasing.save_rule(school, None, after, via=VIA)
    number = erasing.due(school).count()
    return Output({"purge_leavers_after": school.purge_leavers_after, "due": number})
