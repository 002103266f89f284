"""Checks of the files that commands write."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import IO

import click

from rollbook.cli.exit_codes import Exit
from rollbook.cli.options import Decorator
from rollbook.cli.output import Document, Refusal
from rollbook.disk_space import is_disk_full


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


@contextmanager
def written(file: Path) -> Iterator[IO[bytes]]:
    """Give a new file to write, which takes its place only when all of it is written.

    Raises a Refusal if it can't be written, as on a full disk; then nothing of it is left over.
    """
    check_folder(file)
    if file.exists() and not file.is_file():  # a device or a pipe, such as /dev/stdout
        part = file
    else:
        part = file.with_name(f".rollbook-{os.getpid()}.part")
    try:
        with part.open("wb") as target:
            yield target
        part.replace(file)
    except OSError as error:
        raise _not_written(file, error) from error
    finally:
        if part != file:
            with suppress(OSError):
                part.unlink(missing_ok=True)


@contextmanager
def written_text(file: Path) -> Iterator[IO[str]]:
    """Give a new text file in UTF-8, as `written` does. Lines end as they are written."""
    with written(file) as target:
        text = TextIOWrapper(target, encoding="utf-8", newline="")
        try:
            yield text
            text.flush()
        finally:
            with suppress(OSError):
                text.detach()


def _not_written(file: Path, error: Exception) -> Refusal:
    reason = "the disk is full" if is_disk_full(error) else _reason(error)
    return Refusal(
        Exit.REFUSED,
        "not_written",
        f"{file} can't be written: {reason}. Nothing was written.",
        "Choose another folder, or free some space.",
    )


def _reason(error: Exception) -> str:
    cause = error.args[0] if error.args and isinstance(error.args[0], OSError) else error
    return getattr(cause, "strerror", None) or str(cause)


def csv_or_xlsx(file: Path) -> str:
    """Return `csv` or `xlsx` by the end of the file's name. Otherwise `xlsx`."""
    return "csv" if file.suffix.lower() == ".csv" else "xlsx"


def show_written(document: Document) -> None:
    """Print the name and size of a file that a command wrote."""
    click.echo(f"Wrote {document['file']} ({document['bytes']:,} bytes).")
