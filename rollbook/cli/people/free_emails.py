"""`rollbook school free-emails`: when runs free the e-mails of students who left or graduated."""

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_school
from rollbook.cli.options import school_option
from rollbook.cli.output import Document, Output, Refusal, prints
from rollbook.sync.setup.freeing_rule import save_freeing


def _show(document: Document) -> None:
    days = document["free_emails_after"]
    if days is None:
        click.echo("Runs never free the e-mail of a closed account.")
    else:
        click.echo(f"Runs free e-mails {days} days after an account has left or graduated.")


@click.command("free-emails")
@school_option
@click.option(
    "--after", type=int, default=None, metavar="DAYS", help="Free them after this many days."
)
@click.option("--never", is_flag=True, help="Never free them by a run (default).")
@prints(_show)
def free_emails(school_name: str | None, after: int | None, never: bool) -> Output:
    """Show or set when runs free e-mails of closed accounts.

    Such an account has left or graduated. Its e-mail is freed only when another student has it in
    the SIS or in an upload. The account keeps everything else. Without an option the rule is shown.

    \b
    Example:
      rollbook school free-emails --after 90
    """
    if never and after is not None:
        text = "Both --after and --never were given. Nothing was saved."
        raise Refusal(Exit.USAGE, "option_conflict", text, "Give one of them.")
    school = find_school(school_name)
    if never or after is not None:
        save_freeing(school, None, after, via=VIA)
    return Output({"free_emails_after": school.free_emails_after})
