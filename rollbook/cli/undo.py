"""`rollbook undo`: takes a finished run back, or what it did to one student."""

from contextlib import nullcontext
from uuid import UUID

import click

from rollbook.cli.answers import Answer, Document, Refusal, answers
from rollbook.cli.documents import of_run
from rollbook.cli.exit_codes import EXIT_CODES, Exit
from rollbook.cli.lookup import find_run, school_option
from rollbook.cli.people import VIA
from rollbook.cli.runs import ENDS, show_run
from rollbook.cli.waiting import wait_for, worked_on_here
from rollbook.sync import undoing
from rollbook.sync.models import Run
from rollbook.sync.refusals import RunRefused
from rollbook.sync.undoing import undoing_of


def _show(document: Document) -> None:
    show_run(document)
    told = document["undo"]
    click.echo(
        f"{told['values']:,} values of {told['accounts']:,} students go back, {told['deactivated']:,} accounts are deactivated,"
    )
    click.echo(
        f"{told['stays']:,} values stay because they were changed since: rollbook problems {document['run']['id']}"
    )
    if told["written_again_by"]:
        click.echo(
            f"The next live run of {told['written_again_by']} writes the same again. --then test or --then off prevents that."
        )


@click.command(epilog=EXIT_CODES)
@click.argument("name", metavar="RUN")
@school_option
@click.option(
    "--student",
    type=click.UUID,
    default=None,
    metavar="ID",
    help="Only what the run did to this account.",
)
@click.option("--preview", "only_preview", is_flag=True, help="Plan it and change nothing yet.")
@click.option(
    "--then",
    type=click.Choice(["test", "off"]),
    default=None,
    help="Also switch Test Run on, or Active off.",
)
@click.option("--no-wait", is_flag=True, help="Come back once it is planned; a worker applies it.")
@click.option("--here", is_flag=True, help="Do it in this process; no worker is needed.")
@click.option(
    "--timeout", type=float, default=None, metavar="SECONDS", help="Wait no longer than this."
)
@answers(_show)
def undo(
    name: str,
    school_name: str | None,
    student: UUID | None,
    only_preview: bool,
    then: str | None,
    no_wait: bool,
    here: bool,
    timeout: float | None,
) -> Answer:
    """Undo a finished live run or upload. The undo is a run, and can be undone.

    \b
    Examples:
      rollbook undo last --preview
      rollbook undo last --then test
    """
    run = find_run(name, school_name)
    try:
        planned = undoing.preview(run, None, student, via=VIA)
        _wait(planned, here, timeout)  # for the plan; a small one is there at once
        if not only_preview and undoing.confirm(planned, None, then or "", via=VIA) and not no_wait:
            planned.refresh_from_db()
            _wait(planned, here, timeout)
    except RunRefused as refused:
        raise Refusal(Exit.REFUSED, refused.code, refused.what, refused.remedy) from refused
    planned.refresh_from_db()
    return Answer(
        {"run": _document(planned), "undo": _numbers(planned)}, ENDS.get(planned.state, Exit.DONE)
    )


def _wait(run: Run, here: bool, timeout: float | None) -> None:
    if run.is_active:
        with worked_on_here(run) if here else nullcontext():
            wait_for(run, timeout)


def _document(run: Run) -> Document:
    return of_run(run)


def _numbers(run: Run) -> Document:
    told = undoing_of(run)
    again = told.back_by_sync.source if told.back_by_sync else None
    numbers = {
        "accounts": told.accounts,
        "deactivated": told.deactivated,
        "values": told.values,
        "stays": told.stays,
    }
    return {**numbers, "written_again_by": again}
