"""`rollbook template`: an empty spreadsheet to start an upload with."""

from pathlib import Path

import click

from rollbook.cli.files import csv_or_xlsx, output_option, show_written, written
from rollbook.cli.output import Output, prints
from rollbook.sync.uploads.template import write_template


@click.command()
@output_option("The .xlsx or .csv file to write.", default=Path("students.xlsx"))
@prints(show_written)
def template(output: Path) -> Output:
    """Write an empty spreadsheet for an upload. It has all columns, an example and explanations."""
    with written(output) as file:
        write_template(csv_or_xlsx(output), file)
    return Output({"file": str(output), "bytes": output.stat().st_size})
