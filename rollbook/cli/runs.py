"""`rollbook run` and what is there to see of runs: starts one, lists, shows problems and holds, approves, writes the report."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import click

from rollbook.cli.answers import Answer, Document, Refusal, answers, say, table
from rollbook.cli.documents import of_issue, of_run
from rollbook.cli.exit_codes import EXIT_CODES, Exit
from rollbook.cli.limits import limit_refused, pairs_of
from rollbook.cli.lookup import find_integration, find_run, find_school, school_option
from rollbook.cli.people import VIA
from rollbook.cli.waiting import wait_for, worked_on_here
from rollbook.schools import audit
from rollbook.sync.models import Issue, Mode, Run, RunState, Trigger
from rollbook.sync.refusals import RunRefused, SettingRefused
from rollbook.sync.report import workbook
from rollbook.sync.runs import decisions, requests
from rollbook.sync.runs.outlook import outlook
from rollbook.sync.words.alarms import alarm_words
from rollbook.sync.words.sources import source_label

COUNTS = (
    *("new", "linked", "updated", "unchanged", "returning", "outside_selection", "not_in_roster"),
    *("email_changed", "left", "graduated", "protected", "never_imported", "error", "warning"),
)
DECIDING = {"approve": "approve", "additions": "approve --additions-only", "discard": "discard"}
ENDS = {"failed": Exit.RUN_FAILED, "discarded": Exit.RUN_FAILED, "on_hold": Exit.ON_HOLD}


def _counted(run: Document) -> str:
    return ", ".join(
        f"{number:,} {name.replace('_', ' ')}"
        for name in COUNTS
        if (number := run["counts"].get(name))
    )


def show_run(document: Document) -> None:
    run = document["run"]
    took = f" after {run['seconds']:.1f} s" if run["seconds"] is not None else ""
    click.echo(f"{run['uploader_type']} {run['id']}: {run['state'].replace('_', ' ')}{took}")
    if run["counts"]:
        click.echo(_counted(run) or "no students")
    if run["error"]:
        click.echo(f"{run['error']['what']}\n{run['error']['remedy']}".rstrip())
    for reason in _reasons(run):
        click.echo(f"On hold: {reason}")
    if document.get("created") is False:
        say("Nothing new was started: this run is active.")
    elif run["state"] == "on_hold":
        say(
            f"Look at it (rollbook holds), then: rollbook approve {run['id']} or rollbook discard {run['id']}"
        )


def _reasons(run: Document) -> list[str]:
    """Why a guard holds a run, in the words of its page."""
    if run["approved_at"] or not run["alarms"]:
        return []
    return alarm_words(run["alarms"], source_label(run["source"]))


def _show_list(document: Document) -> None:
    rows = [
        (
            run["requested_at"],
            run["uploader_type"],
            run["state"],
            run["requested_by"] or run["trigger"],
            _counted(run),
            run["id"],
        )
        for run in document["runs"]
    ]
    table(("Requested (UTC)", "Uploader type", "State", "By", "Counts", "Id"), rows, "No runs.")


@click.command(epilog=EXIT_CODES)
@school_option
@click.option("--source", default=None, help="Needed only where a school has several integrations.")
@click.option(
    "--test",
    "mode",
    flag_value="test",
    help="Report and change no account, whatever the integration says.",
)
@click.option(
    "--live", "mode", flag_value="live", help="Change accounts, whatever the integration says."
)
@click.option("--no-wait", is_flag=True, help="Come back at once; the run goes on in a worker.")
@click.option("--here", is_flag=True, help="Do the run in this process; no worker is needed.")
@click.option(
    "--timeout",
    type=float,
    default=None,
    metavar="SECONDS",
    help="Wait no longer than this; the run goes on.",
)
@click.option(
    "--wider",
    multiple=True,
    metavar="NAME=FIGURE",
    help="Another limit for this run alone, as in rollbook limits; repeatable.",
)
@answers(show_run)
def run(
    school_name: str | None,
    source: str | None,
    mode: str | None,
    no_wait: bool,
    here: bool,
    timeout: float | None,
    wider: tuple[str, ...],
) -> Answer:
    """Start a run and wait for it. Without --test or --live it follows the integration's Test Run switch.

    \b
    Examples:
      rollbook run --test
      rollbook run --school "Lincoln High School" --no-wait --json
      rollbook run --wider leavers_percent=30 --wider vanished=off
    """
    if here and no_wait:
        raise Refusal(
            Exit.USAGE,
            "here_waits",
            "--here and --no-wait exclude each other.",
            "Leave one of them out.",
        )
    integration = find_integration(find_school(school_name), source)
    try:
        once = pairs_of(wider)
        requested = requests.request(
            integration,
            trigger=Trigger.PERSON,
            mode=Mode(mode) if mode else None,
            options=requests.RunOptions(wider=once),
            via=VIA,
        )
    except SettingRefused as refused:
        raise limit_refused(refused) from refused
    except RunRefused as refused:
        raise Refusal(Exit.REFUSED, refused.code, refused.what, refused.remedy) from refused
    if not requested.created:
        return Answer({"run": of_run(requested.run), "created": False}, Exit.REFUSED)
    if not no_wait:
        try:
            with worked_on_here(requested.run) if here else nullcontext():
                wait_for(requested.run, timeout)
        except KeyboardInterrupt:
            say(
                f"\nNo longer waiting. The run goes on in a worker: rollbook runs --run {requested.run.pk}"
            )
            raise
    return _ended(requested.run, created=True)


def _ended(run: Run, **more: bool) -> Answer:
    return Answer({"run": of_run(run), **more}, ENDS.get(run.state, Exit.DONE))


@click.command("runs")
@school_option
@click.option(
    "--run", "name", default=None, metavar="RUN", help="Only this one: its id, or `last`."
)
@click.option(
    "--limit",
    default=20,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="How many, newest first.",
)
@answers(_show_list)
def list_runs(school_name: str | None, name: str | None, limit: int) -> Answer:
    """List runs, newest first.

    \b
    Example:
      rollbook runs --limit 5 --json
    """
    if name is not None:
        return Answer({"runs": [of_run(find_run(name, school_name))]})
    found = Run.objects.select_related("school", "requested_by").order_by("-requested_at")
    if school_name is not None:
        found = found.filter(school=find_school(school_name))
    return Answer({"runs": [of_run(each) for each in found[:limit]]})


def _show_problems(document: Document) -> None:
    rows = [
        (
            each["severity"],
            each["sis_id"],
            each["name"],
            each["source_field"] or each["field"],
            each["what"],
            each["remedy"],
        )
        for each in document["problems"]
    ]
    table(("Severity", "SIS ID", "Student", "Field", "Problem", "What to do"), rows, "No problems.")


@click.command()
@click.argument("name", metavar="[RUN]", default="last")
@school_option
@click.option(
    "--severity",
    type=click.Choice(["error", "warning", "note"]),
    default=None,
    help="error: the record was skipped.",
)
@click.option("--limit", default=1_000, show_default=True, type=click.IntRange(1, 1_000_000))
@answers(_show_problems)
def problems(name: str, school_name: str | None, severity: str | None, limit: int) -> Answer:
    """List the problems that a run found. Without RUN: the last one.

    \b
    Example:
      rollbook problems last --severity error
    """
    run = find_run(name, school_name)
    found = Issue.objects.filter(school_id=run.school_id, run=run).order_by("severity", "id")
    if severity:
        found = found.filter(severity=severity)
    return Answer(
        {
            "run": of_run(run),
            "total": found.count(),
            "problems": [of_issue(each, run) for each in found[:limit]],
        }
    )


def _show_holds(document: Document) -> None:
    for each in document["holds"]:
        show_run({"run": each})
        for decision, will in each["decisions"].items():
            click.echo(f"  {DECIDING[decision]}: {will}")
    if not document["holds"]:
        click.echo("No run is on hold.")


@click.command()
@school_option
@answers(_show_holds)
def holds(school_name: str | None) -> Answer:
    """List the runs that are on hold. They changed nothing and wait for approve or discard."""
    found = (
        Run.objects.filter(state=RunState.ON_HOLD)
        .select_related("school", "requested_by")
        .order_by("-requested_at")
    )
    if school_name is not None:
        found = found.filter(school=find_school(school_name))
    return Answer(
        {"holds": [of_run(each) | {"decisions": outlook(each)._asdict()} for each in found]}
    )


def _decide(name: str, school_name: str | None, act: Callable[[Run], bool]) -> Run:
    run = find_run(name, school_name)
    if not act(run):
        what = f"Run {run.pk} is not on hold, it is {run.get_state_display().lower()}."
        raise Refusal(
            Exit.REFUSED, "not_on_hold", what, "`rollbook holds` lists the runs that are."
        )
    run.refresh_from_db()
    return run


@click.command(epilog=EXIT_CODES)
@click.argument("name", metavar="RUN")
@school_option
@click.option("--no-wait", is_flag=True, help="Come back at once; a worker applies it.")
@click.option(
    "--timeout", type=float, default=None, metavar="SECONDS", help="Wait no longer than this."
)
@click.option(
    "--additions-only",
    is_flag=True,
    help="Leave out what closes accounts, changes sign-in e-mails or gives new SIS IDs.",
)
@answers(show_run)
def approve(
    name: str, school_name: str | None, no_wait: bool, timeout: float | None, additions_only: bool
) -> Answer:
    """Apply a run that is on hold."""
    run = _decide(
        name,
        school_name,
        lambda run: decisions.approve(run, None, via=VIA, additions_only=additions_only),
    )
    if not no_wait:
        wait_for(run, timeout)
    return _ended(run)


@click.command()
@click.argument("name", metavar="RUN")
@school_option
@answers(show_run)
def discard(name: str, school_name: str | None) -> Answer:
    """Discard a run that is on hold. No account is changed."""
    return Answer(
        {
            "run": of_run(
                _decide(name, school_name, lambda run: decisions.discard(run, None, via=VIA))
            )
        }
    )


def _show_report(document: Document) -> None:
    click.echo(f"Wrote {document['file']} ({document['bytes']:,} bytes).")


@click.command()
@click.argument("name", metavar="RUN")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The .xlsx file to write.",
)
@school_option
@answers(_show_report)
def report(name: str, output: Path, school_name: str | None) -> Answer:
    """Write the Excel report of a run.

    \b
    Example:
      rollbook report last -o report.xlsx
    """
    run = find_run(name, school_name)
    if not output.parent.is_dir():
        raise Refusal(
            Exit.USAGE,
            "folder_missing",
            f"There is no folder {output.parent}.",
            "Make it, or write somewhere else.",
        )
    workbook.write_report(run, output)
    audit.record("report.exported", school=run.school, actor=None, subject=str(run.pk), via=VIA)
    return Answer({"run": of_run(run), "file": str(output), "bytes": output.stat().st_size})
