"""`rollbook run`: starts a run, waits for it, and prints it."""

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.connect.limits import parse_figures
from rollbook.cli.documents import of_run
from rollbook.cli.exit_codes import EXIT_CODES, Exit
from rollbook.cli.lookup import find_integration, find_school
from rollbook.cli.options import grouped, school_option, source_option
from rollbook.cli.output import Document, Output, Refusal, prints, say
from rollbook.cli.waiting import Waiting, here_option, timeout_option, wait_for
from rollbook.sync.models import Mode, Run, Trigger
from rollbook.sync.runs import requests
from rollbook.sync.words.alarms import alarm_words
from rollbook.sync.words.kinds import count_words
from rollbook.sync.words.sources import source_label

EXIT_OF_STATE = {
    "failed": Exit.RUN_FAILED,
    "discarded": Exit.RUN_FAILED,
    "cancelled": Exit.RUN_FAILED,
    "on_hold": Exit.ON_HOLD,
}


CANCELLED = {
    "person": "It was cancelled.",
    "inactive": "It ended early, because Active was switched off for its integration.",
    "test_run": "It ended early, because Test Run was switched on for its integration.",
}


def run_output(run: Run, **more: object) -> Output:
    """Return the output of a command that started or continued this run."""
    return Output({"run": of_run(run), **more}, EXIT_OF_STATE.get(run.state, Exit.DONE))


def show_run(document: Document) -> None:
    """Print a run for a person: state, counts, error, and why it is on hold."""
    run = document["run"]
    took = f" after {run['seconds']:.1f} s" if run["seconds"] is not None else ""
    click.echo(f"{run['uploader_type']} {run['id']}: {run['state'].replace('_', ' ')}{took}")
    if run["counts"]:
        click.echo(count_words(run["counts"]) or "no students")
    if run["error"]:
        click.echo(f"{run['error']['what']}\n{run['error']['remedy']}".rstrip())
    if run["cancelled"]:
        click.echo(f"{CANCELLED[run['cancelled']['because']]} No account was changed.")
    if not run["approved_at"]:
        heading = "More than usual" if run["state"] == "preview" else "On hold"
        for reason in alarm_words(run["alarms"], source_label(run["source"])):
            click.echo(f"{heading}: {reason}")
    if document.get("created") is False:
        say("No new run was started: this run is still active.")
    elif run["state"] == "on_hold":
        say("No account was changed. To see what each decision does: rollbook holds")
        say(f"Then: rollbook approve {run['id']}  or  rollbook discard {run['id']}")


@click.command(epilog=EXIT_CODES)
@school_option
@source_option
@click.option(
    "--test",
    "mode",
    flag_value="test",
    help="Only report, even if the integration's Test Run switch is off.",
)
@click.option(
    "--live",
    "mode",
    flag_value="live",
    help="Change accounts, even if the integration's Test Run switch is on.",
)
@click.option(
    "--wider",
    multiple=True,
    metavar="NAME=FIGURE",
    help="Use this limit for this run only, as in `rollbook limits set`. Can be repeated.",
)
@grouped(
    "waiting",
    Waiting,
    click.option("--no-wait", is_flag=True, help="Return at once. A worker does the run."),
    here_option,
    timeout_option,
)
@prints(show_run)
def run(
    school_name: str | None,
    source: str | None,
    mode: str | None,
    wider: tuple[str, ...],
    waiting: Waiting,
) -> Output:
    """Start a run and wait for it.

    Without --test or --live it follows the integration's Test Run switch.

    \b
    Examples:
      rollbook run --test
      rollbook run --school "Lincoln High School" --no-wait --json
      rollbook run --wider leavers_percent=30 --wider vanished=off
    """
    if waiting.here and waiting.no_wait:
        raise Refusal(
            Exit.USAGE,
            "here_waits",
            "--here and --no-wait can't be used together. No run was started.",
            "Leave one of them out.",
        )
    requested = requests.request(
        find_integration(find_school(school_name), source),
        trigger=Trigger.PERSON,
        mode=Mode(mode) if mode else None,
        options=requests.RunOptions(wider=parse_figures(wider)),
        via=VIA,
    )
    if not requested.created:
        return Output({"run": of_run(requested.run), "created": False}, Exit.REFUSED)
    if not waiting.no_wait:
        try:
            wait_for(requested.run, waiting)
        except KeyboardInterrupt:
            say(
                "\nNo longer waiting. A worker continues the run: "
                f"rollbook runs --run {requested.run.pk}"
            )
            raise
    return run_output(requested.run, created=True)
