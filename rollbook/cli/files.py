"""Checks of the files that commands write."""

from pathlib import Path

import click

from rollbook.cli.exit_codes import Exit
from rollbook.cli.options import Decorator
from rollbook.cli.output import Document, Refusal


def output_option(help_text: str, default: Path | None = None) -> Decorator:
    """Return the option --output; it is required if there is no default."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        required=default is None,
        default=default,
        help=help_text,
    )


def check_folder(file: Path) -> None:
    """Raise a Refusal if the folder for this file doesn't exist."""
    if not file.parent.is_dir():
        raise Refusal(
            Exit.USAGE,
            "folder_missing",
            f"There is no folder {file.parent}. Nothing was written.",
            "Create it, or choose another folder.",
        )


def csv_or_xlsx(file: Path) -> str:
    """Return `csv` or `xlsx` by the end of the file's name. Otherwise `xlsx`."""
    return "csv" if file.suffix.lower() == ".csv" else "xlsx"


def show_written(document: Document) -> None:
    """Print the name and size of a file that a command wrote."""
    click.echo(f"Wrote {document['file']} ({document['bytes']:,} bytes).")
