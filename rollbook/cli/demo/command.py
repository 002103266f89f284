"""The commands `rollbook demo` and `rollbook demo next-week`."""

import signal
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import click

from rollbook.cli.demo.processes import ChildEnded, is_running
from rollbook.cli.demo.ready import FOLDER, SIS_NAMES
from rollbook.cli.demo.standins import set_week
from rollbook.cli.demo.starting import run
from rollbook.cli.demo.state import State
from rollbook.cli.exit_codes import Exit
from rollbook.cli.output import Document, Output, Refusal, prints, say

folder_option = click.option(
    "--data-dir",
    "folder",
    default=FOLDER,
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the demo keeps its database, logs and mails. Delete it to start afresh.",
)


@click.group(invoke_without_command=True)
@folder_option
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(1, 65_535),
    help="Port of the screens; the next free one if it is in use.",
)
@click.option(
    "--students",
    default=1240,
    show_default=True,
    type=click.IntRange(10, 1_000_000),
    help="How many students each SIS has.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when all is ready.")
@click.pass_context
def demo(context: click.Context, folder: Path, port: int, students: int, as_json: bool) -> None:
    """Try Rollbook out with made-up students. Nothing leaves this machine.

    It starts a stand-in for each SIS, a database, web, worker and a mail catcher, and prints
    where to sign in and what to type into the setup. Ctrl-C ends all of it. The next start
    continues with the same data.

    \b
    Examples:
      rollbook demo
      rollbook demo next-week        in another terminal: joiners, leavers, new names
    """
    if context.invoked_subcommand is not None:
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with ExitStack() as ending:
            run(folder, port, students, as_json, ending)
    except KeyboardInterrupt:
        say("\nThe demo has ended. Start it again to continue with the same data.")
    except (ChildEnded, OSError) as error:
        raise click.ClickException(str(error)) from error


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _show_week(document: Document) -> None:
    click.echo(
        f"{SIS_NAMES} are in week {document['week']} now, "
        f"with {document['students']:,} students. Run the sync again."
    )


@demo.command("next-week")
@folder_option
@prints(_show_week)
def next_week(folder: Path) -> Output:
    """Move the students of a running demo on by a week: joiners, leavers, new names and e-mails."""
    state = State(folder)
    pid = state.values.get("pid")
    if not pid or not is_running(pid) or "sis" not in state.values:
        raise Refusal(
            Exit.NOT_READY,
            "no_demo",
            f"No demo runs in the folder {folder}.",
            "Start it with `rollbook demo`, and use this command in a second terminal.",
        )
    week = state.values.get("week", 1) + 1
    answers_of_standins = [set_week(sis["url"], week) for sis in state.values["sis"].values()]
    state.save(week=week)
    return Output({"week": week, "students": answers_of_standins[0]["students"]})
