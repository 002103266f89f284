"""`rollbook undo`: undoes a finished run, or what it did to one student."""

from uuid import UUID

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.exit_codes import EXIT_CODES
from rollbook.cli.lookup import find_run
from rollbook.cli.options import grouped, school_option
from rollbook.cli.output import Document, Output, prints
from rollbook.cli.runs.runs import run_output, show_run
from rollbook.cli.waiting import Waiting, here_option, timeout_option, wait_for
from rollbook.sync import undoing
from rollbook.sync.models import Run


def _show(document: Document) -> None:
    show_run(document)
    undo = document["undo"]
    click.echo(f"Values that go back: {undo['values']:,}, of {undo['accounts']:,} students")
    click.echo(f"Accounts that are deactivated: {undo['deactivated']:,}")
    click.echo(
        f"Values that stay because they were changed since: {undo['stays']:,} "
        f"(rollbook problems {document['run']['id']})"
    )
    if undo["again"]:
        click.echo(
            f"Values that go back although a later run or person wrote them again: "
            f"{undo['again']:,} (rollbook problems {document['run']['id']})"
        )
    if undo["written_again_by"]:
        click.echo(
            f"The next live run of {undo['written_again_by']} writes the same values again. "
            "To prevent that, use --then test or --then off."
        )


@click.command(epilog=EXIT_CODES)
@click.argument("run_name", metavar="RUN")
@school_option
@click.option(
    "--student",
    type=click.UUID,
    default=None,
    metavar="ID",
    help="Undo only what the run did to this account.",
)
@click.option(
    "--preview", "only_preview", is_flag=True, help="Show what would change. Change nothing yet."
)
@click.option(
    "--then",
    type=click.Choice(["test", "off"]),
    default=None,
    help="Also switch Test Run on (test), or Active off (off).",
)
@grouped(
    "waiting",
    Waiting,
    click.option("--no-wait", is_flag=True, help="Return when it is planned. A worker applies it."),
    here_option,
    timeout_option,
)
@prints(_show)
def undo(
    run_name: str,
    school_name: str | None,
    student: UUID | None,
    only_preview: bool,
    then: str | None,
    waiting: Waiting,
) -> Output:
    """Undo a finished live run or upload. Values that were changed since stay as they are.

    The undo is a run itself and can be undone in the same way.

    \b
    Examples:
      rollbook undo last --preview
      rollbook undo last --then test
    """
    run = find_run(run_name, school_name)
    undo_run = undoing.preview(run, None, student, via=VIA)
    _wait_if_active(undo_run, waiting)  # for the plan; a small one is there at once
    if not only_preview and undoing.confirm(undo_run, None, then or "", via=VIA):
        undo_run.refresh_from_db()
        if not waiting.no_wait:
            _wait_if_active(undo_run, waiting)
    undo_run.refresh_from_db()
    return run_output(undo_run, undo=_numbers(undo_run))


def _wait_if_active(run: Run, waiting: Waiting) -> None:
    if run.is_active:
        wait_for(run, waiting)


def _numbers(run: Run) -> Document:
    effect = undoing.undoing_of(run)
    return {
        "accounts": effect.accounts,
        "deactivated": effect.deactivated,
        "values": effect.values,
        "stays": effect.stays,
        "again": effect.again,
        "written_again_by": effect.back_by_sync.source if effect.back_by_sync else None,
    }
