"""`rollbook cancel`: ends a run before it is applied."""

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.documents import of_run
from rollbook.cli.exit_codes import EXIT_CODES, Exit
from rollbook.cli.lookup import find_run
from rollbook.cli.options import school_option
from rollbook.cli.output import Output, Refusal, prints
from rollbook.cli.runs.runs import show_run
from rollbook.sync.models import RunState
from rollbook.sync.runs import cancelling

NEXT = {
    RunState.ON_HOLD: "It changed no account. Discard it with: rollbook discard",
    RunState.PREVIEW: "It changed no account. Discard it on its page, or leave it unconfirmed.",
    RunState.APPLYING: "Its changes are being written. When it has finished: rollbook undo",
    RunState.DONE: "To reverse what it changed: rollbook undo",
}


@click.command(epilog=EXIT_CODES)
@click.argument("run_name", metavar="RUN")
@school_option
@prints(show_run)
def cancel(run_name: str, school_name: str | None) -> Output:
    """Cancel a run that waits, reads or plans. No account is changed.

    RUN is the id of a run, or `last`. Once a run writes its changes, it can't be cancelled.

    \b
    Example:
      rollbook cancel last
    """
    run = find_run(run_name, school_name)
    cancelled = cancelling.cancel(run, None, via=VIA)
    run.refresh_from_db()
    if not cancelled:
        state = RunState(run.state)
        raise Refusal(
            Exit.REFUSED,
            "not_cancellable",
            f"Run {run.pk} can't be cancelled: its state is {state.label.lower()}.",
            NEXT.get(state, "There is nothing to do: it is over."),
        )
    return Output({"run": of_run(run)})
