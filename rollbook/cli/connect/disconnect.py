"""`rollbook integration disconnect`: deletes all stored credentials of a school."""

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.documents import of_school
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_school
from rollbook.cli.options import school_option
from rollbook.cli.output import Document, Output, Refusal, prints, say
from rollbook.sync.runs import disconnecting
from rollbook.sync.words.disconnecting import disconnected_words


def _show(document: Document) -> None:
    ended = disconnecting.Disconnected(**document["disconnected"])
    click.echo(disconnected_words(document["school"]["name"], ended))
    say("Delete the credentials in the SIS too, if somebody else may have them.")
    say("To connect again: rollbook integration set SIS --active, with new credentials.")


@click.command("disconnect")
@school_option
@click.option("--all", "everything", is_flag=True, help="Disconnect all SISs of the school.")
@click.option("--confirm", "typed", default="", metavar="NAME", help="The name of the school.")
@prints(_show)
def disconnect(school_name: str | None, everything: bool, typed: str) -> Output:
    """Delete all stored credentials of a school, and switch its SISs off.

    Runs that haven't begun to write are cancelled. Accounts, mapping and schedules stay.

    \b
    Example:
      rollbook integration disconnect --all --school Lincoln --confirm Lincoln
    """
    school = find_school(school_name)
    if not everything or not typed:
        names = [each.source_type.label for each in disconnecting.connected(school)]
        what = (
            f"This would delete the stored credentials of {school.name} "
            f"({', '.join(names) or 'no SIS is connected'}) and cancel its runs. "
            "Nothing was changed."
        )
        remedy = f'To disconnect all SISs, add --all --confirm "{school.name}".'
        raise Refusal(Exit.REFUSED, "disconnection_unconfirmed", what, remedy)
    ended = disconnecting.disconnect_all(school, None, typed, VIA)
    return Output({"school": of_school(school), "disconnected": ended._asdict()})
