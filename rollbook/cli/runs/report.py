"""`rollbook report`: writes the Excel report of a run."""

from pathlib import Path

import click

from rollbook.cli import audit_log
from rollbook.cli.documents import of_run
from rollbook.cli.files import output_option, show_written, written
from rollbook.cli.lookup import find_run
from rollbook.cli.options import school_option
from rollbook.cli.output import Output, prints
from rollbook.sync.report import workbook


@click.command()
@click.argument("run_name", metavar="RUN")
@output_option("The .xlsx file to write.")
@school_option
@prints(show_written)
def report(run_name: str, output: Path, school_name: str | None) -> Output:
    """Write the Excel report of a run. Its sheets are Summary, Errors, New and Updated.

    \b
    Example:
      rollbook report last -o report.xlsx
    """
    run = find_run(run_name, school_name)
    with written(output) as file:
        workbook.write_report(run, file)
    audit_log.record("report.exported", run.school, str(run.pk))
    return Output({"run": of_run(run), "file": str(output), "bytes": output.stat().st_size})
