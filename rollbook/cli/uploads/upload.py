"""`rollbook upload`: previews a spreadsheet of students, and applies it when confirmed."""

from pathlib import Path
from typing import NamedTuple

import click

from rollbook.cli.exit_codes import EXIT_CODES, Exit
from rollbook.cli.files import check_folder
from rollbook.cli.options import grouped, school_option
from rollbook.cli.output import Document, Output, Refusal, prints, say, table
from rollbook.cli.runs.runs import show_run
from rollbook.cli.uploads import steps
from rollbook.cli.uploads.steps import Reading
from rollbook.cli.waiting import Waiting, here_option, timeout_option
from rollbook.sources.spreadsheet.csv_choices import ENCODINGS, encoding_named
from rollbook.sources.spreadsheet.rows import HiddenRows
from rollbook.sync.uploads.inspection import Inspection


class EncodingName(click.Choice[str]):
    """An encoding that can be chosen, also by another name of it, such as windows-1250 or GBK."""

    def __init__(self) -> None:
        super().__init__(list(ENCODINGS), case_sensitive=False)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return super().convert(encoding_named(value) or value, param, ctx)


def _show(document: Document) -> None:
    show_run(document)
    for column in document["columns"]:
        name = column["name"] or "(no name)"
        say(f"  {column['letter']}  {name} → {column['field'] or 'ignored'}")
    for note in document["notes"]:
        say(note)
    keys = ("row", "column", "severity", "name", "what", "remedy")
    rows = [[problem[key] for key in keys] for problem in document["problems"]]
    if rows:
        table(("Row", "Column", "Severity", "Student", "Problem", "What to do"), rows)
    failing = document["failing_rows"]
    if failing:
        say(f"Wrote {failing['rows']} rows to {failing['file']}.")
    if document["run"]["state"] == "preview":
        say("This is a preview: no account was changed yet. To apply it:")
        accept = " --accept-alarms" if document["run"]["alarms"] else ""
        say(f"rollbook upload --run {document['run']['id']} --confirm{accept}")


reading_options = grouped(
    "reading",
    Reading,
    click.option(
        "--map",
        "maps",
        multiple=True,
        metavar="COLUMN=FIELD",
        help="The field of a column, or `ignore`. COLUMN is its name or letter. Can be repeated.",
    ),
    click.option(
        "--word",
        "words",
        multiple=True,
        metavar="FIELD:WORD=MEANING",
        help="The meaning of a word for gender, grade_level or active. Can be repeated.",
    ),
    click.option(
        "--date-order",
        type=click.Choice(["day-month-year", "month-day-year", "year-month-day"]),
        help="The order in which dates are written.",
    ),
    click.option("--sheet", help="The sheet of a workbook. Default: the first that isn't empty."),
    click.option(
        "--encoding",
        type=EncodingName(),
        metavar="NAME",
        help=f"The encoding of a csv file: {', '.join(ENCODINGS)}. Default: detected.",
    ),
    click.option(
        "--delimiter",
        type=click.Choice([",", ";", "tab", "|"]),
        help="The delimiter of a csv file. Default: detected.",
    ),
    click.option(
        "--hidden-rows",
        type=click.Choice([each.value for each in HiddenRows]),
        help="Whether rows that are hidden in a workbook are read or left out.",
    ),
    click.option(
        "--header-row",
        type=click.IntRange(1),
        help="The row with the names of the columns. Default: detected.",
    ),
    click.option(
        "--blank-clears",
        is_flag=True,
        help="Empty cells clear the values of accounts, except required ones.",
    ),
    click.option(
        "--only-existing", is_flag=True, help="Change existing accounts only. Add no accounts."
    ),
    click.option(
        "--different-people",
        "accept_lookalikes",
        is_flag=True,
        help="A new row with the name and birth date of an account is a different student.",
    ),
)


class Decision(NamedTuple):
    """What happens with a preview."""

    confirm: bool
    accept_alarms: bool
    discard: bool
    failing_rows: Path | None


decision_options = grouped(
    "decision",
    Decision,
    click.option("--confirm", is_flag=True, help="Apply it. Without this nothing is changed."),
    click.option(
        "--accept-alarms",
        is_flag=True,
        help="With --confirm: apply it although it changes more than usual.",
    ),
    click.option("--discard", is_flag=True, help="With --run: discard the preview."),
    click.option(
        "--failing-rows",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the rows that have errors to this .xlsx or .csv file.",
    ),
)


@click.command(epilog=EXIT_CODES)
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@school_option
@click.option(
    "--run",
    "run_name",
    metavar="RUN",
    help="An earlier preview instead of FILE: its id, or `last`.",
)
@reading_options
@decision_options
@grouped("waiting", Waiting, here_option, timeout_option)
@prints(_show)
def upload(
    file: Path | None,
    school_name: str | None,
    run_name: str | None,
    reading: Reading,
    decision: Decision,
    waiting: Waiting,
) -> Output:
    """Preview a spreadsheet of students, or apply it. It does what the Bulk Uploader does.

    \b
    Examples:
      rollbook upload students.xlsx
      rollbook upload students.csv --map "Login=email" --map "House=ignore" --confirm --json
      rollbook upload --run last --confirm
    """
    _check_usage(file, run_name, decision)
    seen: Inspection | None = None
    if file is not None:
        draft, seen = steps.start(file, school_name, reading)
        if decision.confirm:
            steps.refuse_unclear_encoding(seen)
            steps.refuse_unclear_dates(seen, reading)
            steps.refuse_hidden_rows(seen)
        run = steps.preview(draft, waiting)
    else:
        run = steps.find_preview(run_name or "", school_name)
    failed = run.state in ("failed", "cancelled")
    written = None
    if decision.failing_rows is not None and not failed:
        written = steps.write_failing_rows(run, decision.failing_rows)
    if decision.discard:
        steps.discard(run)
    if decision.confirm and not failed:
        steps.confirm(run, waiting, accept_alarms=decision.accept_alarms)
    return steps.output(run, seen, written)


def _check_usage(file: Path | None, run_name: str | None, decision: Decision) -> None:
    one_of_both = (file is None) != (run_name is None)
    discards_preview = run_name is not None and not decision.confirm
    if not one_of_both or (decision.discard and not discards_preview):
        raise Refusal(
            Exit.USAGE,
            "file_or_run",
            "Give a file, or an earlier preview with --run. --discard needs --run.",
            "See rollbook upload --help.",
        )
    if decision.failing_rows is not None:
        check_folder(decision.failing_rows)  # before a preview is made for nothing
