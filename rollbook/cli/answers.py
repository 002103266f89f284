"""How every command answers: a document that is printed as JSON or shown to a person, and an exit code that scripts can rely on."""

import functools
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, NamedTuple, NoReturn

import click

Document = dict[str, Any]


class Exit(IntEnum):
    """What a script can tell from the exit code. 1 is an error nobody expected."""

    DONE = 0
    USAGE = 2
    REFUSED = 3
    RUN_FAILED = 4
    ON_HOLD = 5
    NOT_FOUND = 6
    NOT_READY = 7
    STILL_RUNNING = 8


EXIT_CODES = """\b
Exit codes:
  0  done
  2  the command was not understood
  3  refused: the installation is as before
  4  the run failed or was discarded: no account was changed
  5  the run is on hold and waits for a person
  6  no such school, person, integration or run
  7  not ready: no database, not migrated, or no worker
  8  still running when --timeout was over"""


class Answer(NamedTuple):
    document: Document
    exit_code: Exit = Exit.DONE


class Refusal(Exception):
    """The command can't do what it was asked. `code` is stable, `what` says why, `remedy` what to do."""

    def __init__(self, exit_code: Exit, code: str, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.exit_code, self.code, self.what, self.remedy = exit_code, code, what, remedy


def not_found(code: str, what: str, remedy: str = "") -> NoReturn:
    raise Refusal(Exit.NOT_FOUND, code, what, remedy)


def answers(
    show: Callable[[Document], None], django: bool = True
) -> Callable[[Callable[..., Answer]], Callable[..., None]]:
    """Make a function that returns an Answer into a command: adds `--json`, sets Django up, words errors, ends with the exit code."""

    def decorate(function: Callable[..., Answer]) -> Callable[..., None]:
        @click.option(
            "--json",
            "as_json",
            is_flag=True,
            help="Print one JSON document on standard output and nothing else.",
        )
        @functools.wraps(function)
        def command(*arguments: Any, as_json: bool, **options: Any) -> None:
            try:
                with refusals():
                    if django:
                        set_up()
                    answer = function(*arguments, **options)
            except Refusal as refusal:
                problem = {"code": refusal.code, "what": refusal.what, "remedy": refusal.remedy}
                if as_json:
                    print_json({"error": problem})
                click.echo(f"{refusal.what}\n{refusal.remedy}".rstrip(), err=True)
                sys.exit(refusal.exit_code)
            if as_json:
                print_json(answer.document)
            else:
                show(answer.document)
            sys.exit(answer.exit_code)

        return command

    return decorate


def set_up() -> None:
    """Load Django, which takes a second: only commands that need it do so, and only once their arguments are understood."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rollbook.settings")
    import django as framework

    framework.setup()


@contextmanager
def refusals() -> Iterator[None]:
    """Word what the layers below refuse, and what a database that isn't ready says."""
    from django.db.utils import OperationalError, ProgrammingError
    from psycopg import OperationalError as DriverError

    try:
        yield
    except (OperationalError, DriverError) as error:
        if "role" in str(error) and "does not exist" in str(
            error
        ):  # the first migration makes the app role
            raise _not_migrated() from error
        remedy = "Check DATABASE_URL and that PostgreSQL runs; `rollbook check` tells more."
        raise Refusal(
            Exit.NOT_READY,
            "database_unreachable",
            f"The database can't be reached: {_first_line(error)}",
            remedy,
        ) from error
    except ProgrammingError as error:
        if "does not exist" not in str(error):
            raise
        raise _not_migrated() from error


def _not_migrated() -> Refusal:
    return Refusal(
        Exit.NOT_READY,
        "not_migrated",
        "The database is not set up for this version.",
        "Run `rollbook migrate`.",
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]


def print_json(document: Document) -> None:
    click.echo(
        json.dumps(
            document, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None, default=str
        )
    )


def say(text: str) -> None:
    """Something for a person besides the answer."""
    click.echo(text, err=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], empty: str) -> None:
    """Rows for a person. Values come from students' records: they are never read as markup."""
    if not rows:
        click.echo(empty)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(*columns, box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for row in rows:
        shown.add_row(*(Text("" if value is None else str(value)) for value in row))
    Console(width=None if sys.stdout.isatty() else 240).print(shown)
