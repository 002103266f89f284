"""`rollbook holds`, `approve` and `discard`: decisions about runs that are on hold."""

from collections import Counter
from collections.abc import Callable

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.documents import of_run, of_settlement
from rollbook.cli.exit_codes import EXIT_CODES, Exit
from rollbook.cli.lookup import find_run, find_school
from rollbook.cli.options import grouped, school_option
from rollbook.cli.output import Document, Output, Refusal, prints
from rollbook.cli.runs.runs import run_output, show_run
from rollbook.cli.waiting import Waiting, timeout_option, wait_for
from rollbook.sync.models import Run, RunState
from rollbook.sync.report.settlements import settlements
from rollbook.sync.runs import decisions
from rollbook.sync.runs.outlook import outlook

COMMANDS = {"approve": "approve", "additions": "approve --additions-only", "discard": "discard"}


def _show_holds(document: Document) -> None:
    for run in document["holds"]:
        show_run({"run": run})
        for decision, effect in run["decisions"].items():
            click.echo(f"  {COMMANDS[decision]}: {effect}")
    if not document["holds"]:
        click.echo("No run is on hold.")
    numbers = Counter(settled["guard"] for settled in document["settled"])
    if numbers:
        listed = ", ".join(f"{guard} {number:,}" for guard, number in numbers.items())
        click.echo(f"Approved before, holds no run again: {listed}. --json lists them.")


@click.command()
@school_option
@prints(_show_holds)
def holds(school_name: str | None) -> Output:
    """List the runs that are on hold. Each has the reasons and what each decision does.

    They changed no account and wait for `rollbook approve` or `rollbook discard`. What was approved
    before and holds no run again is counted below them.
    """
    school = find_school(school_name) if school_name is not None else None
    runs = Run.objects.filter(state=RunState.ON_HOLD).select_related("school", "requested_by")
    if school is not None:
        runs = runs.filter(school=school)
    documents = [
        of_run(run) | {"decisions": outlook(run)._asdict()}
        for run in runs.order_by("-requested_at")
    ]
    settled = [of_settlement(each) for each in settlements(school)]
    return Output({"holds": documents, "settled": settled})


@click.command(epilog=EXIT_CODES)
@click.argument("run_name", metavar="RUN")
@school_option
@click.option(
    "--additions-only",
    is_flag=True,
    help="Skip what closes accounts or changes sign-in e-mails or SIS IDs.",
)
@grouped(
    "waiting",
    Waiting,
    click.option("--no-wait", is_flag=True, help="Return at once. A worker applies the run."),
    timeout_option,
)
@prints(show_run)
def approve(
    run_name: str, school_name: str | None, additions_only: bool, waiting: Waiting
) -> Output:
    """Apply a run that is on hold, as it was previewed. The command waits until it is done."""

    def decide(run: Run) -> bool:
        return decisions.approve(run, None, via=VIA, additions_only=additions_only)

    run = _decide(run_name, school_name, decide)
    if not waiting.no_wait:
        wait_for(run, waiting)
    return run_output(run)


@click.command()
@click.argument("run_name", metavar="RUN")
@school_option
@prints(show_run)
def discard(run_name: str, school_name: str | None) -> Output:
    """Discard a run that is on hold. No account is changed."""

    def decide(run: Run) -> bool:
        return decisions.discard(run, None, via=VIA)

    return Output({"run": of_run(_decide(run_name, school_name, decide))})


def _decide(run_name: str, school_name: str | None, decide: Callable[[Run], bool]) -> Run:
    """Return the run after this decision. Raises a Refusal if it isn't on hold."""
    run = find_run(run_name, school_name)
    if not decide(run):
        state = run.get_state_display().lower()
        raise Refusal(
            Exit.REFUSED,
            "not_on_hold",
            f"Run {run.pk} is not on hold, it is {state}. Nothing was changed.",
            "`rollbook holds` lists the runs that are on hold.",
        )
    run.refresh_from_db()
    return run
